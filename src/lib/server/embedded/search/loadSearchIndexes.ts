/** Search and vector indexes as the file has them. */
import type { SqliteDatabase } from '../storage/sqlite.ts';
import {
	makeSearchIndex,
	type SearchIndexDefinition,
	type SearchIndexInfo,
} from './searchIndexes.ts';

export function loadSearchIndexes(database: SqliteDatabase): SearchIndexInfo[] {
	const rows = database
		.prepare('SELECT id, tbl, name, definition, staged FROM search_indexes ORDER BY id')
		.all() as { id: number; tbl: number; name: string; definition: string; staged: number }[];
	return rows.map(({ id, tbl, name, definition, staged }) =>
		makeSearchIndex(id, tbl, {
			name,
			isStaged: staged === 1,
			definition: JSON.parse(definition) as SearchIndexDefinition,
		}),
	);
}
