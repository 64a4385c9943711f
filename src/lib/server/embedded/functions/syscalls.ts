/** The contract with convex/server: which operations user code may ask for, and who may ask. */
import { callOperations } from './callOperations.ts';
import { databaseOperations, databaseSyncOperations } from './databaseOperations.ts';
import { currentExecution, runOutside, type Execution } from './execution.ts';
import { CalledFunctionError } from './failures.ts';
import { blobOperations, fileOperations } from './fileOperations.ts';
import { metaOperations, metaSyncOperations } from './metaOperations.ts';
import {
	JsonText,
	type AsyncOperation,
	type BlobOperation,
	type OperationArgs,
	type OperationResult,
	type Place,
	type SyncOperation,
} from './operation.ts';
import { scheduleOperations } from './scheduleOperations.ts';
import { searchOperations } from '../search/searchOperations.ts';
import { FunctionError } from '../types.ts';
import { hasHalfPair } from '../storage/valueShape.ts';

export const syncOperations: Record<string, SyncOperation> = {
	...databaseSyncOperations,
	...metaSyncOperations,
};

export const asyncOperations: Record<string, AsyncOperation> = {
	...databaseOperations,
	...callOperations,
	...scheduleOperations,
	...fileOperations,
	...metaOperations,
	...searchOperations,
};

export const jsOperations: Record<string, BlobOperation> = blobOperations;

/** Known to convex/server, not offered here: the sentence says what to do instead. */
export const unsupportedOperations: Record<string, string> = {
	'1.0/createServiceToken':
		'Convex-managed services (AI gateway) are not available in the embedded deployment.',
	'1.0/getServiceUrl':
		'Convex-managed services (AI gateway) are not available in the embedded deployment.',
	'1.0/componentArgument':
		'Component arguments are not supported. Pass values with app.use(component, { env }).',
	'1.0/requireOperation': 'System functions are not available in the embedded deployment.',
	requestFromConvexJson:
		'router.runRequest() is not supported; HTTP actions are routed by the server.',
	convexJsonFromResponse:
		'router.runRequest() is not supported; HTTP actions are routed by the server.',
};

export function syscall(name: string, argsJson: string): string {
	const execution = requireExecution();
	return runOutside(() => {
		const operation = find(syncOperations, name);
		try {
			permit(execution, name, operation.place);
			return JSON.stringify(operation.run(execution, JSON.parse(argsJson)));
		} catch (error) {
			throw asPlainError(remember(execution, error));
		}
	});
}

export async function asyncSyscall(name: string, argsJson: string): Promise<string> {
	const execution = requireExecution();
	try {
		const result = runOutside(() => {
			const operation = find(asyncOperations, name);
			permit(execution, name, operation.place);
			return operation.run(execution, parseArgs(argsJson));
		});
		// Most are done by now, and a turn of the microtask queue for each row of a query is to be felt.
		return textOf(result instanceof Promise ? await result : result);
	} catch (error) {
		throw remember(execution, error);
	} finally {
		execution.engine.options.onEnter?.(execution);
	}
}

function parseArgs(json: string): OperationArgs {
	if (hasHalfPair(json)) {
		throw new FunctionError(
			'InvalidJson',
			'Received invalid json: a string in it holds half of a surrogate pair, which is no Unicode text.',
		);
	}
	return JSON.parse(json) as OperationArgs;
}

function textOf(result: OperationResult): string {
	return result instanceof JsonText ? result.text : JSON.stringify(result ?? null);
}

/** Throws at once for what is not offered: convex/server does not await all of these. */
export function jsSyscall(name: string, args: Record<string, unknown>): Promise<unknown> {
	const execution = requireExecution();
	const operation = refusing(execution, () => find(jsOperations, name));
	return runOutside(async () => {
		try {
			permit(execution, name, operation.place);
			return await operation.run(execution, args);
		} catch (error) {
			throw remember(execution, error);
		} finally {
			execution.engine.options.onEnter?.(execution);
		}
	});
}

function refusing<T>(execution: Execution, run: () => T): T {
	try {
		return run();
	} catch (error) {
		throw remember(execution, error);
	}
}

function requireExecution(): Execution {
	const execution = currentExecution();
	if (!execution) {
		throw new FunctionError(
			'OutsideFunction',
			'The Convex database and auth objects can only be used while a Convex function is running.',
		);
	}
	return execution;
}

function find<T>(operations: Record<string, T>, name: string): T {
	const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
	if (operation !== undefined) return operation;
	if (Object.hasOwn(unsupportedOperations, name)) {
		throw new FunctionError('Unsupported', `${unsupportedOperations[name]} (${name})`);
	}
	throw new FunctionError(
		'UnknownSyscall',
		`Unknown operation ${name}: this version of convex is too new.`,
	);
}

const PLACES: Record<Place, { kinds: string[]; words: string }> = {
	anywhere: { kinds: ['query', 'mutation', 'action', 'httpAction'], words: 'Convex functions' },
	transaction: { kinds: ['query', 'mutation'], words: 'queries and mutations' },
	mutation: { kinds: ['mutation'], words: 'mutations' },
	action: { kinds: ['action', 'httpAction'], words: 'actions' },
	notQuery: { kinds: ['mutation', 'action', 'httpAction'], words: 'mutations and actions' },
};

function permit(execution: Execution, name: string, place: Place): void {
	if (execution.isOver) {
		throw new FunctionError(
			'FunctionEnded',
			`${execution.path} has already ended. Await every promise before the function returns. (${name})`,
		);
	}
	const { kinds, words } = PLACES[place];
	if (!kinds.includes(execution.kind)) {
		throw new FunctionError(
			'NotAllowedHere',
			`${name} is only available in ${words}, and ${execution.path} is a ${execution.kind}.`,
		);
	}
}

/** What convex/server does for the others: user code gets an error with its own stack. */
function asPlainError(error: unknown): unknown {
	return error instanceof FunctionError ? new Error(error.message) : error;
}

/** convex/server rethrows engine errors as plain ones; the code is found again by the message. */
function remember(execution: Execution, error: unknown): unknown {
	execution.hasRefused = true;
	if (error instanceof FunctionError || error instanceof CalledFunctionError) {
		const { message, code } = error;
		if (code !== undefined) execution.lastRefusal = { message, code };
	}
	return error;
}
