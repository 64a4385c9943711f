/**
 * One committed state of a data file, read on a connection of its own while others go on writing. Needs neither the lock
 * nor the storage object, so it works on a running deployment from any process or thread.
 */
import type { Catalog, TableInfo } from '../storage/catalog.ts';
import {
	createReader,
	type DatabaseReader,
	rowKey,
	type StoredDocument,
	parseDocument,
} from '../storage/database.ts';
import { checkIntegrity, type IntegrityReport } from '../storage/integrity.ts';
import { loadCatalog } from '../storage/loadCatalog.ts';
import { openSqlite, type SqliteDatabase } from '../storage/sqlite.ts';
import { requireCurrentStore } from '../storage/storeVersion.ts';
import type { Timestamp } from '../types.ts';
import { afterKey, type Key, prefixBounds } from '../storage/valueKeys.ts';

/** Documents between two pauses: what others wait for is a few milliseconds. */
const BATCH_ROWS = 256;

export class SnapshotReader {
	readonly catalog: Catalog;
	/** Everything committed up to here is in it, and nothing else. */
	readonly ts: Timestamp;
	readonly #database: SqliteDatabase;
	readonly #reader: DatabaseReader;

	/** Throws FunctionError 'StoreTooNew', 'StoreTooOld' or 'NotAStore'. */
	constructor(file: string) {
		this.#database = openSqlite(file, { readOnly: true });
		try {
			this.#database.exec('BEGIN');
			requireCurrentStore(this.#database);
			this.catalog = loadCatalog(this.#database);
			this.#reader = createReader(this.#database);
			const row = this.#database.prepare(`SELECT value FROM meta WHERE key = 'ts'`).get();
			this.ts = BigInt((row as { value: string }).value);
		} catch (error) {
			this.#database.close();
			throw error;
		}
	}

	/** Tables of one component, in the order of their id numbers. */
	tablesOf(component: string): TableInfo[] {
		return [...this.catalog.tables.values()]
			.filter((table) => table.component === component)
			.sort((a, b) => a.idNumber - b.idNumber);
	}

	/** In the order of ids, in batches. The event loop turns in between. */
	async *batches(table: TableInfo): AsyncGenerator<StoredDocument[]> {
		const { end } = prefixBounds('');
		let start: Key = '';
		for (;;) {
			const rows = this.#reader.range({
				indexId: table.byId.id,
				start,
				end,
				isDescending: false,
				limit: BATCH_ROWS,
			});
			if (rows.length > 0) yield rows.map((row) => parseDocument(row.json));
			if (rows.length < BATCH_ROWS) return;
			start = afterKey(rowKey(rows.at(-1)!));
			await new Promise((resolve) => setImmediate(resolve));
		}
	}

	/** Reads everything at one go. */
	checkIntegrity(): IntegrityReport {
		return checkIntegrity(this.#database, this.catalog);
	}

	/** The whole file as it is in this snapshot. */
	copyTo(file: string): Promise<void> {
		return this.#database.copyTo(file);
	}

	close(): void {
		this.#database.close();
	}
}
