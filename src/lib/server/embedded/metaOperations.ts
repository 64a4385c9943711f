/** Who is asking, and what a function may know about itself. */
import { convexToJson } from 'convex/values';
import type { Execution } from './execution.ts';
import type { AsyncOperation, SyncOperation } from './operation.ts';
import { MAX_SCHEDULED, MAX_SCHEDULED_ARGS_BYTES } from './jobs.ts';
import { FunctionError, type JsonValue } from './types.ts';

export const metaSyncOperations: Record<string, SyncOperation> = {
	'1.0/getSnapshotTs': {
		place: 'transaction',
		run: ({ transaction }) => convexToJson(transaction!.session.ts) as JsonValue,
	},
};

export const metaOperations: Record<string, AsyncOperation> = {
	'1.0/getUserIdentity': {
		place: 'anywhere',
		run: ({ transaction, component, caller }) => {
			// Inside components nobody is known: the answer does not depend on the caller.
			if (component !== '') return null;
			if (transaction) transaction.usedIdentity = true;
			return caller.identity;
		},
	},
	'1.0/getFunctionMetadata': {
		place: 'anywhere',
		run: ({ path, component }) => ({ name: path, componentPath: component }),
	},
	'1.0/getDeploymentMetadata': {
		place: 'anywhere',
		run: () => ({ name: 'embedded', region: null, class: 's16' }),
	},
	'1.0/getRequestMetadata': {
		place: 'anywhere',
		run: ({ kind, request }) => {
			if (kind === 'query') {
				throw new FunctionError(
					'NotAllowedHere',
					'getRequestMetadata() is not available in queries: their results are shared between callers.',
				);
			}
			return { ...request };
		},
	},
	'1.0/getTransactionMetrics': { place: 'transaction', run: metrics },
	// Audit logs are a feature of paid plans; without one the call does nothing there either.
	'1.0/auditLog': { place: 'notQuery', run: () => null },
};

function metrics({ transaction }: Execution): JsonValue {
	const { usage, limits } = transaction!.session.usage();
	const result: { [key: string]: JsonValue } = {};
	for (const [key, used] of Object.entries(usage)) {
		result[key] = { used, remaining: limits[key as keyof typeof limits] - used };
	}
	const { functions, argsBytes } = transaction!.scheduled;
	result.functionsScheduled = { used: functions, remaining: MAX_SCHEDULED - functions };
	result.scheduledFunctionArgsBytes = {
		used: argsBytes,
		remaining: MAX_SCHEDULED_ARGS_BYTES - argsBytes,
	};
	return result;
}
