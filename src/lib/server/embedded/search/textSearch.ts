/** The documents a search finds, in order of relevance, over the file and what a mutation has written so far. */
import type { DatabaseReader, StoredDocument } from '../storage/database.ts';
import type { MergedRow, RowSource } from '../storage/mergedRange.ts';
import type { Overlay, OverlayVersion } from '../storage/overlay.ts';
import type { ReadSet } from '../storage/readSet.ts';
import { FunctionError } from '../types.ts';
import { type Bounds, encodeKey, type Key } from '../storage/valueKeys.ts';
import { type Candidate, matchesAny, type Ranked, rank } from './ranking.ts';
import type { MatchedTextRow } from './searchDatabase.ts';
import type { TextQuery } from './textQuery.ts';
import { textRowOf, wordBounds } from './textRows.ts';

/** https://docs.convex.dev/search/text-search, "Limits". Relevance is known of more; no query sees more. */
const MAX_RESULTS = 1024;
/** Rows of the index held at once while candidates are gathered. */
const BATCH_ROWS = 2_000;

interface Found extends Candidate {
	/** In the file … */
	rid?: number;
	/** … or written by this very mutation. */
	written?: OverlayVersion;
}

export interface TextSearchOptions {
	reader: DatabaseReader;
	overlay: Overlay | null;
	readSet: ReadSet;
	query: TextQuery;
	/** Of `rankKey`: the part of the results that a page wants. */
	bounds: Bounds;
}

export class TextSearch implements RowSource {
	readonly isDescending = false;
	#options: TextSearchOptions;
	#ranked: Ranked<Found>[] | null = null;
	#position = 0;

	constructor(options: TextSearchOptions) {
		this.#options = options;
		recordReads(options);
	}

	next(): MergedRow | null {
		const { bounds, query, readSet } = this.#options;
		this.#ranked ??= search(this.#options);
		for (;;) {
			const found = this.#ranked[this.#position];
			if (!found) return null;
			if (this.#position === MAX_RESULTS) throw scannedTooMany();
			this.#position++;
			const key = rankKey(found);
			if (key < bounds.start) continue;
			if (key >= bounds.end) return null;
			readSet.addPoint(query.table.byId.id, encodeKey([found.candidate.id]));
			return { key, json: null, ...this.#documentOf(found.candidate) };
		}
	}

	close(): void {
		this.#ranked = [];
		this.#position = 0;
	}

	#documentOf({ rid, written, id }: Found): { document: StoredDocument; sizeBytes: number } {
		if (written) return written;
		const row = this.#options.reader.search.document(rid!);
		if (!row) throw new Error(`document ${id} is in a text index but not in its table`);
		return row;
	}
}

/** Sorts as results do, and is what cursors of search pages hold. */
function rankKey({ score, candidate }: Ranked<Found>): Key {
	return encodeKey([-score, -candidate.creationTime, candidate.id]);
}

/**
 * All that the order depends on, however few results are read: see `ranking.ts`. Documents that are returned are read
 * one by one in addition, because a change that moves no word is reported by their ids only.
 */
function recordReads({ query, readSet }: TextSearchOptions): void {
	const { index, words, filters } = query;
	const last = words.length - 1;
	for (const [i, word] of words.entries()) {
		const bounds = wordBounds(filters[0] ?? null, word, i === last);
		readSet.addSource({ indexId: index.id, consumed: () => bounds });
	}
}

function search({ reader, overlay, query }: TextSearchOptions): Ranked<Found>[] {
	const { words } = query;
	if (words.length === 0) return [];
	const { found, hidden } = findWritten(overlay, query);
	for (const row of findStored(reader, query)) if (!hidden.has(row.rid)) found.push(row);
	return rank(found, words);
}

function* findStored(reader: DatabaseReader, query: TextQuery): Generator<MatchedTextRow> {
	const match = { words: query.words, isLastPrefix: true, filters: query.filters };
	let after = 0;
	for (;;) {
		const rows = reader.search.matchText(query.index.id, match, after, BATCH_ROWS);
		yield* rows;
		if (rows.length < BATCH_ROWS) return;
		after = rows.at(-1)!.rid;
	}
}

/** Matches among what the mutation wrote, and the rows of the file which that replaces or removes. */
function findWritten(overlay: Overlay | null, { table, index, words, filters }: TextQuery) {
	const found: Found[] = [];
	const hidden = new Set<number>();
	for (const entry of overlay?.documents.values() ?? []) {
		if (entry.table.number !== table.number) continue;
		if (entry.base) hidden.add(entry.base.rid);
		const row = entry.current && textRowOf(index, entry.current.document);
		if (!row || !matchesAny(row.words, words)) continue;
		if (!filters.every((filter) => row.filters.includes(` ${filter} `))) continue;
		found.push({ ...row, written: entry.current! });
	}
	return { found, hidden };
}

/** Convex's words. */
function scannedTooMany(): FunctionError {
	return new FunctionError(
		'SearchQueryScannedTooManyDocumentsError',
		`Search query scanned too many documents (fetched ${MAX_RESULTS}). Consider using a smaller limit, paginating the ` +
			'query, or using a filter field to limit the number of documents pulled from the search index.',
	);
}
