/**
 * Read sets against the naive model: a write that changes what a query gives must touch what it read, and one that
 * touches nothing of it must change nothing. A read set may be too large, never too small.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type {
	Commit,
	DbSession,
	JsonValue,
	KeyRange,
} from '../../../src/lib/server/embedded/types.ts';
import {
	collect,
	indexRange,
	mutate,
	openTestStorage,
	query,
	scan,
	schema,
	table,
} from './helpers.ts';

const RUNS = 120;
const value: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue>(null, 0, 1, 2, 3, 'a', 'b');
const fields = fc.record({ a: value, b: value }, { requiredKeys: [] });

/** What a live query may do with one table. */
const reading = fc.oneof(
	fc.record({
		kind: fc.constant('take' as const),
		lower: value,
		upper: value,
		isDescending: fc.boolean(),
		count: fc.nat(4),
		filter: fc.option(value),
	}),
	fc.record({ kind: fc.constant('get' as const), at: fc.nat() }),
	fc.record({ kind: fc.constant('count' as const) }),
	fc.record({ kind: fc.constant('page' as const), size: fc.integer({ min: 1, max: 3 }) }),
);
type Reading = typeof reading extends fc.Arbitrary<infer T> ? T : never;

const write = fc.oneof(
	fc.record({ op: fc.constant('insert' as const), fields }),
	fc.record({ op: fc.constant('replace' as const), at: fc.nat(), fields }),
	fc.record({ op: fc.constant('remove' as const), at: fc.nat() }),
	fc.record({ op: fc.constant('elsewhere' as const), fields }),
);
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

function read(db: DbSession, one: Reading, ids: string[]): JsonValue {
	if (one.kind === 'get') return ids.length === 0 ? null : db.get('', ids[one.at % ids.length]!);
	if (one.kind === 'count') return db.count('', 'things');
	if (one.kind === 'page') {
		const { page, isDone } = db.page('', {
			query: scan('things'),
			cursor: null,
			endCursor: null,
			pageSize: one.size,
		});
		return [page, isDone];
	}
	const equal = { $eq: [{ $field: 'b' }, { $literal: one.filter }] as JsonValue };
	return collect(
		db,
		indexRange(
			'things.by_a',
			[
				{ type: 'Gte', fieldPath: 'a', value: one.lower },
				{ type: 'Lt', fieldPath: 'a', value: one.upper },
			],
			one.isDescending ? 'desc' : 'asc',
			[...(one.filter === null ? [] : [{ filter: equal }]), { limit: one.count }],
		),
	);
}

function apply(db: DbSession, one: Write, ids: string[]): void {
	if (one.op === 'elsewhere') db.insert('', 'others', one.fields);
	else if (one.op === 'insert') db.insert('', 'things', one.fields);
	else if (ids.length > 0) {
		const id = ids[one.at % ids.length]!;
		if (one.op === 'remove') db.remove('', id);
		else db.replace('', id, one.fields);
	}
}

const touches = (ranges: KeyRange[], commits: Commit[]): boolean =>
	commits.some(({ writes }) =>
		writes.some(({ indexId, key }) =>
			ranges.some(
				(range) =>
					range.indexId === indexId &&
					Buffer.compare(key, range.start) >= 0 &&
					Buffer.compare(key, range.end) < 0,
			),
		),
	);

/** @param forget drops part of what was read, to see that it is missed */
async function play(
	storage: SqliteStorage,
	documents: (typeof fields extends fc.Arbitrary<infer T> ? T : never)[],
	one: Reading,
	writing: Write,
	forget: (ranges: KeyRange[]) => KeyRange[] = (ranges) => ranges,
): Promise<{ isTouched: boolean; isChanged: boolean }> {
	const ids = await mutate(storage, (db) => documents.map((each) => db.insert('', 'things', each)));
	const before = query(storage, (db) => ({ result: read(db, one, ids), ranges: db.readSet() }));
	const commits: Commit[] = [];
	const stop = storage.onCommit((commit) => commits.push(commit));
	await mutate(storage, (db) => apply(db, writing, ids));
	stop();
	const after = query(storage, (db) => read(db, one, ids));
	const isTouched = touches(forget(before.ranges), commits);
	return { isTouched, isChanged: JSON.stringify(after) !== JSON.stringify(before.result) };
}

const programs = fc.tuple(fc.array(fields, { maxLength: 12 }), reading, write);

async function open(): Promise<SqliteStorage> {
	const storage = openTestStorage();
	const tables = [table('things', { by_a: ['a'] }), table('others')];
	await storage.pushSchemas(new Map([['', schema(...tables)]]));
	return storage;
}

describe('read sets', () => {
	test('E3-5 no write changes a result without touching what was read', async () => {
		const seen = { changed: 0, untouched: 0 };
		await fc.assert(
			fc.asyncProperty(programs, async ([documents, one, writing]) => {
				const storage = await open();
				const { isTouched, isChanged } = await play(storage, documents, one, writing);
				await storage.close();
				if (isChanged) expect(isTouched).toBe(true);
				if (writing.op === 'elsewhere') expect(isTouched).toBe(false);
				seen.changed += Number(isChanged);
				seen.untouched += Number(!isTouched);
			}),
			{ numRuns: RUNS },
		);
		// Neither half of the promise holds for want of cases.
		expect(Math.min(seen.changed, seen.untouched)).toBeGreaterThan(RUNS / 20);
	}, 120_000);

	test('E3-5 a read set that forgets its last interval is caught', async () => {
		const report = await fc.check(
			fc.asyncProperty(programs, async ([documents, one, writing]) => {
				const storage = await open();
				const drop = (ranges: KeyRange[]) => ranges.slice(0, -1);
				const { isTouched, isChanged } = await play(storage, documents, one, writing, drop);
				await storage.close();
				if (isChanged) expect(isTouched).toBe(true);
			}),
			{ numRuns: RUNS },
		);
		expect(report.failed).toBe(true);
	}, 120_000);
});
