/** What a transaction has read, as intervals of index keys: the basis of subscriptions. */
import type { ComponentPath, KeyRange } from '../types.ts';
import { tableKey } from './catalog.ts';
import { afterKey, type Bounds, type Key, keyToBytes } from './valueKeys.ts';

/** Something whose interval grows while it is consumed. */
export interface ReadSource {
	readonly indexId: number;
	/** What was consumed so far; null: nothing. */
	consumed(): Bounds | null;
}

/** Key of every pseudo-index write; inside every pseudo-index read. */
export const PSEUDO_KEY: Key = '\x00';
/** In place of a table's name: whoever lists the tables has looked for every one that is not there. */
export const ANY_TABLE = '';
const PSEUDO_BOUNDS: Bounds = { start: '', end: '\xff' };

/**
 * A read of a table that does not exist yet depends on a pseudo-index of its own, with an id below 0: the commit that
 * makes the table writes to it. Ids are given out per process; read sets do not outlive it.
 */
export class UnknownTables {
	#ids = new Map<string, number>();

	idOf(component: ComponentPath, table: string): number {
		const key = tableKey(component, table);
		let id = this.#ids.get(key);
		if (id === undefined) this.#ids.set(key, (id = -1 - this.#ids.size));
		return id;
	}

	/** undefined when nobody has ever missed that table. */
	find(component: ComponentPath, table: string): number | undefined {
		return this.#ids.get(tableKey(component, table));
	}
}

export class ReadSet {
	#points = new Map<string, { indexId: number; key: Key }>();
	#sources: ReadSource[] = [];
	#unknown = new Set<number>();

	addPoint(indexId: number, key: Key): void {
		this.#points.set(`${indexId} ${key}`, { indexId, key });
	}

	addSource(source: ReadSource): void {
		this.#sources.push(source);
	}

	addUnknownTable(pseudoIndexId: number): void {
		this.#unknown.add(pseudoIndexId);
	}

	ranges(): KeyRange[] {
		const ranges: KeyRange[] = [];
		const add = (indexId: number, bounds: Bounds) => {
			if (bounds.start >= bounds.end) return;
			ranges.push({ indexId, start: keyToBytes(bounds.start), end: keyToBytes(bounds.end) });
		};
		for (const { indexId, key } of this.#points.values()) {
			add(indexId, { start: key, end: afterKey(key) });
		}
		for (const source of this.#sources) {
			const bounds = source.consumed();
			if (bounds) add(source.indexId, bounds);
		}
		for (const indexId of this.#unknown) add(indexId, PSEUDO_BOUNDS);
		return ranges;
	}
}
