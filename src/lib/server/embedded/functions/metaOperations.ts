/** Who is asking, and what a function may know about itself. */
import { convexToJson } from 'convex/values';
import type { AsyncOperation, SyncOperation } from './operation.ts';
import { FunctionError, type JsonValue } from '../types.ts';

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
	'1.0/signJwt': {
		place: 'mutation',
		run: ({ engine, transaction, component }, { claims, expiresInSeconds }) =>
			engine.signer.sign(component, claims, expiresInSeconds, transaction!.nowMs),
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
	'1.0/getTransactionMetrics': {
		place: 'transaction',
		run: ({ transaction }) => transaction!.session.meter.metrics(),
	},
	// Audit logs are a feature of paid plans; without one the call does nothing there either.
	'1.0/auditLog': { place: 'anywhere', run: () => null },
};
