/**
 * What one mutation has written so far, in memory: documents and the index entries that follow from them. The file is
 * touched only at commit, so a mutation that waits holds no lock, and one that fails leaves nothing to undo.
 */
import type { IndexInfo, TableInfo } from './catalog.ts';
import type { StoredDocument } from './database.ts';
import { indexedValues } from './documents.ts';
import { encodeKey, type Key } from './valueKeys.ts';

export interface OverlayVersion {
	document: StoredDocument;
	sizeBytes: number;
	hasCommitTs: boolean;
}

export interface OverlayDocument {
	table: TableInfo;
	/** As it is in the file; null when this mutation inserted it. */
	base: { rid: number; document: StoredDocument } | null;
	/** null: removed. */
	current: OverlayVersion | null;
}

export interface OverlayEntry {
	readonly key: Key;
	/** What the entry leads to; null: hides the file's entry; undefined: no opinion (rolled back). */
	version: OverlayVersion | null | undefined;
}

/** One replay record; rides in the mutation's commit. */
export interface OverlayRequest {
	sessionId: string;
	requestId: number;
	resultJson: string;
}

export class Overlay {
	readonly documents = new Map<string, OverlayDocument>();
	readonly createdTables = new Map<number, TableInfo>();
	request: OverlayRequest | null = null;
	#indexes = new Map<number, IndexOverlay>();
	#undo: (() => void)[] = [];
	#marks: number[] = [];

	get isEmpty(): boolean {
		return this.documents.size === 0 && this.createdTables.size === 0 && this.request === null;
	}

	/** Puts `next` in place of the document's present version. `base` is used when the overlay does not know the id yet. */
	write(
		id: string,
		table: TableInfo,
		base: OverlayDocument['base'],
		next: OverlayVersion | null,
	): void {
		const known = this.documents.get(id);
		const previous = known ? known.current?.document : base?.document;
		const entry: OverlayDocument = { table, base: known ? known.base : base, current: next };
		this.documents.set(id, entry);
		this.undoable(() => {
			if (known) this.documents.set(id, known);
			else this.documents.delete(id);
		});
		for (const index of table.indexes) this.#writeIndex(index, previous, next);
	}

	/** Runs `undo` if the innermost open sub-transaction, or one around it, is rolled back. */
	undoable(undo: () => void): void {
		if (this.#marks.length > 0) this.#undo.push(undo);
	}

	beginSub(): void {
		this.#marks.push(this.#undo.length);
	}

	commitSub(): void {
		if (this.#marks.pop() === undefined) throw new Error('no sub-transaction is open');
		if (this.#marks.length === 0) this.#undo.length = 0;
	}

	rollbackSub(): void {
		const mark = this.#marks.pop();
		if (mark === undefined) throw new Error('no sub-transaction is open');
		while (this.#undo.length > mark) this.#undo.pop()!();
	}

	index(indexId: number): IndexOverlay | undefined {
		return this.#indexes.get(indexId);
	}

	/** Documents this mutation added to the table, less those it removed. */
	countDelta(table: TableInfo): number {
		let delta = 0;
		for (const entry of this.documents.values()) {
			if (entry.table.number !== table.number) continue;
			delta += (entry.current ? 1 : 0) - (entry.base ? 1 : 0);
		}
		return delta;
	}

	#writeIndex(
		index: IndexInfo,
		previous: StoredDocument | undefined,
		next: OverlayVersion | null,
	): void {
		let entries = this.#indexes.get(index.id);
		if (!entries) this.#indexes.set(index.id, (entries = new IndexOverlay()));
		const oldKey = previous ? encodeKey(indexedValues(previous, index.paths)) : null;
		const newKey = next ? encodeKey(indexedValues(next.document, index.paths)) : null;
		if (oldKey !== null && oldKey !== newKey) this.#setEntry(entries, oldKey, null);
		if (newKey !== null) this.#setEntry(entries, newKey, next);
	}

	#setEntry(entries: IndexOverlay, key: Key, version: OverlayVersion | null): void {
		const entry = entries.entry(key);
		const before = entry.version;
		entry.version = version;
		this.undoable(() => {
			entry.version = before;
		});
	}
}

/** The touched entries of one index, found by key and walked in key order. */
export class IndexOverlay {
	#byKey = new Map<Key, OverlayEntry>();
	#sorted: OverlayEntry[] = [];
	#unsorted: OverlayEntry[] = [];

	/** The entry of `key`, made (without an opinion) when there is none. */
	entry(key: Key): OverlayEntry {
		let entry = this.#byKey.get(key);
		if (!entry) {
			entry = { key, version: undefined };
			this.#byKey.set(key, entry);
			this.#unsorted.push(entry);
		}
		return entry;
	}

	/** The first entry with an opinion in [start, end), or the last one when descending. */
	nearest(start: Key, end: Key, isDescending: boolean): OverlayEntry | null {
		const sorted = this.#settled();
		if (isDescending) {
			for (let i = lowerBound(sorted, end) - 1; i >= 0 && sorted[i]!.key >= start; i--) {
				if (sorted[i]!.version !== undefined) return sorted[i]!;
			}
		} else {
			for (let i = lowerBound(sorted, start); i < sorted.length && sorted[i]!.key < end; i++) {
				if (sorted[i]!.version !== undefined) return sorted[i]!;
			}
		}
		return null;
	}

	#settled(): OverlayEntry[] {
		if (this.#unsorted.length === 0) return this.#sorted;
		// A few new keys are placed one by one; many (a bulk insert before the first read) are sorted at once.
		if (this.#unsorted.length * 8 < this.#sorted.length) {
			for (const entry of this.#unsorted) {
				this.#sorted.splice(lowerBound(this.#sorted, entry.key), 0, entry);
			}
		} else {
			this.#sorted = this.#sorted.concat(this.#unsorted).sort(byKey);
		}
		this.#unsorted.length = 0;
		return this.#sorted;
	}
}

function byKey(a: OverlayEntry, b: OverlayEntry): number {
	return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Index of the first entry whose key is not below `key`. */
function lowerBound(sorted: readonly OverlayEntry[], key: Key): number {
	let low = 0;
	let high = sorted.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if (sorted[middle]!.key < key) low = middle + 1;
		else high = middle;
	}
	return low;
}
