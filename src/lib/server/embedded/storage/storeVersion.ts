/** The file's own schema: created, migrated forward, and refused when a newer program wrote it. */
import type { SqliteDatabase } from './sqlite.ts';
import { MIGRATIONS } from './storeMigrations.ts';
import { FunctionError } from '../types.ts';

/** SQLite's application_id of our files, "trib": keeps us from treating a stranger's database as ours. */
const APPLICATION_ID = 0x74726962;

export const STORE_VERSION = MIGRATIONS.length;

/** Brings the file to STORE_VERSION in one transaction. Throws FunctionError 'StoreTooNew' or 'NotAStore'. */
export function migrateStore(database: SqliteDatabase): void {
	database.exec('BEGIN IMMEDIATE');
	try {
		const version = readVersion(database);
		if (version > STORE_VERSION) throw tooNew(version);
		for (const { statements, fill } of MIGRATIONS.slice(version)) {
			for (const statement of statements) database.exec(statement);
			fill?.(database);
		}
		if (version < STORE_VERSION) {
			database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
			database
				.prepare(
					`INSERT INTO meta (key, value) VALUES ('storeVersion', ?)
					ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
				)
				.run(String(STORE_VERSION));
		}
		database.exec('COMMIT');
	} catch (error) {
		if (database.inTransaction) database.exec('ROLLBACK');
		throw error;
	}
}

/** For readers that must not change the file. Throws FunctionError 'StoreTooNew', 'StoreTooOld' or 'NotAStore'. */
export function requireCurrentStore(database: SqliteDatabase): void {
	const version = readVersion(database);
	if (version > STORE_VERSION) throw tooNew(version);
	if (version < STORE_VERSION) {
		throw new FunctionError(
			'StoreTooOld',
			`The data was written by an older version of this program (store version ${version}, this program reads ` +
				`${STORE_VERSION}). Start the server on it once, which brings it up to date, and try again. Nothing was changed.`,
		);
	}
}

function tooNew(version: number): FunctionError {
	return new FunctionError(
		'StoreTooNew',
		`The data was written by a newer version of this program (store version ${version}, this program reads up to ` +
			`${STORE_VERSION}). Start the newer version again, or point this one at another data folder. Nothing was changed.`,
	);
}

function readVersion(database: SqliteDatabase): number {
	const tableCount = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as {
		n: number;
	};
	if (tableCount.n === 0) return 0;
	const isOurs = Number(database.pragma('application_id')) === APPLICATION_ID;
	const row = isOurs
		? (database.prepare(`SELECT value FROM meta WHERE key = 'storeVersion'`).get() as
				{ value: string } | undefined)
		: undefined;
	const version = Number(row?.value);
	if (!Number.isInteger(version) || version < 1) {
		throw new FunctionError(
			'NotAStore',
			'The data file is a SQLite database of another program. Choose an empty or existing data folder ' +
				'of this program. Nothing was changed.',
		);
	}
	return version;
}
