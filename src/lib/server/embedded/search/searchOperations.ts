/** `ctx.vectorSearch`; full-text search is a query like any other (`databaseOperations.ts`). */
import type { AsyncOperation } from '../functions/operation.ts';
import type { VectorSearchJson } from './vectorSearch.ts';

export const searchOperations: Record<string, AsyncOperation> = {
	'1.0/actions/vectorSearch': {
		place: 'action',
		run: async (execution, { query }) => {
			const results = await execution.engine.read(execution, ({ session }) =>
				session.vectorSearch(execution.component, query as unknown as VectorSearchJson),
			);
			return { results: results.map(({ _id, _score }) => ({ _id, _score })) };
		},
	},
};
