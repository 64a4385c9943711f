import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { GroupCommit } from '../../../src/lib/server/embedded/storage/groupCommit.ts';
import type { SqliteDatabase } from '../../../src/lib/server/embedded/storage/sqlite.ts';
import { collect, mutate, openTestStorage, pluck, query, scan } from './helpers.ts';

/** A promise and what settles it. */
function gate() {
	let open = () => {};
	const opened = new Promise<void>((resolve) => {
		open = resolve;
	});
	return { open, opened };
}

describe('mutations', () => {
	test('run one at a time, in the order they came, each seeing the one before', async () => {
		const storage = openTestStorage();
		const values = await Promise.all(
			Array.from({ length: 50 }, () =>
				mutate(storage, async (db) => {
					const seen = db.count('', 'notes');
					await Promise.resolve();
					db.insert('', 'notes', { n: seen });
					return seen;
				}),
			),
		);
		expect(values).toEqual(Array.from({ length: 50 }, (_, i) => i));
		expect(query(storage, (db) => pluck(collect(db, scan('notes')), 'n'))).toEqual(values);
	});

	test('run in the async context of their own caller', async () => {
		const storage = openTestStorage();
		const context = new AsyncLocalStorage<number>();
		const seen = await Promise.all(
			[1, 2, 3].map((n) => context.run(n, () => mutate(storage, async () => context.getStore()))),
		);
		expect(seen).toEqual([1, 2, 3]);
	});

	test('a failing one leaves nothing and does not disturb its neighbours', async () => {
		const storage = openTestStorage();
		const results = await Promise.allSettled([
			mutate(storage, (db) => db.insert('', 'notes', { n: 1 })),
			mutate(storage, (db) => {
				db.insert('', 'notes', { n: 2 });
				db.insert('', 'unheardOf', {});
				throw new Error('no');
			}),
			mutate(storage, (db) => db.insert('', 'notes', { n: 3 })),
		]);
		expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
		query(storage, (db) => {
			expect(pluck(collect(db, scan('notes')), 'n')).toEqual([1, 3]);
			expect(db.normalizeId('', 'unheardOf', 'x')).toBeNull();
		});
		expect(storage.checkIntegrity().problems).toEqual([]);
	});

	test('a waiting mutation keeps neither queries waiting nor results of earlier mutations back', async () => {
		const storage = openTestStorage();
		const { open, opened } = gate();
		const first = mutate(storage, (db) => db.insert('', 'notes', { n: 1 }));
		const slow = mutate(storage, async (db) => {
			db.insert('', 'notes', { n: 2 });
			await opened;
			return pluck(collect(db, scan('notes')), 'n');
		});
		await first;
		query(storage, (db) => expect(pluck(collect(db, scan('notes')), 'n')).toEqual([1]));
		open();
		expect(await slow).toEqual([1, 2]);
		query(storage, (db) => expect(pluck(collect(db, scan('notes')), 'n')).toEqual([1, 2]));
	});

	test('timestamps grow by commit, are reported in order, and cover the snapshot', async () => {
		const storage = openTestStorage();
		const reported: bigint[] = [];
		storage.onCommit((commit) => {
			reported.push(commit.ts);
			// Listeners hear of a commit when snapshots show it.
			expect(storage.latestTs()).toBeGreaterThanOrEqual(commit.ts);
		});
		const commits = await Promise.all(
			[1, 2, 3].map((n) => storage.mutate(async (db) => db.insert('', 'notes', { n }))),
		);
		expect(reported).toEqual(commits.map((commit) => commit.ts));
		expect([...new Set(reported)].sort()).toEqual(reported);
		expect(storage.latestTs()).toBe(reported.at(-1));
		expect(query(storage, (db) => db.ts)).toBe(storage.latestTs());
		const { ts } = await storage.mutate(async (db) => db.count('', 'notes'));
		expect(ts).toBe(storage.latestTs());
		expect(reported).toHaveLength(3);
	});

	test('a listener that throws harms nobody', async () => {
		const events: string[] = [];
		const storage = openTestStorage({ log: (event) => events.push(event) });
		let heard = 0;
		storage.onCommit(() => {
			throw new Error('bad listener');
		});
		const stop = storage.onCommit(() => heard++);
		await mutate(storage, (db) => db.insert('', 'notes', {}));
		stop();
		await mutate(storage, (db) => db.insert('', 'notes', {}));
		expect([heard, events]).toEqual([1, ['storage.listenerFailed', 'storage.listenerFailed']]);
	});

	test('what was accepted before close is done, what comes later is refused', async () => {
		const storage = openTestStorage();
		const accepted = mutate(storage, (db) => db.insert('', 'notes', {}));
		const closing = storage.close();
		await expect(mutate(storage, () => 0)).rejects.toMatchObject({ code: 'StorageClosed' });
		expect(await accepted).toHaveLength(32);
		await closing;
	});
});

/** A database that records what it is told and fails when asked to. */
function scriptedDatabase() {
	const state = { log: [] as string[], inTransaction: false, failOn: '' };
	const database: SqliteDatabase = {
		exec(sql) {
			state.log.push(sql);
			if (sql === state.failOn) throw new Error(`${sql} failed`);
			state.inTransaction = sql.startsWith('BEGIN');
		},
		prepare: () => {
			throw new Error('unused');
		},
		pragma: () => null,
		get inTransaction() {
			return state.inTransaction;
		},
		copyTo: () => Promise.reject(new Error('unused')),
		close: () => {},
	};
	return { state, database };
}

describe('a batch', () => {
	function setUp() {
		const { state, database } = scriptedDatabase();
		const events: string[] = [];
		const group = new GroupCommit(database, {
			beforeCommit: () => events.push('before'),
			onDurable: (commits) => events.push(`durable ${commits.length}`),
			onLost: () => events.push('lost'),
			writeFence: () => events.push('fence'),
			onReadOnly: (cause) => events.push(cause ? 'read only' : 'writable'),
		});
		const write = (name: string, run: () => Promise<void> = async () => {}) =>
			group.mutate({
				run: async () => {
					await run();
					return name;
				},
				apply: () => () => ({ ts: 1n, writes: [], touchedScheduler: false }),
			});
		const read = (name: string, run: () => Promise<void> = async () => {}) =>
			group.mutate({
				run: async () => {
					await run();
					return name;
				},
				apply: () => null,
			});
		return { state, events, group, write, read };
	}

	test('of mutations that came together has one COMMIT', async () => {
		const { state, events, write } = setUp();
		await Promise.all([write('a'), write('b'), write('c')]);
		expect(state.log).toEqual(['BEGIN IMMEDIATE', 'COMMIT']);
		expect(events).toEqual(['before', 'durable 3']);
	});

	test('holds back the result of a reader that may have seen it', async () => {
		const { events, write, read } = setUp();
		const order: string[] = [];
		await Promise.all([
			write('a').then(() => order.push(`a after ${events.at(-1)}`)),
			read('b').then(() => order.push(`b after ${events.at(-1)}`)),
		]);
		expect(order).toEqual(['a after durable 1', 'b after durable 1']);
	});

	test('whose COMMIT fails rejects all its waiters, and the next one works', async () => {
		const { state, events, write, read } = setUp();
		state.failOn = 'COMMIT';
		const failures = await Promise.allSettled([write('a'), read('b'), write('c')]);
		for (const failure of failures) {
			expect(failure).toMatchObject({ status: 'rejected', reason: { code: 'CommitFailed' } });
		}
		// The batch, and the fence that was to be written over it.
		const failing = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'];
		expect(state.log).toEqual([...failing, ...failing]);
		expect(events).toEqual(['before', 'lost', 'read only', 'fence']);
		state.failOn = '';
		expect(await write('d')).toBe('d');
		expect(events.slice(4)).toEqual(['fence', 'writable', 'before', 'durable 1']);
		expect(events.at(-1)).toBe('durable 1');
	});

	test('that is lost under a running mutation takes that mutation with it', async () => {
		const { state, write } = setUp();
		const { open, opened } = gate();
		state.failOn = 'COMMIT';
		const first = write('a');
		const slow = write('slow', () => opened);
		await expect(first).rejects.toMatchObject({ code: 'CommitFailed' });
		state.failOn = '';
		open();
		await expect(slow).rejects.toMatchObject({ code: 'CommitFailed' });
		expect(await write('b')).toBe('b');
	});

	test('is flushed before an exclusive task, which nothing overlaps', async () => {
		const { state, group, write } = setUp();
		const { open, opened } = gate();
		const first = write('a');
		const exclusive = group.exclusive(async () => {
			state.log.push('start');
			await opened;
			state.log.push('end');
		});
		const last = write('b');
		await first;
		open();
		await Promise.all([exclusive, last]);
		expect(state.log).toEqual([
			'BEGIN IMMEDIATE',
			'COMMIT',
			'start',
			'end',
			'BEGIN IMMEDIATE',
			'COMMIT',
		]);
	});

	test('does not grow without end while mutations follow each other', async () => {
		const { state, write } = setUp();
		await Promise.all(Array.from({ length: 600 }, (_, i) => write(String(i))));
		expect(state.log.filter((sql) => sql === 'COMMIT').length).toBeGreaterThanOrEqual(3);
	});
});
