/** What a durable write costs at least: one row, one commit, the settings of the embedded deployment. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';

export interface BareSqlite {
	insert(text: string, at: number): void;
	close(): void;
}

export function openBareSqlite(): BareSqlite {
	const folder = mkdtempSync(path.join(tmpdir(), 'tributary-bench-sqlite-'));
	const database = new Database(path.join(folder, 'bare.sqlite'));
	database.pragma('journal_mode = WAL');
	database.pragma('synchronous = FULL');
	database.exec(`CREATE TABLE entries (id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID`);
	const statement = database.prepare('INSERT INTO entries VALUES (?, ?)');
	let count = 0;
	return {
		insert: (text, at) => void statement.run(String(count++), JSON.stringify({ text, at })),
		close() {
			database.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
