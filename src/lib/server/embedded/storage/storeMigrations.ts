/** The steps that bring a file from one store version to the next. `storeVersion.ts` runs them. */
import type { SqliteDatabase } from './sqlite.ts';

/** One version's difference. All steps a file needs run in one transaction, so a step needs no care for crashes. */
export interface StoreMigration {
	/** One statement each, in order. */
	readonly statements: readonly string[];
	/** What SQL alone cannot do, after the statements; everything it writes goes through `database`. */
	readonly fill?: (database: SqliteDatabase) => void;
}

/**
 * Step n takes a file of version n to n + 1. Steps are history: add to the end, never edit one that was released, and
 * add a fixture of the version before (`tests/embedded/operate/storeFixtures.ts`).
 *
 * Generic tables rather than one per user table: no DDL on a schema push, two statements serve every query, and the
 * order of keys is Convex's, which no SQLite collation can express. `index_entries` includes each table's `by_id`.
 */
export const MIGRATIONS: readonly StoreMigration[] = [
	{
		statements: [
			`CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
			`CREATE TABLE tables (num INTEGER PRIMARY KEY, component TEXT NOT NULL, name TEXT NOT NULL,
				UNIQUE (component, name))`,
			`CREATE TABLE indexes (id INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, name TEXT NOT NULL, fields TEXT NOT NULL,
				UNIQUE (tbl, name))`,
			`CREATE TABLE schemas (component TEXT PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID`,
			`CREATE TABLE documents (rid INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, json TEXT NOT NULL)`,
			`CREATE TABLE index_entries (idx INTEGER NOT NULL, key BLOB NOT NULL, rid INTEGER NOT NULL,
				PRIMARY KEY (idx, key)) WITHOUT ROWID`,
			`CREATE TABLE session_requests (session TEXT NOT NULL, request INTEGER NOT NULL, result TEXT NOT NULL,
				ts TEXT NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY (session, request)) WITHOUT ROWID`,
			`CREATE INDEX session_requests_by_age ON session_requests (created_ms)`,
		],
	},
	// Imported ids keep the table numbers they were made with, and every component of Convex counts from 10001.
	{
		statements: [
			`ALTER TABLE tables ADD COLUMN id_number INTEGER NOT NULL DEFAULT 0`,
			`UPDATE tables SET id_number = num`,
			`CREATE UNIQUE INDEX tables_by_id_number ON tables (component, id_number)`,
		],
	},
	// Text and vector search, staged indexes. The stored schemas are marked as other than any that is pushed, because
	// indexes they have long declared were not built so far.
	{
		statements: [
			`ALTER TABLE indexes ADD COLUMN staged INTEGER NOT NULL DEFAULT 0`,
			`CREATE TABLE search_indexes (id INTEGER PRIMARY KEY, tbl INTEGER NOT NULL, name TEXT NOT NULL,
				definition TEXT NOT NULL, staged INTEGER NOT NULL, UNIQUE (tbl, name))`,
			`CREATE TABLE text_rows (id INTEGER PRIMARY KEY, doc TEXT NOT NULL, created REAL NOT NULL,
				length INTEGER NOT NULL, filters TEXT NOT NULL, words TEXT NOT NULL)`,
			`CREATE VIRTUAL TABLE text_terms USING fts5(words, content = '', contentless_delete = 1, detail = none,
				tokenize = 'ascii')`,
			`CREATE VIRTUAL TABLE text_vocabulary USING fts5vocab('text_terms', 'row')`,
			`CREATE TABLE vector_rows (id INTEGER PRIMARY KEY, doc TEXT NOT NULL, filters TEXT NOT NULL,
				vector BLOB NOT NULL)`,
			`UPDATE schemas SET definition = json_set(definition, '$.isBeforeSearch', json('true'))
				WHERE json_type(definition) = 'object'`,
		],
	},
];
