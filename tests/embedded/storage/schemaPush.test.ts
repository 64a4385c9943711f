import { v, type GenericValidator } from 'convex/values';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonValue, SchemaDefinition } from '../../../src/lib/server/embedded/types.ts';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import {
	codeOf,
	collect,
	failingDisk,
	indexRange,
	mutate,
	openTestStorage,
	pluck,
	query,
	scan,
	schema,
	table,
	temporaryFolder,
} from './helpers.ts';

function json(validator: GenericValidator): JsonValue {
	return (validator as unknown as { json: JsonValue }).json;
}

function push(storage: SqliteStorage, definition: SchemaDefinition, component = ''): Promise<void> {
	return storage.pushSchemas(new Map([[component, definition]]));
}

const numbers = schema(table('notes', { by_n: ['n'] }, json(v.object({ n: v.number() }))));

async function fill(storage: SqliteStorage, count: number): Promise<void> {
	await mutate(storage, (db) => {
		for (let n = 0; n < count; n++) db.insert('', 'notes', { n: count - n });
	});
}

describe('a schema push', () => {
	test('builds new indexes over what is there, and drops those that are gone', async () => {
		const storage = openTestStorage();
		await fill(storage, 1_500);
		await push(storage, numbers);
		query(storage, (db) => {
			expect(pluck(collect(db, indexRange('notes.by_n', [], 'asc', [{ limit: 3 }])), 'n')).toEqual([
				1, 2, 3,
			]);
			expect(collect(db, indexRange('notes.by_n'))).toHaveLength(1_500);
		});
		expect(storage.checkIntegrity()).toMatchObject({ problems: [], indexEntries: 4_500 });
		await push(storage, schema(table('notes')));
		expect(query(storage, (db) => codeOf(() => collect(db, indexRange('notes.by_n'))))).toBe(
			'IndexNotFound',
		);
		expect(storage.checkIntegrity()).toMatchObject({ problems: [], indexEntries: 3_000 });
	});

	test('rebuilds an index whose fields changed', async () => {
		const storage = openTestStorage();
		await push(storage, schema(table('notes', { by_it: ['a'] })));
		await mutate(storage, (db) => [1, 2].map((n) => db.insert('', 'notes', { a: n, b: -n })));
		await push(storage, schema(table('notes', { by_it: ['b'] })));
		query(storage, (db) => {
			expect(pluck(collect(db, indexRange('notes.by_it')), 'a')).toEqual([2, 1]);
		});
		expect(storage.checkIntegrity().problems).toEqual([]);
	});

	test('that existing documents do not fit is refused and changes nothing', async () => {
		const storage = openTestStorage();
		await fill(storage, 3);
		const bad = await mutate(storage, (db) => db.insert('', 'notes', { n: 'four' }));
		const two = schema(
			table('others', { by_x: ['x'] }),
			table('notes', { by_n: ['n'] }, json(v.object({ n: v.number() }))),
		);
		const failure = await push(storage, two).catch((error: Error) => error);
		expect(failure).toMatchObject({ code: 'SchemaMismatch' });
		expect((failure as Error).message).toContain(`Document with ID "${bad}" in table "notes"`);
		expect((failure as Error).message).toContain('Path: .n');
		query(storage, (db) => {
			expect(codeOf(() => collect(db, indexRange('notes.by_n')))).toBe('IndexNotFound');
		});
		expect(storage.checkIntegrity()).toMatchObject({ problems: [], indexEntries: 8 });
		await mutate(storage, (db) => db.patch('', bad, { n: 4 }));
		await push(storage, two);
		query(storage, (db) => expect(collect(db, indexRange('notes.by_n'))).toHaveLength(4));
	});

	test('that fails while it builds leaves the file as it was', async () => {
		const disk = failingDisk('COMMIT');
		const storage = openTestStorage({ openDatabase: disk.open });
		await fill(storage, 3);
		disk.isBroken = true;
		await expect(push(storage, numbers)).rejects.toThrow('disk I/O error');
		disk.isBroken = false;
		expect(storage.checkIntegrity()).toMatchObject({ problems: [], indexEntries: 6 });
		await fill(storage, 1);
		await push(storage, numbers);
		expect(storage.checkIntegrity()).toMatchObject({ problems: [], indexEntries: 12 });
	});

	test('governs writes from then on, also after a restart', async () => {
		const file = join(temporaryFolder(), 'data.sqlite');
		const first = openTestStorage({ file });
		await push(first, numbers);
		await first.close();
		const storage = openTestStorage({ file });
		await mutate(storage, (db) => {
			const id = db.insert('', 'notes', { n: 1 });
			expect(() => db.insert('', 'notes', { n: 1, extra: true })).toThrow(
				'Failed to insert or update a document in table "notes" because it does not match the schema: ' +
					'Object contains extra field `extra` that is not in the validator.',
			);
			expect(codeOf(() => db.patch('', id, { n: null }))).toBe('SchemaValidation');
			expect(codeOf(() => db.replace('', id, {}))).toBe('SchemaValidation');
			expect(db.get('', id)).toMatchObject({ n: 1 });
			db.insert('', 'undeclared', { anything: true });
		});
		await storage.pushSchemas(new Map([['', null]]));
		await mutate(storage, (db) => db.insert('', 'notes', { free: true }));
	});

	test('with schemaValidation off checks nothing', async () => {
		const storage = openTestStorage();
		await mutate(storage, (db) => db.insert('', 'notes', { n: 'text' }));
		await push(storage, { ...numbers!, schemaValidation: false });
		await mutate(storage, (db) => db.insert('', 'notes', { n: true }));
		await expect(push(storage, numbers)).rejects.toMatchObject({ code: 'SchemaMismatch' });
	});

	test('checks ids against tables of the same component', async () => {
		const storage = openTestStorage();
		const definition = schema(
			table('users'),
			table('notes', {}, json(v.object({ author: v.id('users') }))),
		);
		await storage.pushSchemas(
			new Map([
				['', definition],
				['part', definition],
			]),
		);
		await mutate(storage, (db) => {
			const author = db.insert('', 'users', {});
			const note = db.insert('', 'notes', { author });
			expect(() => db.insert('', 'notes', { author: note })).toThrow(
				`Found ID "${note}" from table \`notes\`, which does not match the table name in validator \`v.id("users")\``,
			);
			expect(codeOf(() => db.insert('part', 'notes', { author }))).toBe('SchemaValidation');
			expect(codeOf(() => db.insert('', 'notes', { author: 'nobody' }))).toBe('SchemaValidation');
		});
	});

	test('leaves other components and a running query alone', async () => {
		const storage = openTestStorage();
		await push(storage, numbers, 'part');
		await push(storage, numbers);
		await fill(storage, 2);
		const running = storage.snapshot();
		await push(storage, schema(table('notes')));
		expect(pluck(collect(running, indexRange('notes.by_n')), 'n')).toEqual([1, 2]);
		running.dispose();
		query(storage, (db) => {
			expect(collect(db, indexRange('notes.by_n'), 'part')).toEqual([]);
			expect(codeOf(() => collect(db, indexRange('notes.by_n')))).toBe('IndexNotFound');
		});
	});

	test('without changes costs no commit', async () => {
		const storage = openTestStorage();
		await push(storage, numbers);
		let commits = 0;
		storage.onCommit(() => commits++);
		await push(storage, structuredClone(numbers));
		expect(commits).toBe(0);
	});

	test('lets queries run and mutations wait; facts set meanwhile survive its failure', async () => {
		const storage = openTestStorage();
		await fill(storage, 2_000);
		await mutate(storage, (db) => db.insert('', 'notes', { n: 'last' }));
		const pushing = push(storage, numbers).catch((error: { code: string }) => error.code);
		const waiting = mutate(storage, (db) => db.insert('', 'notes', { n: 5 }));
		await new Promise((resolve) => setImmediate(resolve));
		storage.setMeta('crons', 'next');
		query(storage, (db) => expect(collect(db, scan('notes'))).toHaveLength(2_001));
		expect(await pushing).toBe('SchemaMismatch');
		await waiting;
		expect(storage.getMeta('crons')).toBe('next');
		expect(storage.checkIntegrity()).toMatchObject({ problems: [], documents: 2_002 });
	});

	test.each<[string, SchemaDefinition]>([
		['a reserved index name', schema(table('notes', { by_id: ['n'] }))],
		['an index without fields', schema(table('notes', { by_n: [] }))],
		['a field twice', schema(table('notes', { by_n: ['n', 'n'] }))],
		['an implied field', schema(table('notes', { by_n: ['n', '_creationTime'] }))],
		['a system table', schema(table('_notes'))],
		['a table name with a dot', schema(table('no.tes'))],
	])('refuses %s', async (_name, definition) => {
		await expect(push(openTestStorage(), definition)).rejects.toMatchObject({
			code: 'InvalidSchema',
		});
	});

	test('refuses a validator it does not know, by name', async () => {
		const storage = openTestStorage();
		const strange = schema(
			table(
				'notes',
				{},
				{ type: 'object', value: { a: { fieldType: { type: 'set' }, optional: false } } },
			),
		);
		await expect(push(storage, strange)).rejects.toMatchObject({
			code: 'InvalidValidator',
			message: expect.stringContaining('"set"') as string,
		});
	});
});
