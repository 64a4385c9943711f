/**
 * A million documents: start to first answer, and memory then, against bare Node and SQLite over the same rows. Reported
 * without a goal; what must not happen is that either grows with what is stored. `-- 50000` for fewer.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { openEmbedded } from './embedded/backends.ts';
import { measureRatio } from './support/ratio.ts';
import { report } from './support/report.ts';

const documents = Number(process.argv[2] ?? 1_000_000);
const GROUPS = 100;
const BATCH = 5_000;
const folder = mkdtempSync(path.join(tmpdir(), 'tributary-bench-million-'));
const bareFile = path.join(folder, 'bare.sqlite');

const own = await openEmbedded(folder);
for (let from = 0; from < documents; from += BATCH) {
	await own.mutation('notes:seed', {
		from,
		count: Math.min(BATCH, documents - from),
		groups: GROUPS,
	});
}
await own.close();

const database = new Database(bareFile);
database.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, grp TEXT, rank REAL, body TEXT)');
database.exec('CREATE INDEX by_group ON notes (grp, rank)');
const insert = database.prepare('INSERT INTO notes (grp, rank, body) VALUES (?, ?, ?)');
database.transaction(() => {
	for (let i = 0; i < documents; i++) {
		const text = `note ${i}: ${'as long as a short sentence somebody typed. '.repeat(2)}`;
		insert.run(
			`g${i % GROUPS}`,
			i,
			JSON.stringify({ group: `g${i % GROUPS}`, rank: i, text, edits: 0 }),
		);
	}
})();
database.close();

const memory: Record<string, number[]> = { own: [], bare: [] };

/** Milliseconds from spawn to exit. */
function run(which: 'own' | 'bare', at: string): number {
	const startMs = performance.now();
	const script = path.join(import.meta.dirname, 'million', `${which}.ts`);
	const { stdout, stderr, status } = spawnSync(process.execPath, [script, at, 'g7'], {
		encoding: 'utf8',
	});
	const tookMs = performance.now() - startMs;
	if (status !== 0) throw new Error(stderr);
	const { rows, rss } = JSON.parse(stdout) as { rows: number; rss: number };
	if (rows !== 50) throw new Error(`${which} found ${rows} rows`);
	memory[which]!.push(rss / 2 ** 20);
	return tookMs;
}

const figure = await measureRatio(
	`start to first answer, ${documents} documents / bare Node + SQLite`,
	() => run('own', folder),
	() => run('bare', bareFile),
);
report('million', [figure]);
const middle = (values: number[]) =>
	values.toSorted((a, b) => a - b)[values.length >> 1]!.toFixed(0);
const MiB = (file: string) => (statSync(file).size / 2 ** 20).toFixed(0);
console.log(
	`memory after the first answer: ${middle(memory.own!)} MiB, bare ${middle(memory.bare!)} MiB`,
);
console.log(`file: ${MiB(path.join(folder, 'convex.sqlite'))} MiB, bare ${MiB(bareFile)} MiB`);
rmSync(folder, { recursive: true, force: true });
