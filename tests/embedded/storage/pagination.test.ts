import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DbSession, JsonValue, PageRequest } from '../../../src/lib/server/embedded/types.ts';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import {
	collect,
	indexRange,
	manualClock,
	mutate,
	openTestStorage,
	pluck,
	query,
	scan,
	schema,
	table,
	temporaryFolder,
} from './helpers.ts';
import { join } from 'node:path';

async function withNotes(count: number, options = {}): Promise<SqliteStorage> {
	const storage = openTestStorage(options);
	await mutate(storage, (db) => {
		for (let n = 0; n < count; n++) db.insert('', 'notes', { n });
	});
	return storage;
}

function page(storage: SqliteStorage, request: Partial<PageRequest> = {}) {
	return query(storage, (db) =>
		db.page('', { query: scan('notes'), cursor: null, endCursor: null, pageSize: 3, ...request }),
	);
}

function caught(run: () => unknown): { code?: string; data?: JsonValue } {
	try {
		run();
	} catch (error) {
		return error as { code?: string; data?: JsonValue };
	}
	throw new Error('nothing was thrown');
}

const INVALID_CURSOR = {
	code: 'InvalidCursor',
	data: { isConvexSystemError: true, paginationError: 'InvalidCursor' },
};

describe('pages', () => {
	test.each(['asc', 'desc'] as const)('walk everything once, %s', async (order) => {
		const storage = await withNotes(8);
		const seen: JsonValue[] = [];
		let cursor: string | null = null;
		for (let round = 0; round < 10; round++) {
			const result = page(storage, { query: scan('notes', order), cursor });
			seen.push(...pluck(result.page, 'n'));
			cursor = result.continueCursor;
			if (result.isDone) break;
		}
		const expected = [0, 1, 2, 3, 4, 5, 6, 7];
		expect(seen).toEqual(order === 'asc' ? expected : expected.reverse());
	});

	test('a full last page is not done; the empty one after it is', async () => {
		const storage = await withNotes(3);
		const full = page(storage);
		expect([full.page.length, full.isDone]).toEqual([3, false]);
		const empty = page(storage, { cursor: full.continueCursor });
		expect([empty.page.length, empty.isDone]).toEqual([0, true]);
		const beyond = page(storage, { cursor: empty.continueCursor });
		expect([beyond.page.length, beyond.isDone]).toEqual([0, true]);
	});

	test('pinned by an end cursor they grow and shrink with their documents, without gaps', async () => {
		const storage = await withNotes(9);
		const first = page(storage);
		const second = page(storage, { cursor: first.continueCursor });
		await mutate(storage, (db) => {
			const documents = first.page as { _id: string; n: number }[];
			db.remove('', documents[2]!._id);
			db.remove('', (second.page[1] as { _id: string })._id);
		});
		const firstAgain = page(storage, { endCursor: first.continueCursor });
		const secondAgain = page(storage, {
			cursor: first.continueCursor,
			endCursor: second.continueCursor,
		});
		expect(pluck(firstAgain.page, 'n')).toEqual([0, 1]);
		expect(pluck(secondAgain.page, 'n')).toEqual([3, 5]);
		expect(firstAgain.continueCursor).toBe(first.continueCursor);
		expect(firstAgain.isDone).toBe(false);
	});

	test('a pinned last page shows what is appended', async () => {
		const storage = await withNotes(2);
		const last = page(storage);
		expect(last.isDone).toBe(true);
		await mutate(storage, (db) => [7, 8, 9].map((n) => db.insert('', 'notes', { n })));
		const again = page(storage, { endCursor: last.continueCursor });
		expect(pluck(again.page, 'n')).toEqual([0, 1, 7, 8, 9]);
		expect(again.isDone).toBe(true);
	});

	test.each(['asc', 'desc'] as const)('splitCursor halves a page, %s', async (order) => {
		const storage = await withNotes(10);
		const json = scan('notes', order);
		const whole = page(storage, { query: json, pageSize: 8 });
		const left = page(storage, { query: json, endCursor: whole.splitCursor });
		const right = page(storage, {
			query: json,
			cursor: whole.splitCursor,
			endCursor: whole.continueCursor,
		});
		expect([left.page.length, right.page.length]).toEqual([4, 4]);
		expect([...left.page, ...right.page]).toEqual(whole.page);
	});

	test('maximumRowsRead and maximumBytesRead end a page early, after one row at least', async () => {
		const storage = await withNotes(10);
		const nothing = scan('notes', 'asc', [{ filter: { $literal: false } }]);
		const rows = page(storage, { query: nothing, maximumRowsRead: 4 });
		expect([rows.page.length, rows.isDone]).toEqual([0, false]);
		const bytes = page(storage, { maximumBytesRead: 1 });
		expect(pluck(bytes.page, 'n')).toEqual([0]);
		expect(pluck(page(storage, { cursor: bytes.continueCursor }).page, 'n')).toEqual([1, 2, 3]);
		let cursor: string | null = rows.continueCursor;
		let rounds = 1;
		for (let isDone = false; !isDone; rounds++) {
			const next = page(storage, { query: nothing, maximumRowsRead: 4, cursor });
			cursor = next.continueCursor;
			isDone = next.isDone;
		}
		expect(rounds).toBe(3);
	});

	test('a pinned page that outgrew its maximum is cut, until it is split; one near it is whole and asks to be', async () => {
		const storage = await withNotes(10);
		const { continueCursor } = page(storage, { pageSize: 9 });
		const pinned = (endCursor: string, cursor: string | null, maximumRowsRead: number) =>
			page(storage, { cursor, endCursor, maximumRowsRead });
		const near = pinned(continueCursor, null, 9);
		expect([near.page.length, near.pageStatus]).toEqual([9, 'SplitRecommended']);
		expect(pinned(continueCursor, null, 12).pageStatus).toBeNull();
		const cut = pinned(continueCursor, null, 4);
		expect([cut.page.length, cut.pageStatus]).toEqual([4, 'SplitRequired']);
		expect(cut.continueCursor).toBe(continueCursor);
		const left = pinned(cut.splitCursor!, null, 4);
		const right = pinned(continueCursor, cut.splitCursor, 4);
		expect([left.page.length, left.pageStatus]).toEqual([2, null]);
		expect([right.page.length, right.pageStatus]).toEqual([4, 'SplitRequired']);
		expect(pluck([...left.page, ...right.page], 'n')).toEqual([0, 1, 2, 3, 4, 5]);
	});

	test('a cut page can be split although nothing in it matched, and down to single rows', async () => {
		const storage = await withNotes(6);
		const nothing = scan('notes', 'asc', [{ filter: { $literal: false } }]);
		const whole = page(storage, { query: nothing, pageSize: 1 });
		const split = (cursor: string | null, endCursor: string): number => {
			const limits = { query: nothing, cursor, endCursor, maximumBytesRead: 1 };
			const { page: rows, pageStatus, splitCursor } = page(storage, limits);
			expect(rows).toEqual([]);
			if (pageStatus !== 'SplitRequired') return 1;
			return split(cursor, splitCursor!) + split(splitCursor, endCursor);
		};
		expect(split(null, whole.continueCursor)).toBeGreaterThanOrEqual(6);
	});

	test('filters and limits apply within a page', async () => {
		const storage = await withNotes(10);
		const even = scan('notes', 'asc', [
			{ filter: { $eq: [{ $mod: [{ $field: 'n' }, { $literal: 2 }] }, { $literal: 0 }] } },
		]);
		const first = page(storage, { query: even });
		expect(pluck(first.page, 'n')).toEqual([0, 2, 4]);
		const second = page(storage, { query: even, cursor: first.continueCursor });
		expect(pluck(second.page, 'n')).toEqual([6, 8]);
		expect(second.isDone).toBe(true);
	});

	test('see what the mutation itself has written', async () => {
		const storage = await withNotes(4);
		await mutate(storage, (db: DbSession) => {
			const request = { query: scan('notes', 'desc'), cursor: null, endCursor: null, pageSize: 2 };
			db.insert('', 'notes', { n: 99 });
			const first = db.page('', request);
			db.remove('', (first.page[1] as { _id: string })._id);
			const second = db.page('', { ...request, cursor: first.continueCursor });
			expect([...pluck(first.page, 'n'), ...pluck(second.page, 'n')]).toEqual([99, 3, 2, 1]);
		});
	});

	test('record the interval they read', async () => {
		const storage = await withNotes(6);
		const bounds = query(storage, (db) => {
			db.page('', { query: scan('notes'), cursor: null, endCursor: null, pageSize: 2 });
			return db.readSet();
		});
		expect(bounds).toHaveLength(1);
	});
});

test('pages pinned by their cursors hold everything exactly once, whatever was written since', async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.record({
				order: fc.constantFrom('asc' as const, 'desc' as const),
				start: fc.array(fc.nat(20), { maxLength: 30, size: 'max' }),
				pageSize: fc.integer({ min: 1, max: 7 }),
				removed: fc.array(fc.nat(29), { maxLength: 10, size: 'max' }),
				added: fc.array(fc.nat(20), { maxLength: 10, size: 'max' }),
			}),
			async ({ order, start, pageSize, removed, added }) => {
				const storage = openTestStorage();
				await storage.pushSchemas(new Map([['', schema(table('notes', { by_n: ['n'] }))]]));
				const ids = await mutate(storage, (db) => start.map((n) => db.insert('', 'notes', { n })));
				const json = indexRange('notes.by_n', [], order);
				const cursors: (string | null)[] = [null];
				for (let isDone = false; !isDone;) {
					const result = page(storage, { query: json, cursor: cursors.at(-1)!, pageSize });
					cursors.push(result.continueCursor);
					isDone = result.isDone;
				}
				await mutate(storage, (db) => {
					for (const at of new Set(removed)) if (ids[at]) db.remove('', ids[at]);
					for (const n of added) db.insert('', 'notes', { n });
				});
				const again = cursors
					.slice(1)
					.flatMap(
						(endCursor, i) =>
							page(storage, { query: json, cursor: cursors[i]!, endCursor, pageSize }).page,
					);
				expect(again).toEqual(query(storage, (db) => collect(db, json)));
				await storage.close();
			},
		),
		{ numRuns: 60 },
	);
});

describe('cursors', () => {
	test('are the same for the same place, so that unchanged pages compare equal', async () => {
		const storage = await withNotes(6);
		expect(page(storage)).toEqual(page(storage));
	});

	test('of another query, damaged, or made up are refused with what clients recognise', async () => {
		const storage = await withNotes(6);
		const { continueCursor } = page(storage);
		const attempts: Partial<PageRequest>[] = [
			{ query: scan('notes', 'desc'), cursor: continueCursor },
			{ query: indexRange('notes.by_id'), cursor: continueCursor },
			{ query: scan('notes', 'asc', [{ limit: 5 }]), cursor: continueCursor },
			{ cursor: `${continueCursor.slice(0, -2)}AA` },
			{ cursor: '' },
			{ cursor: 'nonsense' },
			{ endCursor: 'nonsense' },
			{ cursor: 5 as unknown as string },
		];
		for (const attempt of attempts) {
			expect(caught(() => page(storage, attempt))).toMatchObject(INVALID_CURSOR);
		}
	});

	test('of another component are refused', async () => {
		const storage = await withNotes(6);
		const { continueCursor: cursor } = page(storage);
		await mutate(storage, (db) => db.insert('part', 'notes', {}));
		const request = { query: scan('notes'), cursor, endCursor: null, pageSize: 1 };
		expect(caught(() => query(storage, (db) => db.page('part', request)))).toMatchObject(
			INVALID_CURSOR,
		);
	});

	test('outlive a restart', async () => {
		const file = join(temporaryFolder(), 'data.sqlite');
		const before = await withNotes(6, { file });
		const { continueCursor } = page(before);
		await before.close();
		const after = openTestStorage({ file, clock: manualClock() });
		expect(pluck(page(after, { cursor: continueCursor }).page, 'n')).toEqual([3, 4, 5]);
	});

	test.each([0, -1, 1.5, NaN])('page size %s is refused', async (pageSize) => {
		const storage = await withNotes(1);
		expect(caught(() => page(storage, { pageSize })).code).toBe('InvalidPageSize');
	});
});
