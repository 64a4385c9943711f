/**
 * The statements of search: rows of text and vector indexes in the same file, so that the transaction that writes a
 * document writes them too and a snapshot of documents is one of them. Prepared when first used: a file without search
 * indexes never pays for them.
 *
 * One FTS5 table serves all text indexes (no DDL on a schema push); every word in it carries its index's id. It answers
 * which documents hold which words. What ranking needs of them lies beside it in `text_rows`, because FTS5's own rank
 * knows only the whole table.
 */
import type { SqliteDatabase, SqliteStatement } from '../storage/sqlite.ts';
import { parseDocument, type StoredDocument } from '../storage/database.ts';
import { splitWords, type TextRow } from './textRows.ts';
import type { VectorRow } from './vectorRows.ts';

/** Rows of one index lie together: id = index id * 2^33 + document's row id. Up to 2^20 indexes of 2^33 rows. */
const ROWS_PER_INDEX = 2n ** 33n;

export interface TextMatch {
	words: readonly string[];
	/** The last of `words` also matches as a beginning. */
	isLastPrefix: boolean;
	/** All of them must be there. */
	filters: readonly string[];
}

/** What ranking needs of a row; `filters` have done their part. */
export interface MatchedTextRow extends Omit<TextRow, 'filters'> {
	rid: number;
}

export interface StoredVectorRow {
	rid: number;
	id: string;
	vector: Float32Array;
}

export interface SearchReader {
	/** Up to `limit` matching rows after row id `after`, by row id. */
	matchText(indexId: number, match: TextMatch, after: number, limit: number): MatchedTextRow[];
	/** Up to `limit` rows after row id `after`; with `filters`, those that have at least one of them. */
	vectors(
		indexId: number,
		filters: readonly string[] | null,
		after: number,
		limit: number,
	): StoredVectorRow[];
	document(rid: number): { document: StoredDocument; sizeBytes: number } | null;
}

export interface SearchWriter {
	insertIndex(
		id: number,
		tableNumber: number,
		name: string,
		definitionJson: string,
		isStaged: boolean,
	): void;
	setStaged(id: number, isStaged: boolean): void;
	deleteIndex(id: number): void;
	/** Deletes up to `limit` rows of an index that is dropped; returns how many went. */
	deleteRows(indexId: number, limit: number): number;
	putText(indexId: number, rid: number, row: TextRow): void;
	deleteText(indexId: number, rid: number): void;
	putVector(indexId: number, rid: number, row: VectorRow): void;
	deleteVector(indexId: number, rid: number): void;
}

export function rowId(indexId: number, rid: number): bigint {
	return BigInt(indexId) * ROWS_PER_INDEX + BigInt(rid);
}

/** The text of FTS5's only column. Words are letters and digits: nothing to escape, for FTS5's `ascii` tokenizer. */
export function indexedText(indexId: number, row: TextRow): string {
	const words = splitWords(row.words).map((word) => scopedWord(indexId, word));
	const filters = splitWords(row.filters).map((filter) => scopedFilter(indexId, filter));
	return [...words, ...filters].join(' ');
}

export function scopedWord(indexId: number, word: string): string {
	return `${indexId}t${word}`;
}

export function scopedFilter(indexId: number, filter: string): string {
	return `${indexId}f${filter}`;
}

export function createSearchReader(database: SqliteDatabase): SearchReader {
	const statement = preparer(database);
	return {
		// Thousands of rows for a common word: they go to the ranking as they come.
		matchText: (indexId, match, after, limit) =>
			statement(
				`SELECT r.id - ? AS rid, r.doc AS id, r.created AS creationTime, r.length AS length, r.words AS words
				FROM text_terms t CROSS JOIN text_rows r ON r.id = t.rowid
				WHERE t.text_terms MATCH ? AND t.rowid > ? ORDER BY t.rowid LIMIT ?`,
			).all(
				rowId(indexId, 0),
				matchExpression(indexId, match),
				rowId(indexId, after),
				limit,
			) as MatchedTextRow[],
		vectors(indexId, filters, after, limit) {
			const passes = filters
				? 'AND EXISTS (SELECT 1 FROM json_each(?) j WHERE instr(filters, j.value) > 0)'
				: '';
			const rows = statement(
				`SELECT id - ? AS rid, doc AS id, vector FROM vector_rows WHERE id > ? AND id < ? ${passes} ORDER BY id LIMIT ?`,
			).all(
				rowId(indexId, 0),
				rowId(indexId, after),
				rowId(indexId + 1, 0),
				...(filters ? [JSON.stringify(filters.map((filter) => ` ${filter} `))] : []),
				limit,
			) as { rid: number; id: string; vector: Uint8Array }[];
			return rows.map(({ rid, id, vector }) => ({ rid, id, vector: floatsOf(vector) }));
		},
		document(rid) {
			const row = statement('SELECT json FROM documents WHERE rid = ?').get(rid) as
				{ json: string } | undefined;
			return row ? { document: parseDocument(row.json), sizeBytes: row.json.length } : null;
		},
	};
}

export function createSearchWriter(database: SqliteDatabase): SearchWriter {
	const statement = preparer(database);
	const deleteText = (id: bigint): number => {
		statement('DELETE FROM text_terms WHERE rowid = ?').run(id);
		return statement('DELETE FROM text_rows WHERE id = ?').run(id).changes;
	};
	return {
		insertIndex: (id, tableNumber, name, definitionJson, isStaged) =>
			void statement(
				'INSERT INTO search_indexes (id, tbl, name, definition, staged) VALUES (?, ?, ?, ?, ?)',
			).run(id, tableNumber, name, definitionJson, isStaged ? 1 : 0),
		setStaged: (id, isStaged) =>
			void statement('UPDATE search_indexes SET staged = ? WHERE id = ?').run(isStaged ? 1 : 0, id),
		deleteIndex: (id) => void statement('DELETE FROM search_indexes WHERE id = ?').run(id),
		deleteRows(indexId, limit) {
			const range = [rowId(indexId, 0), rowId(indexId + 1, 0)] as const;
			const texts = statement(
				'SELECT id FROM text_rows WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
			).all(...range, limit) as { id: number }[];
			for (const { id } of texts) deleteText(BigInt(id));
			const { changes } = statement(
				`DELETE FROM vector_rows WHERE id IN
				(SELECT id FROM vector_rows WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)`,
			).run(...range, limit);
			return texts.length + changes;
		},
		putText(indexId, rid, row) {
			const id = rowId(indexId, rid);
			deleteText(id);
			statement(
				'INSERT INTO text_rows (id, doc, created, length, words, filters) VALUES (?, ?, ?, ?, ?, ?)',
			).run(id, row.id, row.creationTime, row.length, row.words, row.filters);
			statement('INSERT INTO text_terms (rowid, words) VALUES (?, ?)').run(
				id,
				indexedText(indexId, row),
			);
		},
		deleteText: (indexId, rid) => void deleteText(rowId(indexId, rid)),
		putVector: (indexId, rid, { id, filters, vector }) =>
			void statement(
				'INSERT OR REPLACE INTO vector_rows (id, doc, filters, vector) VALUES (?, ?, ?, ?)',
			).run(rowId(indexId, rid), id, filters, bytesOf(vector)),
		deleteVector: (indexId, rid) =>
			void statement('DELETE FROM vector_rows WHERE id = ?').run(rowId(indexId, rid)),
	};
}

function matchExpression(indexId: number, { words, isLastPrefix, filters }: TextMatch): string {
	const last = words.length - 1;
	const anyWord = words
		.map((word, i) => `"${scopedWord(indexId, word)}"${isLastPrefix && i === last ? '*' : ''}`)
		.join(' OR ');
	return [`(${anyWord})`, ...filters.map((filter) => `"${scopedFilter(indexId, filter)}"`)].join(
		' AND ',
	);
}

/** Little-endian, as every platform Node runs on has it in memory. */
export function bytesOf(vector: Float32Array): Uint8Array {
	return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

export function floatsOf(bytes: Uint8Array): Float32Array {
	const isAligned = bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0;
	const { buffer, byteOffset, byteLength } = isAligned ? bytes : Uint8Array.from(bytes);
	return new Float32Array(buffer, byteOffset, byteLength / Float32Array.BYTES_PER_ELEMENT);
}

function preparer(database: SqliteDatabase): (sql: string) => SqliteStatement {
	const prepared = new Map<string, SqliteStatement>();
	return (sql) => {
		let statement = prepared.get(sql);
		if (!statement) prepared.set(sql, (statement = database.prepare(sql)));
		return statement;
	};
}
