import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import {
	collect,
	indexRange,
	openTestStorage,
	pluck,
	query,
	scan,
	temporaryFolder,
} from './helpers.ts';

const WRITERS = 16;
/** Kills after so many acknowledgements: during the first writes, between batches, in full flight. */
const KILL_AFTER_ACKS = [1, 7, 40, 111, 250, 500];

/** Runs the writer until it has acknowledged `acks` writes, kills it, and returns all it acknowledged. */
async function writeUntilKilled(file: string, round: number, acks: number): Promise<string[]> {
	const child = spawn(
		process.execPath,
		[join(import.meta.dirname, 'crashWriter.ts'), file, String(WRITERS), `round${round}`],
		{ stdio: ['ignore', 'pipe', 'inherit'] },
	);
	const exited = new Promise<NodeJS.Signals | null>((resolve) =>
		child.on('exit', (_code, signal) => resolve(signal)),
	);
	const acknowledged: string[] = [];
	// What was printed before the kill still arrives after it.
	for await (const line of createInterface({ input: child.stdout })) {
		acknowledged.push(line);
		if (acknowledged.length === acks) child.kill('SIGKILL');
	}
	expect(await exited).toBe('SIGKILL');
	return acknowledged;
}

test('no acknowledged write is lost when the process is killed, and none is half there', async () => {
	const file = join(temporaryFolder(), 'data.sqlite');
	const acknowledged: string[] = [];
	for (const [round, acks] of KILL_AFTER_ACKS.entries()) {
		acknowledged.push(...(await writeUntilKilled(file, round, acks)));
		const storage = openTestStorage({ file });
		expect(storage.checkIntegrity().problems).toEqual([]);
		query(storage, (db) => {
			const written = collect(db, indexRange('writes.by_writer')) as {
				writer: string;
				n: number;
			}[];
			const names = written.map(({ writer, n }) => `${writer} ${n}`);
			expect(new Set(names).size).toBe(names.length);
			const present = new Set(names);
			expect(acknowledged.filter((name) => !present.has(name))).toEqual([]);
			// The counter was changed in the same mutations.
			expect(pluck(collect(db, scan('counter')), 'count')).toEqual([names.length]);
			for (const { writer, n } of written) {
				expect(storage.findRequest(writer, n)).not.toBeNull();
			}
		});
		await storage.close();
	}
	expect(acknowledged.length).toBeGreaterThanOrEqual(KILL_AFTER_ACKS.reduce((a, b) => a + b));
}, 120_000);
