/** The transaction of an import: all of it in one COMMIT, with mutations waiting and queries seeing nothing of it. */
import { applyOverlay } from '../storage/applyOverlay.ts';
import { type Catalog, newTable, type TableInfo, withTables } from '../storage/catalog.ts';
import type { DatabaseReader, DatabaseWriter, StoredDocument } from '../storage/database.ts';
import { Overlay } from '../storage/overlay.ts';
import type { UnknownTables } from '../storage/readSet.ts';
import type { SqliteDatabase } from '../storage/sqlite.ts';
import type { ComponentPath, Timestamp } from '../types.ts';
import { encodeKey, prefixBounds } from '../storage/valueKeys.ts';

export interface BulkParts {
	database: SqliteDatabase;
	reader: DatabaseReader;
	writer: DatabaseWriter;
	unknownTables: UnknownTables;
	catalog: Catalog;
	ts: Timestamp;
	nowMs: number;
	newId: (tableNumber: number) => string;
	nextCreationTime: () => number;
}

/** Rows between two pauses, in which queries run. */
const BATCH_ROWS = 256;

export class BulkSession {
	catalog: Catalog;
	readonly #parts: BulkParts;

	constructor(parts: BulkParts) {
		this.#parts = parts;
		this.catalog = parts.catalog;
	}

	newId(table: TableInfo): string {
		return this.#parts.newId(table.idNumber);
	}

	nextCreationTime(): number {
		return this.#parts.nextCreationTime();
	}

	has(table: TableInfo, id: string): boolean {
		return this.#parts.reader.point(table.byId.id, encodeKey([id])) !== null;
	}

	isEmpty(table: TableInfo): boolean {
		return this.#firstRows(table, 1).length === 0;
	}

	addTable(component: ComponentPath, name: string, idNumber: number | null): TableInfo {
		const made = newTable(this.catalog, component, name);
		const table = { ...made, idNumber: idNumber ?? made.idNumber };
		const overlay = new Overlay();
		overlay.createdTables.set(table.number, table);
		this.#apply(overlay);
		this.catalog = withTables(this.catalog, [table]);
		return table;
	}

	/** Numbers may change places. The caller has seen to it that none is used twice and no document keeps an old one. */
	renumber(changes: ReadonlyMap<TableInfo, number>): void {
		const update = this.#parts.database.prepare('UPDATE tables SET id_number = ? WHERE num = ?');
		for (const table of changes.keys()) update.run(-table.number, table.number);
		for (const [table, idNumber] of changes) update.run(idNumber, table.number);
		this.catalog = withTables(
			this.catalog,
			[...changes].map(([table, idNumber]) => ({ ...table, idNumber })),
		);
	}

	/** New documents, in canonical form. */
	insert(table: TableInfo, documents: readonly StoredDocument[]): void {
		const overlay = new Overlay();
		for (const document of documents) {
			overlay.write(document._id, table, null, { document, sizeBytes: 0, hasCommitTs: false });
		}
		this.#apply(overlay);
	}

	/** Returns how many documents went. */
	async clear(table: TableInfo): Promise<number> {
		let removed = 0;
		for (let rows = this.#firstRows(table, BATCH_ROWS); rows.length > 0;) {
			const overlay = new Overlay();
			for (const { rid, json } of rows) {
				const document = JSON.parse(json) as StoredDocument;
				overlay.write(document._id, table, { rid, document }, null);
			}
			this.#apply(overlay);
			removed += rows.length;
			await pause();
			rows = this.#firstRows(table, BATCH_ROWS);
		}
		return removed;
	}

	/** The documents of a small table. */
	documents(table: TableInfo): StoredDocument[] {
		return this.#firstRows(table, Number.MAX_SAFE_INTEGER).map(
			({ json }) => JSON.parse(json) as StoredDocument,
		);
	}

	#firstRows(table: TableInfo, limit: number) {
		const { start, end } = prefixBounds('');
		return this.#parts.reader.range({
			indexId: table.byId.id,
			start,
			end,
			isDescending: false,
			limit,
		});
	}

	#apply(overlay: Overlay): void {
		applyOverlay(overlay, this.#parts);
	}
}

/** Lets queries and timers have their turn. */
export function pause(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
