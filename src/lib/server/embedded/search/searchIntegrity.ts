/** Do the search indexes say what the documents say? Part of the store's integrity check. */
import type { TableInfo } from '../storage/catalog.ts';
import type { StoredDocument } from '../storage/database.ts';
import type { SqliteDatabase } from '../storage/sqlite.ts';
import { bytesOf, indexedText, rowId } from './searchDatabase.ts';
import { textRowOf } from './textRows.ts';
import { vectorRowOf } from './vectorRows.ts';

export interface SearchCheck {
	/** For every document of the file. */
	document(table: TableInfo, rid: number, document: StoredDocument): void;
	/** After the last document. */
	finish(): void;
}

/**
 * Every row is worked out again from its document and compared; rows beyond those are orphans. FTS5's own structure is
 * checked by FTS5, and what it holds by counting, per word, the documents that should be found by it.
 */
export function checkSearch(
	database: SqliteDatabase,
	report: (problem: string) => void,
): SearchCheck {
	const textRow = database.prepare(
		'SELECT doc, created, length, words, filters FROM text_rows WHERE id = ?',
	);
	const vectorRow = database.prepare('SELECT doc, filters, vector FROM vector_rows WHERE id = ?');
	const holders = new Map<string, number>();
	let texts = 0;
	let vectors = 0;
	return {
		document(table, rid, document) {
			for (const index of table.search) {
				const name = `${table.name}.${index.name}`;
				const id = rowId(index.id, rid);
				if (index.kind === 'text') {
					const row = textRowOf(index, document);
					const expected = row && [row.id, row.creationTime, row.length, row.words, row.filters];
					compare(name, document, expected, textRow.get(id));
					if (!row) continue;
					texts++;
					for (const word of new Set(indexedText(index.id, row).split(' '))) {
						holders.set(word, (holders.get(word) ?? 0) + 1);
					}
				} else {
					const row = vectorRowOf(index, document);
					const expected = row && [row.id, row.filters, bytesOf(row.vector)];
					compare(name, document, expected, vectorRow.get(id));
					if (row) vectors++;
				}
			}
		},
		finish() {
			compareCount('text_rows', texts);
			compareCount('vector_rows', vectors);
			compareVocabulary();
		},
	};

	function compare(
		index: string,
		document: StoredDocument,
		expected: unknown[] | null,
		stored: unknown,
	): void {
		const found = stored === undefined ? null : Object.values(stored as object);
		const isSame =
			expected === null || found === null
				? expected === found
				: expected.every((value, i) =>
						value instanceof Uint8Array
							? Buffer.compare(value, found[i] as Uint8Array) === 0
							: value === found[i],
					);
		if (!isSame) report(`document ${document._id} is not as it should be in ${index}`);
	}

	function compareCount(table: string, expected: number): void {
		const { n } = database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number };
		if (n !== expected) report(`${n} rows in ${table} where the documents account for ${expected}`);
	}

	function compareVocabulary(): void {
		const next = database.prepare(
			'SELECT term, doc FROM text_vocabulary WHERE term > ? ORDER BY term LIMIT 1000',
		);
		let after = '';
		for (;;) {
			const rows = next.all(after) as { term: string; doc: number }[];
			for (const { term, doc } of rows) {
				const expected = holders.get(term) ?? 0;
				if (expected !== doc) report(`${doc} documents under the word ${term}, not ${expected}`);
				holders.delete(term);
			}
			if (rows.length < 1000) break;
			after = rows.at(-1)!.term;
		}
		for (const [word, count] of holders) report(`no document under the word ${word}, not ${count}`);
	}
}
