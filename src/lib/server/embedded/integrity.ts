/** Does the file agree with itself? Used by crash tests. */
import type { Catalog } from './catalog.ts';
import { parseDocument } from './database.ts';
import { indexedValues } from './documents.ts';
import { checkSearch } from './search/searchIntegrity.ts';
import type { SqliteDatabase } from './sqlite.ts';
import { bytesToKey, encodeKey } from './valueKeys.ts';

export interface IntegrityReport {
	/** Empty when all is well. */
	problems: string[];
	documents: number;
	indexEntries: number;
}

/** Enough to see what kind of damage it is. */
const MAX_PROBLEMS = 50;

/** Every document has exactly its entries in every index of its table, and no entry is without its document. */
export function checkIntegrity(database: SqliteDatabase, catalog: Catalog): IntegrityReport {
	const problems: string[] = [];
	const report = (problem: string) => {
		if (problems.length < MAX_PROBLEMS) problems.push(problem);
	};
	const sqlite = database.pragma('integrity_check');
	if (sqlite !== 'ok') report(`SQLite integrity_check: ${String(sqlite)}`);
	const nextRows = database.prepare(
		'SELECT rid, tbl, json FROM documents WHERE rid > ? ORDER BY rid LIMIT 1000',
	);
	const findEntry = database.prepare('SELECT rid FROM index_entries WHERE idx = ? AND key = ?');
	let documents = 0;
	let expectedEntries = 0;
	const search = checkSearch(database, report);
	for (
		let rows = readRows(nextRows, 0);
		rows.length > 0;
		rows = readRows(nextRows, rows.at(-1)!.rid)
	) {
		for (const row of rows) {
			documents++;
			const table = catalog.byNumber.get(row.tbl);
			if (!table) {
				report(`document row ${row.rid} belongs to the unknown table ${row.tbl}`);
				continue;
			}
			const document = parseDocument(row.json);
			search.document(table, row.rid, document);
			for (const index of table.indexes) {
				expectedEntries++;
				const key = encodeKey(indexedValues(document, index.paths));
				const entry = findEntry.get(index.id, Buffer.from(key, 'latin1')) as
					{ rid: number } | undefined;
				if (entry?.rid !== row.rid) {
					report(`document ${document._id} has no entry in ${table.name}.${index.name}`);
				}
			}
		}
	}
	search.finish();
	const { entries } = database.prepare('SELECT count(*) AS entries FROM index_entries').get() as {
		entries: number;
	};
	// All expected entries were found, each under a key of its own: a surplus is entries without a document.
	if (entries !== expectedEntries) {
		report(`${entries} index entries where the documents account for ${expectedEntries}`);
		for (const orphan of orphans(database))
			report(`orphan entry in index ${orphan.idx}: ${orphan.key}`);
	}
	return { problems, documents, indexEntries: entries };
}

function readRows(statement: { all(after: number): unknown[] }, after: number) {
	return statement.all(after) as { rid: number; tbl: number; json: string }[];
}

function orphans(database: SqliteDatabase): { idx: number; key: string }[] {
	const rows = database
		.prepare(
			`SELECT idx, key FROM index_entries e WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.rid = e.rid) LIMIT 10`,
		)
		.all() as { idx: number; key: Uint8Array }[];
	return rows.map(({ idx, key }) => ({
		idx,
		key: Buffer.from(bytesToKey(key), 'latin1').toString('hex'),
	}));
}
