import { describe, expect, test } from 'vitest';
import type { DbSession, JsonValue, QueryJson } from '../../../src/lib/server/embedded/types.ts';
import {
	codeOf,
	collect,
	indexRange,
	mutate,
	openTestStorage,
	pluck,
	query,
	scan,
	schema,
	table,
} from './helpers.ts';

async function withIndex() {
	const storage = openTestStorage();
	await storage.pushSchemas(new Map([['', schema(table('notes', { by_a_b: ['a', 'b'] }))]]));
	await mutate(storage, (db) => {
		for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) db.insert('', 'notes', { a, b });
	});
	return storage;
}

describe('queries', () => {
	test('by_id and by_creation_time are there without a schema', async () => {
		const storage = openTestStorage();
		const ids = await mutate(storage, (db) => [1, 2, 3].map((n) => db.insert('', 'notes', { n })));
		query(storage, (db) => {
			const one = indexRange('notes.by_id', [{ type: 'Eq', fieldPath: '_id', value: ids[1]! }]);
			expect(pluck(collect(db, one), 'n')).toEqual([2]);
			expect(pluck(collect(db, indexRange('notes.by_id')), '_id')).toEqual([...ids].sort());
			const { _creationTime } = db.get('', ids[1]!) as { _creationTime: number };
			const later = indexRange('notes.by_creation_time', [
				{ type: 'Gt', fieldPath: '_creationTime', value: _creationTime },
			]);
			expect(pluck(collect(db, later), 'n')).toEqual([3]);
		});
	});

	test('the appended _creationTime can be ranged over after the declared fields', async () => {
		const storage = await withIndex();
		query(storage, (db) => {
			const [first] = collect(db, indexRange('notes.by_a_b')) as { _creationTime: number }[];
			const range = indexRange('notes.by_a_b', [
				{ type: 'Eq', fieldPath: 'a', value: 0 },
				{ type: 'Eq', fieldPath: 'b', value: 0 },
				{ type: 'Gt', fieldPath: '_creationTime', value: first!._creationTime },
			]);
			expect(collect(db, range)).toEqual([]);
		});
	});

	test('E3-1 equalities may come in any order, before or after bounds', async () => {
		const storage = await withIndex();
		const inOrder = indexRange('notes.by_a_b', [
			{ type: 'Eq', fieldPath: 'a', value: 0 },
			{ type: 'Gte', fieldPath: 'b', value: 0 },
			{ type: 'Lte', fieldPath: 'b', value: 1 },
		]);
		const mixed = indexRange('notes.by_a_b', [
			{ type: 'Gte', fieldPath: 'b', value: 0 },
			{ type: 'Eq', fieldPath: 'a', value: 0 },
			{ type: 'Lte', fieldPath: 'b', value: 1 },
		]);
		query(storage, (db) => {
			expect(collect(db, inOrder)).not.toEqual([]);
			expect(collect(db, mixed)).toEqual(collect(db, inOrder));
		});
	});

	test.each<[string, string, Extract<QueryJson['source'], { type: 'IndexRange' }>['range']]>([
		['a skipped field', 'InvalidIndexRange', [{ type: 'Eq', fieldPath: 'b', value: 1 }]],
		['an unknown field', 'FieldNotInIndex', [{ type: 'Eq', fieldPath: 'x', value: 1 }]],
		[
			'an equality after a bound',
			'AlreadyDefinedBound',
			[
				{ type: 'Gt', fieldPath: 'a', value: 1 },
				{ type: 'Eq', fieldPath: 'a', value: 1 },
			],
		],
		[
			'a bound on a later field',
			'BoundsOnMultipleFields',
			[
				{ type: 'Gt', fieldPath: 'a', value: 1 },
				{ type: 'Lt', fieldPath: 'b', value: 1 },
			],
		],
		[
			'two lower bounds',
			'AlreadyDefinedBound',
			[
				{ type: 'Gt', fieldPath: 'a', value: 1 },
				{ type: 'Gte', fieldPath: 'a', value: 1 },
			],
		],
	])('%s is refused', async (_name, code, range) => {
		const storage = await withIndex();
		query(storage, (db) => {
			expect(codeOf(() => db.openStream('', indexRange('notes.by_a_b', range)))).toBe(code);
		});
	});

	test('crossed bounds find nothing', async () => {
		const storage = await withIndex();
		const range = indexRange('notes.by_a_b', [
			{ type: 'Gt', fieldPath: 'a', value: 2 },
			{ type: 'Lt', fieldPath: 'a', value: 1 },
		]);
		query(storage, (db) => expect(collect(db, range)).toEqual([]));
		await mutate(storage, (db) => {
			db.insert('', 'notes', { a: 1.5 });
			expect(collect(db, range)).toEqual([]);
		});
	});

	test('limits and filters apply in the order they were given', async () => {
		const storage = await withIndex();
		const odd = { filter: { $eq: [{ $field: 'b' }, { $literal: 1 }] as JsonValue } };
		query(storage, (db) => {
			expect(collect(db, scan('notes', 'asc', [odd, { limit: 2 }]))).toHaveLength(2);
			expect(collect(db, scan('notes', 'asc', [{ limit: 2 }, odd]))).toHaveLength(1);
			expect(collect(db, scan('notes', 'asc', [{ limit: 0 }]))).toEqual([]);
		});
	});

	test.each<[string, QueryJson, string]>([
		[
			'an unknown search index',
			{ source: { type: 'Search', indexName: 'notes.search', filters: [] }, operators: [] },
			'IndexNotFound',
		],
		['an unknown index', indexRange('notes.by_nothing'), 'IndexNotFound'],
		['a negative limit', scan('notes', 'asc', [{ limit: -1 }]), 'InvalidQuery'],
		[
			'257 operators',
			scan(
				'notes',
				'asc',
				Array.from({ length: 257 }, () => ({ limit: 1 })),
			),
			'InvalidQuery',
		],
	])('%s is refused by name', async (_name, json, code) => {
		const storage = await withIndex();
		query(storage, (db) => expect(codeOf(() => db.openStream('', json))).toBe(code));
	});

	test('a closed stream gives nothing more', async () => {
		const storage = await withIndex();
		query(storage, (db) => {
			const streamId = db.openStream('', scan('notes'));
			db.next(streamId);
			expect(db.closeStream(streamId)).toBe(true);
			expect(db.closeStream(streamId)).toBe(false);
			expect(codeOf(() => db.next(streamId))).toBe('InvalidQuery');
		});
	});

	test('while a mutation walks, it may change and remove what it meets', async () => {
		const storage = await withIndex();
		await mutate(storage, (db: DbSession) => {
			const streamId = db.openStream('', indexRange('notes.by_a_b'));
			let seen = 0;
			for (let step = db.next(streamId); !step.done; step = db.next(streamId)) {
				const { _id, b } = step.value as { _id: string; b: number };
				if (b === 0) db.remove('', _id);
				else db.patch('', _id, { seen: true });
				seen++;
			}
			expect(seen).toBe(9);
		});
		query(storage, (db) => {
			expect(pluck(collect(db, scan('notes')), 'seen')).toEqual(
				Array.from({ length: 6 }, () => true),
			);
		});
	});

	test('normalizeId knows the tables of its own component', async () => {
		const storage = openTestStorage();
		const [note, other, system] = await mutate(storage, (db) => [
			db.insert('', 'notes', {}),
			db.insert('part', 'notes', {}),
			db.systemInsert('', '_storage', {}),
		]);
		query(storage, (db) => {
			expect(db.normalizeId('', 'notes', note!)).toBe(note);
			expect(db.normalizeId('', 'notes', other!)).toBeNull();
			expect(db.normalizeId('', 'notes', 'nonsense')).toBeNull();
			expect(db.normalizeId('', '_storage', system!, true)).toBe(system);
			expect(db.normalizeId('', '_storage', system!, false)).toBeNull();
		});
		expect(storage.tableOfId('part', other!)).toBe('notes');
		expect(storage.tableOfId('', other!)).toBeNull();
	});
});
