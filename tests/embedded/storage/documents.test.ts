import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
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

type Doc = { _id: string; _creationTime: number; [field: string]: JsonValue };

describe('documents', () => {
	test('insert, get, patch, replace and remove', async () => {
		const storage = openTestStorage();
		const id = await mutate(storage, (db) => db.insert('', 'notes', { text: 'one', n: 1 }));
		expect(id).toHaveLength(32);
		const created = query(storage, (db) => db.get('', id)) as Doc;
		expect(created).toMatchObject({ _id: id, text: 'one', n: 1 });

		await mutate(storage, (db) => db.patch('', id, { n: { $undefined: null }, extra: true }));
		expect(query(storage, (db) => db.get('', id))).toEqual({
			_id: id,
			_creationTime: created._creationTime,
			text: 'one',
			extra: true,
		});

		await mutate(storage, (db) => db.replace('', id, { text: 'two' }));
		expect(query(storage, (db) => db.get('', id))).toEqual({
			_id: id,
			_creationTime: created._creationTime,
			text: 'two',
		});

		await mutate(storage, (db) => db.remove('', id));
		expect(query(storage, (db) => db.get('', id))).toBeNull();
		expect(storage.checkIntegrity()).toEqual({ problems: [], documents: 0, indexEntries: 0 });
	});

	test('a mutation sees its own writes through every index, a snapshot taken before does not', async () => {
		const storage = openTestStorage();
		await storage.pushSchemas(new Map([['', schema(table('notes', { by_n: ['n'] }))]]));
		await mutate(storage, (db) => [1, 3, 5].map((n) => db.insert('', 'notes', { n })));
		const before = storage.snapshot();
		await mutate(storage, (db) => {
			db.insert('', 'notes', { n: 4 });
			const [first] = collect(db, indexRange('notes.by_n')) as Doc[];
			db.patch('', first!._id, { n: 9 });
			expect(pluck(collect(db, indexRange('notes.by_n')), 'n')).toEqual([3, 4, 5, 9]);
			expect(pluck(collect(db, indexRange('notes.by_n', [], 'desc')), 'n')).toEqual([9, 5, 4, 3]);
			expect(db.count('', 'notes')).toBe(4);
		});
		expect(pluck(collect(before, indexRange('notes.by_n')), 'n')).toEqual([1, 3, 5]);
		before.dispose();
		expect(query(storage, (db) => pluck(collect(db, indexRange('notes.by_n')), 'n'))).toEqual([
			3, 4, 5, 9,
		]);
	});

	test('writes on documents that are gone, or ids of another table or component, are refused', async () => {
		const storage = openTestStorage();
		const [note, other] = await mutate(storage, (db) => [
			db.insert('', 'notes', {}),
			db.insert('', 'others', {}),
		]);
		await mutate(storage, (db) => {
			db.remove('', note!);
			expect(() => db.patch('', note!, {})).toThrow(`Update on nonexistent document ID ${note}`);
			expect(() => db.replace('', note!, {})).toThrow(`Replace on nonexistent document ID ${note}`);
			expect(() => db.remove('', note!)).toThrow(`Delete on nonexistent document ID ${note}`);
			expect(codeOf(() => db.patch('', other!, {}, 'notes'))).toBe('InvalidId');
			expect(codeOf(() => db.get('authPart', other!))).toBe('InvalidId');
			expect(codeOf(() => db.get('', 'nonsense'))).toBe('InvalidId');
			expect(codeOf(() => db.get('', `${other!.slice(0, -1)}0`))).toBe('InvalidId');
		});
	});

	test('system fields cannot be forged', async () => {
		const storage = openTestStorage();
		await mutate(storage, (db) => {
			const id = db.insert('', 'notes', { a: 1 });
			const document = db.get('', id) as Doc;
			expect(codeOf(() => db.insert('', 'notes', { _id: id }))).toBe('InvalidValue');
			expect(codeOf(() => db.insert('', 'notes', { _other: 1 }))).toBe('InvalidValue');
			expect(codeOf(() => db.patch('', id, { _creationTime: 5 }))).toBe('InvalidValue');
			db.replace('', id, { ...document, a: 2 });
			expect(db.get('', id)).toEqual({ ...document, a: 2 });
		});
	});

	test('creation times grow within a mutation and across mutations although the clock stands still', async () => {
		const storage = openTestStorage();
		for (let round = 0; round < 3; round++) {
			await mutate(storage, (db) =>
				[0, 1, 2].map((n) => db.insert('', 'notes', { n: round * 3 + n })),
			);
		}
		const documents = query(storage, (db) => collect(db, scan('notes'))) as Doc[];
		expect(pluck(documents, 'n')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
		const times = documents.map((document) => document._creationTime);
		expect(new Set(times).size).toBe(9);
	});

	test('values keep their exact form: int64, bytes, special floats', async () => {
		const storage = openTestStorage();
		const value = {
			big: { $integer: 'AQAAAAAAAAA=' },
			bytes: { $bytes: 'AAEC' },
			nan: { $float: 'AAAAAAAA+H8=' },
			list: [null, true, 'é\u0000x'],
			nested: { b: 1, a: { c: [] } },
		};
		const id = await mutate(storage, (db) => db.insert('', 'notes', value));
		expect(query(storage, (db) => db.get('', id))).toMatchObject(value);
	});

	test.each<[string, JsonValue]>([
		['a $ field', { a: { $b: 1, c: 2 } }],
		['a lone $ field', { a: { $b: 1 } }],
		['a malformed int64', { a: { $integer: 'AQ==' } }],
		['an ordinary number as $float', { a: { $float: 'AAAAAAAA8D8=' } }],
		['undefined inside', { a: { $undefined: null } }],
		['a control character in a name', { 'a\n': 1 }],
		['17 levels', JSON.parse(`{"a":${'['.repeat(17)}${']'.repeat(17)}}`) as JsonValue],
		['too long an array', { a: Array.from({ length: 8193 }, () => 0) }],
		['no object', 5],
	])('refuses %s', async (_name, value) => {
		const storage = openTestStorage();
		await mutate(storage, (db) => {
			expect(['InvalidValue', 'InvalidArgument']).toContain(
				codeOf(() => db.insert('', 'notes', value)),
			);
		});
		expect(storage.checkIntegrity().documents).toBe(0);
	});

	test('refuses a document above 1 MiB, allows one just below', async () => {
		const storage = openTestStorage();
		await mutate(storage, (db) => {
			expect(() => db.insert('', 'notes', { a: 'x'.repeat(1024 * 1024) })).toThrow(
				'Value is too large (1.00 MiB > maximum size 1 MiB)',
			);
			db.insert('', 'notes', { a: 'x'.repeat(1024 * 1024 - 200) });
		});
	});

	test('a query refuses to write, a closed session refuses everything', async () => {
		const storage = openTestStorage();
		const session = storage.snapshot();
		expect(codeOf(() => session.insert('', 'notes', {}))).toBe('ReadOnly');
		session.dispose();
		expect(codeOf(() => session.count('', 'notes'))).toBe('TransactionClosed');
	});

	test('system tables: readable as such, writable only by the engine', async () => {
		const storage = openTestStorage();
		const commits: boolean[] = [];
		storage.onCommit((commit) => commits.push(commit.touchedScheduler));
		const id = await mutate(storage, (db) => {
			expect(codeOf(() => db.insert('', '_scheduled_functions', {}))).toBe('SystemTable');
			return db.systemInsert('', '_scheduled_functions', { name: 'a:b' });
		});
		await mutate(storage, (db) => {
			expect(codeOf(() => db.patch('', id, {}))).toBe('SystemTable');
			expect(codeOf(() => db.get('', id))).toBe('SystemTable');
			db.systemPatch('', id, { name: 'c:d' });
			expect(db.get('', id, { isSystem: true })).toMatchObject({ name: 'c:d' });
			expect(collect(db, scan('_scheduled_functions'))).toHaveLength(1);
		});
		await mutate(storage, (db) => db.insert('', 'notes', {}));
		expect(commits).toEqual([true, true, false]);
	});

	test('db.vars.commitTs becomes the commit timestamp, also in indexes', async () => {
		const storage = openTestStorage();
		await storage.pushSchemas(new Map([['', schema(table('notes', { by_at: ['at'] }))]]));
		const { ts } = await storage.mutate(async (db) => {
			db.insert('', 'notes', { at: { $commitTs: null } });
		});
		const bytes = Buffer.alloc(8);
		bytes.writeBigInt64LE(ts);
		const at = { $integer: bytes.toString('base64') };
		const found = query(storage, (db) =>
			collect(db, indexRange('notes.by_at', [{ type: 'Eq', fieldPath: 'at', value: at }])),
		);
		expect(pluck(found, 'at')).toEqual([at]);
		expect(storage.checkIntegrity().problems).toEqual([]);
	});
});
