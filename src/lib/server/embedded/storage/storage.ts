/** The door to the storage half of the embedded deployment: opens the data file, alone. */
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { syncFolder } from './durableFolder.ts';
import type { TransactionLimits } from './limits.ts';
import { finishRestore } from '../operate/finishRestore.ts';
import { lockFile, openSqlite, type SqliteDatabase, type Synchronous } from './sqlite.ts';
import { OpenStorage, type SqliteStorage } from './sqliteStorage.ts';
import { migrateStore } from './storeVersion.ts';
import { type Clock, FunctionError, type LogEvent } from '../types.ts';

export type { SqliteStorage } from './sqliteStorage.ts';

export interface StorageOptions {
	/** The SQLite file; created when missing. Beside it lie its -wal, -shm and .lock files. */
	file: string;
	/** Without timers, a store that became read-only is writable again only when somebody writes. */
	clock: Pick<Clock, 'now'> & Partial<Clock>;
	/** Default FULL. */
	synchronous?: Synchronous;
	/** Default: Convex's limits. */
	limits?: Partial<TransactionLimits>;
	log?: LogEvent;
	/** Runs work that may hold the thread for long: building an index, checking what is stored. */
	whileBusy?: <T>(run: () => Promise<T>) => Promise<T>;
	/** Another driver than better-sqlite3. */
	openDatabase?: typeof openSqlite;
}

const OWNER_ONLY = 0o600;

/** Throws FunctionError 'StoreInUse', 'StoreTooNew' or 'NotAStore'. */
export function openStorage(options: StorageOptions): SqliteStorage {
	for (const file of [options.file, `${options.file}.lock`]) {
		// Sessions and sealed credentials lie in it. SQLite gives -wal and -shm the mode of the file itself.
		closeSync(openSync(file, 'a', OWNER_ONLY));
	}
	syncFolder(path.dirname(options.file));
	const lock = lockFile(`${options.file}.lock`);
	if (!lock) {
		throw new FunctionError(
			'StoreInUse',
			'Another process is using the data folder. Stop it, or choose another data folder.',
		);
	}
	let database: SqliteDatabase | null = null;
	try {
		finishRestore(path.dirname(options.file), path.basename(options.file));
		const open = options.openDatabase ?? openSqlite;
		database = open(options.file, { synchronous: options.synchronous ?? 'FULL' });
		migrateStore(database);
		return new OpenStorage(options, database, () => lock.release());
	} catch (error) {
		database?.close();
		lock.release();
		throw error;
	}
}
