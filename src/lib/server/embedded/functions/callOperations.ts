/** Calls between functions, and handles to functions. */
import { resolveAddress } from '../bundles/components.ts';
import type { Execution } from './execution.ts';
import { readTransactionLimits } from '../storage/limits.ts';
import type { FunctionKind } from '../bundles/loadedFunctions.ts';
import { filePath } from './invoke.ts';
import type { AsyncOperation, OperationArgs } from './operation.ts';
import type { ResolvedFunction } from './engine.ts';
import { FunctionError, type JsonValue } from '../types.ts';

/** As deep as real deployments let calls nest. */
const MAX_DEPTH = 8;
const MAX_ACTION_DEPTH = 64;

export const callOperations: Record<string, AsyncOperation> = {
	'1.0/runUdf': { place: 'transaction', run: runInTransaction },
	'1.0/actions/query': fromAction('query'),
	'1.0/actions/mutation': fromAction('mutation'),
	'1.0/actions/action': fromAction('action'),
	'1.0/createFunctionHandle': {
		place: 'anywhere',
		run: ({ deployment, component }, args) =>
			deployment.handles.of(resolveAddress(deployment, component, args).target),
	},
};

function runInTransaction(execution: Execution, args: OperationArgs): Promise<JsonValue> {
	const { udfType } = args;
	const kind = udfType === 'mutation' ? 'mutation' : 'query';
	if (!['query', 'mutation', 'snapshotQuery'].includes(udfType as string)) {
		throw new FunctionError(
			'UnknownSyscall',
			`Unknown function type ${String(udfType)} in 1.0/runUdf.`,
		);
	}
	if (kind === 'mutation' && execution.kind !== 'mutation') {
		throw new FunctionError('NotAllowedHere', 'A query cannot call a mutation.');
	}
	const limits = readTransactionLimits(args.transactionLimits);
	const callee = resolve(execution, args, kind);
	if (execution.depth >= MAX_DEPTH) throw tooDeep(execution);
	const isStale = udfType === 'snapshotQuery';
	return execution.engine.callInTransaction(execution, callee, args.args!, { isStale, limits });
}

function fromAction(kind: FunctionKind): AsyncOperation {
	return {
		place: 'action',
		run: (execution, args) => {
			const callee = resolve(execution, args, kind);
			if (execution.depth >= MAX_ACTION_DEPTH) throw tooDeep(execution);
			return execution.engine.callFromAction(execution, callee, args.args!);
		},
	};
}

function resolve(execution: Execution, args: OperationArgs, kind: FunctionKind): ResolvedFunction {
	const callee = resolveAddress(execution.deployment, execution.component, args);
	requireKind(callee, kind);
	return callee;
}

/** Convex's words. */
export function requireKind({ target, found }: ResolvedFunction, expected: FunctionKind): void {
	if (found.kind === expected) return;
	const name = (kind: FunctionKind): string => kind[0]!.toUpperCase() + kind.slice(1);
	throw new FunctionError(
		'WrongFunctionType',
		`Trying to execute ${filePath(target.path)} as ${name(expected)}, but it is defined as ${name(found.kind)}.`,
	);
}

function tooDeep(execution: Execution): FunctionError {
	return new FunctionError(
		'CallTooDeep',
		`${execution.path} is nested too deeply in calls of other functions. Look for functions that call each other.`,
	);
}
