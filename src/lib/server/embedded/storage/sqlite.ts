/** The few things the engine asks of a SQLite driver, so that another driver needs one file. */
import Database from 'better-sqlite3';

export type SqlValue = string | number | bigint | null | Uint8Array;

export interface SqliteStatement {
	run(...values: SqlValue[]): { changes: number; lastInsertRowid: number | bigint };
	get(...values: SqlValue[]): unknown;
	all(...values: SqlValue[]): unknown[];
}

export interface SqliteDatabase {
	exec(sql: string): void;
	prepare(sql: string): SqliteStatement;
	/** First column of the first row. */
	pragma(source: string): unknown;
	readonly inTransaction: boolean;
	/**
	 * Writes what the open read transaction sees into a new file, a few pages at a time. Others go on reading and writing;
	 * without an open transaction each of their commits would start the copy anew.
	 */
	copyTo(file: string): Promise<void>;
	close(): void;
}

/** FULL: an acknowledged commit survives a power cut. NORMAL: may lose the last commits then, never corrupts. */
export type Synchronous = 'FULL' | 'NORMAL';

export interface SqliteOptions {
	readOnly?: boolean;
	synchronous?: Synchronous;
}

/** How long a statement waits for another process that holds the file, e.g. a backup tool. */
const BUSY_TIMEOUT_MS = 5_000;
/** A WAL larger than this is cut back after a checkpoint instead of being kept for reuse. */
const WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;
/** Negative: KiB. The hot part of an index fits; the operating system caches the rest. */
const WRITER_CACHE_KIB = -16_000;
const READER_CACHE_KIB = -8_000;

/** Of 4 KiB, between two turns of the event loop: about a millisecond. */
const COPY_PAGES = 200;

export function openSqlite(file: string, options: SqliteOptions = {}): SqliteDatabase {
	const database = new Database(file, {
		readonly: options.readOnly ?? false,
		timeout: BUSY_TIMEOUT_MS,
	});
	try {
		if (options.readOnly) {
			database.pragma(`cache_size = ${READER_CACHE_KIB}`);
		} else {
			database.pragma('journal_mode = WAL');
			database.pragma(`synchronous = ${options.synchronous ?? 'FULL'}`);
			database.pragma(`journal_size_limit = ${WAL_SIZE_LIMIT_BYTES}`);
			database.pragma(`cache_size = ${WRITER_CACHE_KIB}`);
		}
	} catch (error) {
		database.close();
		throw error;
	}
	return {
		exec: (sql) => void database.exec(sql),
		prepare: (sql) => database.prepare(sql) as unknown as SqliteStatement,
		pragma: (source) => database.pragma(source, { simple: true }),
		get inTransaction() {
			return database.inTransaction;
		},
		async copyTo(file) {
			await database.backup(file, { progress: () => COPY_PAGES });
		},
		close: () => void database.close(),
	};
}

/** How long a start waits for a predecessor that is just shutting down. */
const LOCK_TIMEOUT_MS = 1_000;

/**
 * Takes a lock that the operating system frees when the process ends, however it ends. null: another process has it.
 * `file` is created empty and stays.
 */
export function lockFile(file: string): { release(): void } | null {
	const database = new Database(file, { timeout: LOCK_TIMEOUT_MS });
	try {
		database.exec('BEGIN EXCLUSIVE');
	} catch (error) {
		database.close();
		if ((error as { code?: string }).code === 'SQLITE_BUSY') return null;
		throw error;
	}
	return { release: () => void database.close() };
}
