import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import { STORE_VERSION } from '../../../src/lib/server/embedded/storage/storeVersion.ts';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import {
	codeOf,
	collect,
	failingDisk,
	manualClock,
	mutate,
	openTestStorage,
	pluck,
	query,
	scan,
	START_MS,
	temporaryFolder,
} from './helpers.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

function newFile(): string {
	return join(temporaryFolder(), 'data.sqlite');
}

describe('the data file', () => {
	test('keeps documents, facts and time across a restart, also when the clock was set back', async () => {
		const file = newFile();
		const first = openTestStorage({ file });
		const before = await mutate(first, (db) => {
			const id = db.insert('', 'notes', { n: 1 });
			return db.get('', id) as { _id: string; _creationTime: number };
		});
		first.setMeta('crons', '{"a":1}');
		const ts = first.latestTs();
		await first.close();

		const second = openTestStorage({ file, clock: manualClock(START_MS - DAY_MS) });
		expect(second.latestTs()).toBe(ts);
		expect(second.getMeta('crons')).toBe('{"a":1}');
		expect(second.getMeta('cursorKey')).toBeNull();
		expect(query(second, (db) => db.get('', before._id))).toEqual(before);
		const later = await second.mutate(async (db) => {
			const id = db.insert('', 'notes', { n: 2 });
			return db.get('', id) as { _creationTime: number };
		});
		expect(later.ts).toBeGreaterThan(ts);
		expect(later.value._creationTime).toBeGreaterThan(before._creationTime);
		expect(query(second, (db) => pluck(collect(db, scan('notes')), 'n'))).toEqual([1, 2]);
	});

	test('is written with WAL and full synchronisation unless told otherwise', async () => {
		const file = newFile();
		const storage = openTestStorage({ file, synchronous: 'FULL' });
		await mutate(storage, (db) => db.insert('', 'notes', {}));
		expect(existsSync(`${file}-wal`)).toBe(true);
		expect(storage.sizeBytes()).toBeGreaterThan(0);
	});

	test.skipIf(process.platform === 'win32')('can be read by its owner only', async () => {
		const file = newFile();
		const storage = openTestStorage({ file });
		await mutate(storage, (db) => db.insert('', 'notes', {}));
		for (const suffix of ['', '-wal', '-shm', '.lock']) {
			expect(statSync(`${file}${suffix}`).mode & 0o777).toBe(0o600);
		}
	});

	test('of a newer version is refused, politely and untouched', async () => {
		const file = newFile();
		await openStorage({ file, clock: manualClock() }).close();
		const raw = new Database(file);
		raw
			.prepare(`UPDATE meta SET value = ? WHERE key = 'storeVersion'`)
			.run(String(STORE_VERSION + 1));
		raw.close();
		for (let attempt = 0; attempt < 2; attempt++) {
			expect(codeOf(() => openStorage({ file, clock: manualClock() }))).toBe('StoreTooNew');
		}
		const after = new Database(file);
		expect(after.prepare(`SELECT value FROM meta WHERE key = 'storeVersion'`).get()).toEqual({
			value: String(STORE_VERSION + 1),
		});
		after.close();
	});

	test('of another program is refused', () => {
		const file = newFile();
		const raw = new Database(file);
		raw.exec('CREATE TABLE strangers (a)');
		raw.close();
		expect(codeOf(() => openStorage({ file, clock: manualClock() }))).toBe('NotAStore');
	});

	test('that is no database at all is refused and the lock is free again', () => {
		const file = newFile();
		writeFileSync(file, 'not a database, but long enough to be looked at'.repeat(100));
		expect(codeOf(() => openStorage({ file, clock: manualClock() }))).toBe('SQLITE_NOTADB');
		expect(codeOf(() => openStorage({ file, clock: manualClock() }))).toBe('SQLITE_NOTADB');
	});

	test('belongs to one process, and is free again after that process ends', async () => {
		const file = newFile();
		const storage = openTestStorage({ file });
		const script = `import { openStorage } from ${JSON.stringify(new URL('../../../src/lib/server/embedded/storage/storage.ts', import.meta.url).href)};
			try { openStorage({ file: process.argv[1], clock: { now: () => 0 } }); console.log('opened'); }
			catch (error) { console.log(error.code); }`;
		const open = () =>
			spawnSync(process.execPath, ['--input-type=module', '-e', script, file], {
				encoding: 'utf8',
			}).stdout.trim();
		expect(open()).toBe('StoreInUse');
		await storage.close();
		expect(open()).toBe('opened');
	});
});

describe('a disk that fails', () => {
	test.each(['COMMIT', 'BEGIN IMMEDIATE'])(
		'at %s: nothing is kept, and the engine goes on',
		async (moment) => {
			const disk = failingDisk(moment);
			const storage = openTestStorage({ openDatabase: disk.open });
			await mutate(storage, (db) => db.insert('', 'notes', { n: 0 }));
			const ts = storage.latestTs();
			let commits = 0;
			storage.onCommit(() => commits++);
			disk.isBroken = true;
			const results = await Promise.allSettled([
				mutate(storage, (db) => db.insert('', 'notes', { n: 1 })),
				mutate(storage, (db) => db.insert('', 'newTable', { n: 2 })),
			]);
			for (const result of results) {
				expect(result).toMatchObject({ status: 'rejected', reason: { code: 'CommitFailed' } });
			}
			expect([storage.latestTs(), commits]).toEqual([ts, 0]);
			disk.isBroken = false;
			await mutate(storage, (db) => {
				expect(pluck(collect(db, scan('notes')), 'n')).toEqual([0]);
				db.insert('', 'otherTable', { n: 3 });
				db.insert('', 'newTable', { n: 4 });
			});
			query(storage, (db) => {
				expect(pluck(collect(db, scan('otherTable')), 'n')).toEqual([3]);
				expect(pluck(collect(db, scan('newTable')), 'n')).toEqual([4]);
			});
			expect(storage.checkIntegrity().problems).toEqual([]);
		},
	);
});

describe('replay records', () => {
	test('are found with the result and timestamp of the commit they rode in', async () => {
		const storage = openTestStorage();
		const { ts } = await storage.mutate(async (db) => {
			db.insert('', 'notes', {});
			db.rememberRequest('session', 7, '{"ok":true}');
		});
		expect(storage.findRequest('session', 7)).toEqual({ resultJson: '{"ok":true}', ts });
		expect(storage.findRequest('session', 8)).toBeNull();
		await expect(
			mutate(storage, (db) => {
				db.rememberRequest('session', 8, 'null');
				throw new Error('failed');
			}),
		).rejects.toThrow('failed');
		expect(storage.findRequest('session', 8)).toBeNull();
	});

	test('of one batch are seen by the next mutation, before they are durable', async () => {
		const storage = openTestStorage();
		const [, seen] = await Promise.all([
			mutate(storage, (db) => db.rememberRequest('session', 1, '1')),
			mutate(storage, () => storage.findRequest('session', 1)?.resultJson),
		]);
		expect(seen).toBe('1');
	});

	test('live for seven days at least, and not much longer', async () => {
		const clock = manualClock();
		const storage = openTestStorage({ clock });
		await mutate(storage, (db) => db.rememberRequest('session', 1, '1'));
		clock.ms += 7 * DAY_MS - 1;
		await mutate(storage, (db) => db.rememberRequest('session', 2, '2'));
		expect(storage.findRequest('session', 1)).not.toBeNull();
		clock.ms += DAY_MS;
		await mutate(storage, (db) => db.rememberRequest('session', 3, '3'));
		expect(storage.findRequest('session', 1)).toBeNull();
		expect(storage.findRequest('session', 2)).not.toBeNull();
	});

	test('of calls without a session go within hours, and with the server that made them', async () => {
		const clock = manualClock();
		const storage = openTestStorage({ clock });
		const own = 'engine:this';
		for (const session of ['engine:before', own, 'session']) {
			await mutate(storage, (db) => db.rememberRequest(session, 1, '1'));
		}
		storage.forgetCalls(own);
		expect(storage.findRequest('engine:before', 1)).toBeNull();
		expect(storage.findRequest(own, 1)).not.toBeNull();
		clock.ms += 2 * 60 * 60 * 1000;
		await mutate(storage, (db) => db.rememberRequest(own, 2, '2'));
		expect(storage.findRequest(own, 1)).toBeNull();
		expect(storage.findRequest(own, 2)).not.toBeNull();
		expect(storage.findRequest('session', 1)).not.toBeNull();
	});
});

describe('limits of one transaction', () => {
	const LIMITS = {
		documentsRead: 5,
		bytesRead: 2_000,
		databaseQueries: 4,
		documentsWritten: 5,
		bytesWritten: 2_000,
	};

	test.each<[string, (db: Parameters<Parameters<typeof mutate>[1]>[0]) => void]>([
		['TooManyDocumentsRead', (db) => void collect(db, scan('notes'))],
		['TooManyReads', (db) => Array.from({ length: 5 }, () => db.openStream('', scan('notes')))],
		['TooManyBytesRead', (db) => void collect(db, scan('large'))],
		['TooManyWrites', (db) => Array.from({ length: 6 }, () => db.insert('', 'notes', {}))],
		['TooManyBytesWritten', (db) => void db.insert('', 'notes', { a: 'x'.repeat(2_000) })],
	])('%s', async (code, exceed) => {
		const file = newFile();
		const filling = openTestStorage({ file });
		await mutate(filling, (db) => {
			for (let n = 0; n < 6; n++) db.insert('', 'notes', { n });
			for (let n = 0; n < 4; n++) db.insert('', 'large', { text: 'x'.repeat(900) } as JsonValue);
		});
		await filling.close();
		const storage = openTestStorage({ file, limits: LIMITS });
		await expect(mutate(storage, exceed)).rejects.toMatchObject({ code });
		await storage.mutate(async (db) => {
			db.insert('', 'notes', {});
			expect(db.meter.usage.documentsWritten).toBe(1);
		});
	});
});
