/** Walks one index in key order over the file and, in a mutation, over what the mutation has written so far. */
import {
	type DatabaseReader,
	type IndexRow,
	parseDocument,
	rowKey,
	type StoredDocument,
} from './database.ts';
import type { IndexOverlay, Overlay } from './overlay.ts';
import { afterKey, type Bounds, type Key } from './valueKeys.ts';

export interface MergedRow {
	readonly key: Key;
	readonly document: StoredDocument;
	/** The document as it lies in the file; null when this mutation wrote it. */
	readonly json: string | null;
	/** What reading it cost: characters of JSON, or the value's size when this mutation wrote it. */
	readonly sizeBytes: number;
}

/** Most rows are handed on as the text they are: only who looks into one pays for parsing it. */
class FileRow implements MergedRow {
	readonly key: Key;
	readonly json: string;
	#document: StoredDocument | null = null;

	constructor(key: Key, json: string) {
		this.key = key;
		this.json = json;
	}

	get document(): StoredDocument {
		return (this.#document ??= parseDocument(this.json));
	}

	get sizeBytes(): number {
		return this.json.length;
	}
}

/** Where a query's rows come from: an index in key order, or a search in order of relevance. */
export interface RowSource {
	readonly isDescending: boolean;
	next(): MergedRow | null;
	/** Lets go of prefetched rows. */
	close(): void;
}

const FIRST_BATCH_ROWS = 16;
const MAX_BATCH_ROWS = 512;
/** A batch of large documents must not become a batch of hundreds of MiB. */
const MAX_BATCH_BYTES = 2 * 1024 * 1024;

/**
 * Rows come in keyset batches, never from an open SQLite cursor, which would not survive a write. Prefetched rows stay
 * valid: a snapshot does not change, and while a mutation runs nothing else writes to the file. What the mutation itself
 * writes ahead of the walk is seen by it.
 */
export class MergedRange implements RowSource {
	readonly isDescending: boolean;
	#reader: DatabaseReader;
	#overlay: Overlay | null;
	#indexId: number;
	#low: Key;
	#high: Key;
	#batch: IndexRow[] = [];
	#batchPosition = 0;
	#batchRows: number;
	#isFileDone = false;
	/** Where the next batch starts (ascending) or ends (descending). */
	#fileLow: Key;
	#fileHigh: Key;

	/** `expectedRows`: how many rows will be wanted at most, when known; the first batch is that large. */
	constructor(
		reader: DatabaseReader,
		overlay: Overlay | null,
		indexId: number,
		bounds: Bounds,
		isDescending: boolean,
		expectedRows: number | null,
	) {
		this.#reader = reader;
		this.#overlay = overlay;
		this.#indexId = indexId;
		this.isDescending = isDescending;
		this.#low = this.#fileLow = bounds.start;
		this.#high = this.#fileHigh = bounds.end;
		this.#batchRows = Math.min(Math.max(expectedRows ?? FIRST_BATCH_ROWS, 1), MAX_BATCH_ROWS);
	}

	next(): MergedRow | null {
		const overlay = this.#overlay?.index(this.#indexId);
		return overlay ? this.#nextMerged(overlay) : this.#nextFromFile();
	}

	close(): void {
		this.#batch = [];
		this.#batchPosition = 0;
		this.#isFileDone = true;
		this.#low = this.#high;
	}

	#nextFromFile(): MergedRow | null {
		const row = this.#peek();
		if (!row) return null;
		this.#batchPosition++;
		const key = rowKey(row);
		this.#moveTo(key);
		return new FileRow(key, row.json);
	}

	#nextMerged(overlay: IndexOverlay): MergedRow | null {
		for (;;) {
			if (this.#low >= this.#high) return null;
			const written = overlay.nearest(this.#low, this.#high, this.isDescending);
			const row = this.#peek();
			if (!written) return this.#nextFromFile();
			const fileKey = row ? rowKey(row) : null;
			if (
				fileKey !== null &&
				fileKey !== written.key &&
				fileKey < written.key !== this.isDescending
			) {
				return this.#nextFromFile();
			}
			if (fileKey === written.key) this.#batchPosition++;
			this.#moveTo(written.key);
			if (written.version) {
				const { document, sizeBytes } = written.version;
				return { key: written.key, document, json: null, sizeBytes };
			}
		}
	}

	#moveTo(key: Key): void {
		if (this.isDescending) this.#high = key;
		else this.#low = afterKey(key);
	}

	#peek(): IndexRow | null {
		if (this.#batchPosition >= this.#batch.length && !this.#isFileDone) this.#fetch();
		return this.#batch[this.#batchPosition] ?? null;
	}

	#fetch(): void {
		const limit = this.#batchRows;
		this.#batch = this.#reader.range({
			indexId: this.#indexId,
			start: this.#fileLow,
			end: this.#fileHigh,
			isDescending: this.isDescending,
			limit,
		});
		this.#batchPosition = 0;
		const last = this.#batch.at(-1);
		if (!last || this.#batch.length < limit) this.#isFileDone = true;
		if (!last) return;
		if (this.isDescending) this.#fileHigh = rowKey(last);
		else this.#fileLow = afterKey(rowKey(last));
		let bytes = 0;
		for (const row of this.#batch) bytes += row.json.length;
		const rowsInBudget = Math.floor((MAX_BATCH_BYTES * this.#batch.length) / Math.max(bytes, 1));
		this.#batchRows = Math.max(1, Math.min(limit * 2, MAX_BATCH_ROWS, rowsInBudget));
	}
}
