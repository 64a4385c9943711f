import { FunctionError } from '../types.ts';

/** Convex's words. `indexName`: 'table.index'. */
export function indexStaged(indexName: string): FunctionError {
	return new FunctionError(
		'IndexStagedError',
		`Index ${indexName} is currently staged and not available to query until it is enabled.`,
	);
}
