/** The prepared statements. Readers serve queries and, on the writer's connection, mutations too. */
import {
	createSearchReader,
	createSearchWriter,
	type SearchReader,
	type SearchWriter,
} from '../search/searchDatabase.ts';
import type { SqliteDatabase } from './sqlite.ts';
import type { JsonValue } from '../types.ts';
import type { IndexInfo } from './catalog.ts';
import { bytesToKey, type Key, keyToBytes } from './valueKeys.ts';

/** A document as it lies in the file. */
export interface StoredRow {
	rid: number;
	json: string;
}

export interface IndexRow extends StoredRow {
	/** The entry's key as stored; `bytesToKey` makes it comparable. */
	key: Uint8Array;
}

export interface RowRange {
	indexId: number;
	start: Key;
	end: Key;
	isDescending: boolean;
	limit: number;
}

export interface StoredRequest {
	resultJson: string;
	ts: bigint;
}

/** What counts a table: its number, and its `by_id` index for when nobody has counted it yet. */
export interface CountedTable {
	readonly number: number;
	readonly byId: { readonly id: number };
}

const COUNT_KEY = 'count:';

/** Everything reads need of one connection. Rows come from the connection's current snapshot. */
export interface DatabaseReader {
	point(indexId: number, key: Key): StoredRow | null;
	range(range: RowRange): IndexRow[];
	/** Documents of a table. */
	count(table: CountedTable): number;
	readonly search: SearchReader;
}

export interface StoredDocument {
	_id: string;
	_creationTime: number;
	[field: string]: JsonValue;
}

export function parseDocument(json: string): StoredDocument {
	return JSON.parse(json) as StoredDocument;
}

export function createReader(database: SqliteDatabase): DatabaseReader {
	// CROSS JOIN pins the order: walk the index, then fetch each document by rowid.
	const scan = (order: string) =>
		database.prepare(
			`SELECT e.key AS key, d.rid AS rid, d.json AS json FROM index_entries e CROSS JOIN documents d ON d.rid = e.rid
			WHERE e.idx = ? AND e.key >= ? AND e.key < ? ORDER BY e.key ${order} LIMIT ?`,
		);
	const ascending = scan('ASC');
	const descending = scan('DESC');
	const point = database.prepare(
		`SELECT d.rid AS rid, d.json AS json FROM index_entries e CROSS JOIN documents d ON d.rid = e.rid
		WHERE e.idx = ? AND e.key = ?`,
	);
	const kept = database.prepare('SELECT CAST(value AS INTEGER) AS n FROM meta WHERE key = ?');
	const counted = database.prepare('SELECT count(*) AS n FROM index_entries WHERE idx = ?');
	const numberOf = (row: unknown): number | undefined => (row as { n: number } | undefined)?.n;
	return {
		point: (indexId, key) => (point.get(indexId, keyToBytes(key)) as StoredRow | undefined) ?? null,
		range: ({ indexId, start, end, isDescending, limit }) =>
			(isDescending ? descending : ascending).all(
				indexId,
				keyToBytes(start),
				keyToBytes(end),
				limit,
			) as IndexRow[],
		count: ({ number, byId }) =>
			numberOf(kept.get(COUNT_KEY + number)) ?? numberOf(counted.get(byId.id))!,
		search: createSearchReader(database),
	};
}

/** Only the writer's connection has these; the caller holds the transaction. */
export interface DatabaseWriter {
	insertDocument(tableNumber: number, json: string): number;
	updateDocument(rid: number, json: string): void;
	deleteDocument(rid: number): void;
	/** Documents came or went. Must be called after their entries were written. */
	addToCount(table: CountedTable, change: number): void;
	insertEntry(indexId: number, key: Key, rid: number): void;
	deleteEntry(indexId: number, key: Key): void;
	/** Deletes up to `limit` entries of a dropped index; returns how many went. */
	deleteEntries(indexId: number, limit: number): number;
	insertTable(num: number, component: string, name: string, idNumber: number): void;
	insertIndex(index: IndexInfo): void;
	setIndexStaged(id: number, isStaged: boolean): void;
	deleteIndex(id: number): void;
	saveSchema(component: string, definitionJson: string): void;
	deleteSchema(component: string): void;
	findRequest(sessionId: string, requestId: number): StoredRequest | null;
	saveRequest(
		sessionId: string,
		requestId: number,
		resultJson: string,
		ts: bigint,
		nowMs: number,
	): void;
	/** Deletes up to `limit` replay records older than `beforeMs`; returns how many went. */
	pruneRequests(beforeMs: number, limit: number): number;
	/** Deletes the replay records of sessions in [from, to), but for `kept`. */
	dropRequests(from: string, to: string, kept: string): void;
	/** Deletes up to `limit` replay records of one session older than `beforeMs`; returns how many went. */
	pruneSession(session: string, beforeMs: number, limit: number): number;
	getMeta(key: string): string | null;
	setMeta(key: string, value: string): void;
	readonly search: SearchWriter;
}

export function createWriter(database: SqliteDatabase): DatabaseWriter {
	const sql = {
		insertDocument: database.prepare('INSERT INTO documents (tbl, json) VALUES (?, ?)'),
		updateDocument: database.prepare('UPDATE documents SET json = ? WHERE rid = ?'),
		deleteDocument: database.prepare('DELETE FROM documents WHERE rid = ?'),
		addToCount: database.prepare(
			'UPDATE meta SET value = CAST(value AS INTEGER) + CAST(? AS INTEGER) WHERE key = ?',
		),
		startCount: database.prepare(
			'INSERT INTO meta (key, value) SELECT ?, count(*) FROM index_entries WHERE idx = ?',
		),
		insertEntry: database.prepare('INSERT INTO index_entries (idx, key, rid) VALUES (?, ?, ?)'),
		deleteEntry: database.prepare('DELETE FROM index_entries WHERE idx = ? AND key = ?'),
		deleteEntries: database.prepare(
			`DELETE FROM index_entries WHERE idx = ?
			AND key IN (SELECT key FROM index_entries WHERE idx = ? ORDER BY key LIMIT ?)`,
		),
		insertTable: database.prepare(
			'INSERT INTO tables (num, component, name, id_number) VALUES (?, ?, ?, ?)',
		),
		insertIndex: database.prepare(
			'INSERT INTO indexes (id, tbl, name, fields, staged) VALUES (?, ?, ?, ?, ?)',
		),
		setIndexStaged: database.prepare('UPDATE indexes SET staged = ? WHERE id = ?'),
		deleteIndex: database.prepare('DELETE FROM indexes WHERE id = ?'),
		saveSchema: database.prepare(
			`INSERT INTO schemas (component, definition) VALUES (?, ?)
			ON CONFLICT (component) DO UPDATE SET definition = excluded.definition`,
		),
		deleteSchema: database.prepare('DELETE FROM schemas WHERE component = ?'),
		findRequest: database.prepare(
			'SELECT result, ts FROM session_requests WHERE session = ? AND request = ?',
		),
		saveRequest: database.prepare(
			'INSERT OR REPLACE INTO session_requests (session, request, result, ts, created_ms) VALUES (?, ?, ?, ?, ?)',
		),
		pruneRequests: database.prepare(
			`DELETE FROM session_requests WHERE (session, request) IN
			(SELECT session, request FROM session_requests WHERE created_ms < ? ORDER BY created_ms LIMIT ?)`,
		),
		pruneSession: database.prepare(
			`DELETE FROM session_requests WHERE session = ? AND request IN
			(SELECT request FROM session_requests WHERE session = ? AND created_ms < ? LIMIT ?)`,
		),
		dropRequests: database.prepare(
			'DELETE FROM session_requests WHERE session >= ? AND session < ? AND session <> ?',
		),
		getMeta: database.prepare('SELECT value FROM meta WHERE key = ?'),
		setMeta: database.prepare(
			'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
		),
	};
	return {
		insertDocument: (num, json) => Number(sql.insertDocument.run(num, json).lastInsertRowid),
		updateDocument: (rid, json) => void sql.updateDocument.run(json, rid),
		deleteDocument: (rid) => void sql.deleteDocument.run(rid),
		addToCount({ number, byId }, change) {
			const key = COUNT_KEY + number;
			if (sql.addToCount.run(change, key).changes === 0) sql.startCount.run(key, byId.id);
		},
		insertEntry: (indexId, key, rid) => void sql.insertEntry.run(indexId, keyToBytes(key), rid),
		deleteEntry: (indexId, key) => void sql.deleteEntry.run(indexId, keyToBytes(key)),
		deleteEntries: (indexId, limit) => sql.deleteEntries.run(indexId, indexId, limit).changes,
		insertTable: (num, component, name, idNumber) =>
			void sql.insertTable.run(num, component, name, idNumber),
		insertIndex: ({ id, tableNumber, name, fields, isStaged }) =>
			void sql.insertIndex.run(id, tableNumber, name, JSON.stringify(fields), isStaged ? 1 : 0),
		setIndexStaged: (id, isStaged) => void sql.setIndexStaged.run(isStaged ? 1 : 0, id),
		deleteIndex: (id) => void sql.deleteIndex.run(id),
		saveSchema: (component, definition) => void sql.saveSchema.run(component, definition),
		deleteSchema: (component) => void sql.deleteSchema.run(component),
		findRequest: (sessionId, requestId) => {
			const row = sql.findRequest.get(sessionId, requestId) as
				{ result: string; ts: string } | undefined;
			return row ? { resultJson: row.result, ts: BigInt(row.ts) } : null;
		},
		saveRequest: (sessionId, requestId, resultJson, ts, nowMs) =>
			void sql.saveRequest.run(sessionId, requestId, resultJson, String(ts), Math.floor(nowMs)),
		pruneRequests: (beforeMs, limit) => sql.pruneRequests.run(Math.floor(beforeMs), limit).changes,
		pruneSession: (session, beforeMs, limit) =>
			sql.pruneSession.run(session, session, Math.floor(beforeMs), limit).changes,
		dropRequests: (from, to, kept) => void sql.dropRequests.run(from, to, kept),
		getMeta: (key) => (sql.getMeta.get(key) as { value: string } | undefined)?.value ?? null,
		setMeta: (key, value) => void sql.setMeta.run(key, value),
		search: createSearchWriter(database),
	};
}

export function rowKey(row: IndexRow): Key {
	return bytesToKey(row.key);
}
