/** Does the file agree with itself? Used by crash tests. */
import type { Catalog } from './catalog.ts';
import { parseDocument } from './database.ts';
import { indexedValues } from './documents.ts';
import { decodeId } from './ids.ts';
import { checkSearch } from '../search/searchIntegrity.ts';
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
	for (const problem of wrongCounts(database)) report(problem);
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
			if (decodeId(document._id)?.tableNumber !== table.idNumber) {
				report(`document ${document._id} of ${table.name} has the ID of another table`);
			}
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
	checkClock(database, report);
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

/** Tables are counted as they change; see `addToCount`. */
function wrongCounts(database: SqliteDatabase): string[] {
	const rows = database
		.prepare(
			`SELECT t.name AS name, m.value AS kept, (SELECT count(*) FROM documents d WHERE d.tbl = t.num) AS documents
			FROM meta m JOIN tables t ON m.key = 'count:' || t.num WHERE CAST(m.value AS INTEGER) <> documents`,
		)
		.all() as { name: string; kept: string; documents: number }[];
	return rows.map(
		({ name, kept, documents }) =>
			`table ${name} is counted as ${kept} documents and has ${documents}`,
	);
}

function readRows(statement: { all(after: number): unknown[] }, after: number) {
	return statement.all(after) as { rid: number; tbl: number; json: string }[];
}

/** A timestamp ahead of the clock would be handed out again. */
function checkClock(database: SqliteDatabase, report: (problem: string) => void): void {
	const { value } = database.prepare(`SELECT value FROM meta WHERE key = 'ts'`).get() as {
		value: string;
	};
	const ahead = database
		.prepare(
			`SELECT session, request, ts FROM session_requests
			WHERE length(ts) > length(?) OR (length(ts) = length(?) AND ts > ?) LIMIT 10`,
		)
		.all(value, value, value) as { session: string; request: number; ts: string }[];
	for (const { session, request, ts } of ahead) {
		report(
			`request ${request} of session ${session} was committed at ${ts}, after the clock's ${value}`,
		);
	}
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
