/**
 * Data files as released versions of the program wrote them, kept as SQL: `fixtures/store<version>.sql`. When a
 * migration is added, the file of the version before it is written with `dumpStore` and never changed again.
 * Run as a program: `storeFixtures.ts <data file> <fixture to write>`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';

const FOLDER = path.join(import.meta.dirname, 'fixtures');

export function fixtureOf(version: number): string {
	return path.join(FOLDER, `store${version}.sql`);
}

export function hasFixture(version: number): boolean {
	return existsSync(fixtureOf(version));
}

/** Makes `file` the data file that `version` of the program would have left. */
export function writeFixtureStore(version: number, file: string): void {
	const database = new Database(file);
	database.pragma('journal_mode = WAL');
	database.exec(readFileSync(fixtureOf(version), 'utf8'));
	database.close();
}

export interface StoreSums {
	version: number;
	/** Rows of each table of the file. */
	counts: Record<string, number>;
	/** SHA-256 over all documents with their row ids, and over all index entries. */
	documents: string;
	entries: string;
	instanceName: string;
}

const TABLES = ['tables', 'indexes', 'schemas', 'documents', 'index_entries', 'session_requests'];

/** What must be the same before and after a migration. Reads the file without our code. */
export function sumsOf(file: string): StoreSums {
	const database = new Database(file, { readonly: true });
	try {
		const one = (sql: string) => database.prepare(sql).pluck().get();
		const digest = (sql: string) => {
			const hash = createHash('sha256');
			for (const row of database.prepare(sql).raw().iterate() as Iterable<unknown[]>) {
				hash.update(`${row.map((value) => textOf(value)).join('|')}\n`);
			}
			return hash.digest('hex');
		};
		return {
			version: Number(one(`SELECT value FROM meta WHERE key = 'storeVersion'`)),
			counts: Object.fromEntries(
				TABLES.map((table) => [table, one(`SELECT count(*) FROM ${table}`) as number]),
			),
			documents: digest('SELECT rid, tbl, json FROM documents ORDER BY rid'),
			entries: digest('SELECT idx, key, rid FROM index_entries ORDER BY idx, key'),
			instanceName: String(one(`SELECT value FROM meta WHERE key = 'engine:instanceName'`)),
		};
	} finally {
		database.close();
	}
}

/** The whole file as SQL text. */
export function dumpStore(file: string): string {
	const database = new Database(file, { readonly: true });
	const schema = database
		.prepare(`SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid`)
		.all() as { type: string; name: string; sql: string }[];
	const lines = [`PRAGMA application_id = ${database.pragma('application_id', { simple: true })};`];
	for (const { sql } of schema) lines.push(`${sql.replaceAll(/\s+/g, ' ')};`);
	for (const { name } of schema.filter(({ type }) => type === 'table')) {
		for (const row of database.prepare(`SELECT * FROM ${name}`).raw().iterate()) {
			lines.push(`INSERT INTO ${name} VALUES (${(row as unknown[]).map(literal).join(', ')});`);
		}
	}
	database.close();
	return `${lines.join('\n')}\n`;
}

function textOf(value: unknown): string {
	return Buffer.isBuffer(value) ? value.toString('hex') : String(value);
}

function literal(value: unknown): string {
	if (value === null || typeof value === 'number') return String(value ?? 'NULL');
	if (Buffer.isBuffer(value)) return `X'${value.toString('hex')}'`;
	return `'${String(value).replaceAll(`'`, `''`)}'`;
}

if (import.meta.main) writeFileSync(process.argv[3]!, dumpStore(process.argv[2]!));
