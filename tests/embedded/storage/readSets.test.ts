import { describe, expect, test } from 'vitest';
import type {
	Commit,
	DbSession,
	JsonValue,
	KeyRange,
	QueryJson,
} from '../../../src/lib/server/embedded/types.ts';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
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

function overlaps(ranges: KeyRange[], commit: Commit): boolean {
	return commit.writes.some(({ indexId, key }) =>
		ranges.some(
			(range) =>
				range.indexId === indexId &&
				Buffer.compare(key, range.start) >= 0 &&
				Buffer.compare(key, range.end) < 0,
		),
	);
}

function rangesOf(storage: SqliteStorage, read: (db: DbSession) => void): KeyRange[] {
	return query(storage, (db) => {
		read(db);
		return db.readSet();
	});
}

/** Does the mutation touch what was read? */
async function touches(
	storage: SqliteStorage,
	ranges: KeyRange[],
	write: (db: DbSession) => void,
): Promise<boolean> {
	const commits: Commit[] = [];
	const stop = storage.onCommit((commit) => commits.push(commit));
	await mutate(storage, write);
	stop();
	return commits.some((commit) => overlaps(ranges, commit));
}

function take(db: DbSession, json: QueryJson, count: number): JsonValue[] {
	const streamId = db.openStream('', json);
	return Array.from({ length: count }, () => db.next(streamId).value);
}

async function numbers(): Promise<{ storage: SqliteStorage; ids: string[] }> {
	const storage = openTestStorage();
	await storage.pushSchemas(new Map([['', schema(table('notes', { by_n: ['n'] }))]]));
	const ids = await mutate(storage, (db) =>
		[0, 10, 20, 30, 40].map((n) => db.insert('', 'notes', { n })),
	);
	return { storage, ids };
}

describe('a read set', () => {
	test('covers a point read, also of a document that is not there', async () => {
		const { storage, ids } = await numbers();
		const ranges = rangesOf(storage, (db) => db.get('', ids[1]!));
		expect(await touches(storage, ranges, (db) => db.patch('', ids[0]!, { x: 1 }))).toBe(false);
		expect(await touches(storage, ranges, (db) => db.patch('', ids[1]!, { x: 1 }))).toBe(true);
		expect(await touches(storage, ranges, (db) => db.remove('', ids[1]!))).toBe(true);
	});

	test('ends where reading ended, in both directions', async () => {
		const { storage, ids } = await numbers();
		const asc = rangesOf(storage, (db) => take(db, indexRange('notes.by_n'), 2));
		const desc = rangesOf(storage, (db) => take(db, indexRange('notes.by_n', [], 'desc'), 2));
		const insert = (n: number) => (db: DbSession) => void db.insert('', 'notes', { n });
		expect(await touches(storage, asc, insert(15))).toBe(false);
		expect(await touches(storage, desc, insert(25))).toBe(false);
		expect(await touches(storage, asc, insert(5))).toBe(true);
		expect(await touches(storage, desc, insert(35))).toBe(true);
		expect(await touches(storage, desc, insert(50))).toBe(true);
		expect(await touches(storage, asc, (db) => db.patch('', ids[1]!, { x: 1 }))).toBe(true);
		expect(await touches(storage, asc, (db) => db.patch('', ids[2]!, { x: 1 }))).toBe(false);
	});

	test('ends where a limit ended it, and is empty when nothing was read', async () => {
		const { storage } = await numbers();
		const limited = rangesOf(storage, (db) =>
			collect(db, indexRange('notes.by_n', [], 'asc', [{ limit: 1 }])),
		);
		expect(await touches(storage, limited, (db) => void db.insert('', 'notes', { n: 5 }))).toBe(
			false,
		);
		expect(rangesOf(storage, (db) => db.openStream('', scan('notes')))).toEqual([]);
	});

	test('covers the whole range when it was read to its end, rows that filters dropped included', async () => {
		const { storage, ids } = await numbers();
		const range = indexRange(
			'notes.by_n',
			[
				{ type: 'Gte', fieldPath: 'n', value: 10 },
				{ type: 'Lt', fieldPath: 'n', value: 30 },
			],
			'asc',
			[{ filter: { $eq: [{ $field: 'n' }, { $literal: 10 }] } }],
		);
		const ranges = rangesOf(storage, (db) => collect(db, range));
		expect(await touches(storage, ranges, (db) => db.patch('', ids[3]!, { x: 1 }))).toBe(false);
		expect(await touches(storage, ranges, (db) => db.patch('', ids[2]!, { x: 1 }))).toBe(true);
		expect(await touches(storage, ranges, (db) => db.patch('', ids[4]!, { n: 29 }))).toBe(true);
		expect(await touches(storage, ranges, (db) => db.patch('', ids[4]!, { n: 99 }))).toBe(true);
	});

	test('covers a count', async () => {
		const { storage, ids } = await numbers();
		const ranges = rangesOf(storage, (db) => db.count('', 'notes'));
		expect(await touches(storage, ranges, (db) => db.remove('', ids[4]!))).toBe(true);
		expect(await touches(storage, ranges, (db) => void db.insert('', 'others', {}))).toBe(false);
	});

	test('remembers a table that was not there, per component', async () => {
		const storage = openTestStorage();
		const reads: ((db: DbSession) => void)[] = [
			(db) => collect(db, scan('later')),
			(db) => collect(db, indexRange('later.by_n')),
			(db) => db.count('', 'later'),
			(db) => db.normalizeId('', 'later', 'x'),
			(db) => db.page('', { query: scan('later'), cursor: null, endCursor: null, pageSize: 1 }),
		];
		const all = reads.map((read) => rangesOf(storage, read));
		const commits: Commit[] = [];
		storage.onCommit((commit) => commits.push(commit));
		await mutate(storage, (db) => db.insert('part', 'later', {}));
		await mutate(storage, (db) => db.insert('', 'sooner', {}));
		expect(all.map((ranges) => commits.some((commit) => overlaps(ranges, commit)))).toEqual(
			all.map(() => false),
		);
		await mutate(storage, (db) => db.insert('', 'later', {}));
		expect(all.map((ranges) => commits.some((commit) => overlaps(ranges, commit)))).toEqual(
			all.map(() => true),
		);
	});

	test('a schema push that makes a table wakes those who missed it', async () => {
		const storage = openTestStorage();
		const ranges = rangesOf(storage, (db) => collect(db, scan('later')));
		const commits: Commit[] = [];
		storage.onCommit((commit) => commits.push(commit));
		await storage.pushSchemas(new Map([['', schema(table('later'))]]));
		expect(commits.some((commit) => overlaps(ranges, commit))).toBe(true);
	});
});
