import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import { STORE_VERSION } from '../../../src/lib/server/embedded/storage/storeVersion.ts';
import { codeOf, manualClock, openTestStorage, temporaryFolder } from '../storage/helpers.ts';
import { fixtureOf, hasFixture, sumsOf, writeFixtureStore } from './storeFixtures.ts';

const OLDER = Array.from({ length: STORE_VERSION - 1 }, (_, index) => index + 1);

function fixtureFile(version: number): string {
	const file = path.join(temporaryFolder(), 'convex.sqlite');
	writeFixtureStore(version, file);
	return file;
}

/** Without what a migration may add: it must change neither documents nor what finds them. */
function kept({ counts, documents, entries, instanceName }: ReturnType<typeof sumsOf>) {
	return { counts, documents, entries, instanceName };
}

function openAndKill(file: string, statement: number, mode = ''): Promise<boolean> {
	const script = path.join(import.meta.dirname, 'killAtStatement.ts');
	return new Promise((resolve, reject) => {
		execFile(process.execPath, [script, file, String(statement), mode], (error, stdout, stderr) => {
			if (stdout.trim() === 'done') resolve(true);
			else if (error?.signal === 'SIGKILL') resolve(false);
			else reject(new Error(stderr));
		});
	});
}

describe('R14 store migrations', () => {
	test('R14 every released version before this one has a fixture', () => {
		expect(OLDER.filter((version) => !hasFixture(version)).map(fixtureOf)).toEqual([]);
	});

	test.each(OLDER)('R14 a file of version %i opens with equal rows and sums', async (version) => {
		const file = fixtureFile(version);
		const before = sumsOf(file);
		expect(before.version).toBe(version);
		expect(before.counts.documents).toBeGreaterThan(40);
		const storage = openTestStorage({ file });
		expect(storage.checkIntegrity()).toMatchObject({
			problems: [],
			documents: before.counts.documents,
		});
		await storage.close();
		expect(sumsOf(file)).toMatchObject({ ...kept(before), version: STORE_VERSION });
	});

	test.each(OLDER)(
		'R14 killed at every statement, version %i is as before or done',
		async (version) => {
			const pristine = fixtureFile(version);
			const before = sumsOf(pristine);
			let cuts = 0;
			let isThrough = false;
			while (!isThrough) {
				cuts += 1;
				const file = path.join(temporaryFolder(), 'convex.sqlite');
				copyFileSync(pristine, file);
				isThrough = await openAndKill(file, cuts);
				const after = sumsOf(file);
				expect([version, STORE_VERSION]).toContain(after.version);
				expect(kept(after)).toEqual(kept(before));
				const storage = openTestStorage({ file });
				expect(storage.checkIntegrity().problems).toEqual([]);
				await storage.close();
				expect(sumsOf(file).version).toBe(STORE_VERSION);
			}
			// BEGIN, the statements of each step, the version, COMMIT.
			expect(cuts).toBeGreaterThan(5);
		},
		60_000,
	);

	test('R14 control: without the transaction, a kill leaves a file that does not open', async () => {
		const pristine = fixtureFile(1);
		const broken: string[] = [];
		for (let cut = 1, isThrough = false; !isThrough; cut++) {
			const file = path.join(temporaryFolder(), 'convex.sqlite');
			copyFileSync(pristine, file);
			isThrough = await openAndKill(file, cut, 'bare');
			const code = codeOf(() => openTestStorage({ file }));
			if (code !== undefined) broken.push(code);
		}
		expect(broken).toContain('SQLITE_ERROR');
	}, 60_000);

	test('R14 a file of a newer version is refused and stays as it is, byte for byte', () => {
		const file = fixtureFile(1);
		const raw = new Database(file);
		raw.exec(`UPDATE meta SET value = '${STORE_VERSION + 1}' WHERE key = 'storeVersion'`);
		raw.close();
		const digest = () => createHash('sha256').update(readFileSync(file)).digest('hex');
		const before = digest();
		expect(codeOf(() => openStorage({ file, clock: manualClock() }))).toBe('StoreTooNew');
		expect(digest()).toBe(before);
	});
});
