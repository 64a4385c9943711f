/** What is written again and again does not fill the disk. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutate, openTestStorage, temporaryFolder } from '../storage/helpers.ts';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';

const TEXT = 'x'.repeat(2_000);

/** Documents that replace those of the round before. */
async function churn(storage: SqliteStorage, ids: string[], documents: number): Promise<string[]> {
	return mutate(storage, (db) => {
		for (const id of ids) db.remove('', id);
		return Array.from({ length: documents }, (_, n) => db.insert('', 'notes', { n, text: TEXT }));
	});
}

test('E3-4 space of deleted documents is used again', async () => {
	const file = join(temporaryFolder(), 'data.sqlite');
	const storage = openTestStorage({ file });
	let ids: string[] = [];
	const sizes: number[] = [];
	for (let round = 0; round < 40; round++) {
		ids = await churn(storage, ids, 200);
		sizes.push(storage.sizeBytes());
	}
	expect(sizes.at(-1)!).toBeLessThanOrEqual(sizes[19]! * 1.1);
});

test('E3-4 a long reader makes the log grow, and its end lets the log be used again from its start', async () => {
	const file = join(temporaryFolder(), 'data.sqlite');
	const storage = openTestStorage({ file });
	const logBytes = () => statSync(`${file}-wal`).size;
	let ids: string[] = [];
	const rounds = async (count: number) => {
		for (let i = 0; i < count; i++) ids = await churn(storage, ids, 100);
		return logBytes();
	};
	const alone = await rounds(30);
	const reader = storage.snapshot();
	const held = await rounds(60);
	expect(held).toBeGreaterThan(alone * 2);
	reader.dispose();
	await rounds(5);
	expect(await rounds(60)).toBeLessThanOrEqual(held * 1.1);
});
