/** Search and staged indexes on schema pushes: built, kept, changed, dropped; what Convex refuses is refused. */
import { v, type GenericValidator } from 'convex/values';
import { fork } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSqlite } from '../../../src/lib/server/embedded/storage/sqlite.ts';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type {
	JsonValue,
	SchemaDefinition,
	TableDefinition,
} from '../../../src/lib/server/embedded/types.ts';
import { writeFixtureStore } from '../operate/storeFixtures.ts';
import {
	codeOf,
	collect,
	failingDisk,
	indexRange,
	openTestStorage,
	query,
	temporaryFolder,
} from '../storage/helpers.ts';
import { posts, question, searchQuery, textIndex } from './support.ts';

const push = (storage: SqliteStorage, definition: SchemaDefinition): Promise<void> =>
	storage.pushSchemas(new Map([['', definition]]));
const json = (validator: GenericValidator): JsonValue =>
	(validator as unknown as { json: JsonValue }).json;
const vectorIndex = (indexDescriptor = 'near', dimensions = 2, filterFields: string[] = []) => ({
	indexDescriptor,
	vectorField: 'vector',
	dimensions,
	filterFields,
});

async function filled(count: number, file?: string): Promise<SqliteStorage> {
	const storage = openTestStorage(file === undefined ? {} : { file });
	await storage.mutate(async (db) => {
		for (let n = 0; n < count; n++) {
			db.insert('', 'posts', { body: `word n${n}`, channel: `c${n % 2}`, vector: [1, n] });
		}
	});
	return storage;
}

const found = (storage: SqliteStorage, text: string, index?: string): number =>
	query(storage, (db) => collect(db, searchQuery(question(text), index)).length);
const refusal = (storage: SqliteStorage, text = 'word', index?: string) =>
	query(storage, (db) => codeOf(() => collect(db, searchQuery(question(text), index))));
async function near(storage: SqliteStorage, index = 'near'): Promise<number> {
	const session = storage.snapshot();
	try {
		const search = { indexName: `posts.${index}`, limit: 256, vector: [1, 1] };
		return (await session.vectorSearch('', search)).length;
	} finally {
		session.dispose();
	}
}
/** Kills the pushing process after so many milliseconds; true when it was faster. The process may do anything meanwhile. */
function pushAndKill(file: string, afterMs: number): Promise<boolean> {
	const child = fork(path.join(import.meta.dirname, 'killedPush.ts'), [file], {
		execPath: process.execPath,
		execArgv: [],
	});
	return new Promise((resolve, reject) => {
		child.on('message', (message) => {
			if (message === 'done') resolve(true);
			else setTimeout(() => child.kill('SIGKILL'), afterMs);
		});
		child.on('exit', (code, signal) => {
			if (signal === 'SIGKILL') resolve(false);
			else if (code !== 0) reject(new Error(`the push ended with ${code}`));
		});
	});
}
/** Rows of search in the file itself. */
function rowsIn(file: string): { texts: number; vectors: number; words: number; indexes: number } {
	const database = openSqlite(file, { readOnly: true });
	const count = (table: string) =>
		(database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
	const rows = {
		texts: count('text_rows'),
		vectors: count('vector_rows'),
		words: count('text_vocabulary'),
		indexes: count('search_indexes'),
	};
	database.close();
	return rows;
}

describe('E3-1 search indexes on a push', () => {
	test('E3-1 are built over what is there, kept through restarts, and dropped without a trace', async () => {
		const file = path.join(temporaryFolder(), 'convex.sqlite');
		const both = posts({ searchIndexes: [textIndex(['channel'])], vectorIndexes: [vectorIndex()] });
		let storage = await filled(1_300, file);
		await push(storage, both);
		expect(found(storage, 'n129')).toBe(11);
		expect(await near(storage)).toBe(256);
		expect(storage.checkIntegrity().problems).toEqual([]);
		await storage.close();
		storage = openTestStorage({ file });
		await push(storage, both);
		expect(found(storage, 'n129')).toBe(11);
		await storage.mutate(async (db) => db.insert('', 'posts', { body: 'n129 again' }));
		expect(found(storage, 'n129')).toBe(12);
		expect(rowsIn(file)).toMatchObject({ texts: 1_301, vectors: 1_300, indexes: 2 });
		await push(storage, posts({}));
		expect(refusal(storage)).toBe('IndexNotFound');
		await expect(near(storage)).rejects.toMatchObject({ code: 'IndexNotFound' });
		expect(rowsIn(file)).toEqual({ texts: 0, vectors: 0, words: 0, indexes: 0 });
		expect(storage.checkIntegrity().problems).toEqual([]);
		await storage.close();
	});

	test('E3-1 are built anew when they change, under the same name too', async () => {
		const storage = await filled(10);
		await push(storage, posts({ searchIndexes: [textIndex([])] }));
		const filters = [{ fieldPath: 'channel', value: 'c0' }];
		const filtered = searchQuery(question('word', filters));
		expect(query(storage, (db) => codeOf(() => collect(db, filtered)))).toBe(
			'IncorrectFilterFieldError',
		);
		await push(storage, posts({ searchIndexes: [textIndex(['channel'])] }));
		expect(query(storage, (db) => collect(db, filtered))).toHaveLength(5);
		await push(storage, posts({ searchIndexes: [textIndex([], 'channel')] }));
		expect(refusal(storage)).toBe('IncorrectSearchField');
		expect(storage.checkIntegrity().problems).toEqual([]);
		await storage.close();
	});

	test('E3-1 staged indexes are kept up to date, refused to queries, and enabled without a rebuild', async () => {
		const file = path.join(temporaryFolder(), 'convex.sqlite');
		let storage = await filled(5, file);
		const byBody = { indexDescriptor: 'by_body', fields: ['body'] };
		await push(
			storage,
			posts({
				stagedDbIndexes: [byBody],
				stagedSearchIndexes: [textIndex()],
				stagedVectorIndexes: [vectorIndex()],
			}),
		);
		const ranged = () => query(storage, (db) => collect(db, indexRange('posts.by_body')).length);
		expect(codeOf(ranged)).toBe('IndexStagedError');
		expect(refusal(storage)).toBe('IndexStagedError');
		await expect(near(storage)).rejects.toMatchObject({ code: 'IndexStagedError' });
		await storage.mutate(async (db) =>
			db.insert('', 'posts', { body: 'word late', vector: [0, 1] }),
		);
		expect(storage.checkIntegrity().problems).toEqual([]);
		const idsOf = () => {
			const database = openSqlite(file, { readOnly: true });
			const ids = [
				...database.prepare('SELECT id FROM search_indexes').all(),
				...database.prepare(`SELECT id FROM indexes WHERE name = 'by_body'`).all(),
			];
			database.close();
			return ids;
		};
		const before = idsOf();
		await push(
			storage,
			posts({
				indexes: [byBody],
				searchIndexes: [textIndex()],
				vectorIndexes: [vectorIndex()],
			}),
		);
		expect(idsOf()).toEqual(before);
		expect([ranged(), found(storage, 'word'), await near(storage)]).toEqual([6, 6, 6]);
		await storage.close();
		storage = openTestStorage({ file });
		expect([ranged(), found(storage, 'word'), await near(storage)]).toEqual([6, 6, 6]);
		await push(storage, posts({ stagedDbIndexes: [byBody], stagedSearchIndexes: [textIndex()] }));
		expect([codeOf(ranged), refusal(storage)]).toEqual(['IndexStagedError', 'IndexStagedError']);
		await storage.close();
	});

	test('E3-1 a push that cannot commit leaves the old indexes as they were', async () => {
		const disk = failingDisk('COMMIT');
		const storage = openTestStorage({ openDatabase: disk.open });
		await storage.mutate(async (db) => db.insert('', 'posts', { body: 'word', channel: 'c' }));
		await push(storage, posts({ searchIndexes: [textIndex([])] }));
		disk.isBroken = true;
		await expect(
			push(storage, posts({ searchIndexes: [textIndex(['channel'], 'body', 'other')] })),
		).rejects.toThrow();
		disk.isBroken = false;
		expect(found(storage, 'word')).toBe(1);
		expect(refusal(storage, 'word', 'posts.other')).toBe('IndexNotFound');
		expect(storage.checkIntegrity().problems).toEqual([]);
		await storage.close();
	});

	test('E3-1 a push that is killed anywhere is as before or done', async () => {
		const file = path.join(temporaryFolder(), 'convex.sqlite');
		await (await filled(4_000, file)).close();
		let isDone = false;
		for (let steps = 0; !isDone; steps += 3) {
			isDone = await pushAndKill(file, steps);
			const storage = openTestStorage({ file });
			expect(storage.checkIntegrity().problems).toEqual([]);
			// Killed between COMMIT and its report it is done, too.
			const isAsBefore = !isDone && refusal(storage) === 'IndexNotFound';
			if (!isAsBefore) expect(found(storage, 'n399')).toBe(11);
			await storage.close();
		}
	}, 60_000);

	test('E3-6 a file from before search builds what its schema has long declared', async () => {
		const file = path.join(temporaryFolder(), 'convex.sqlite');
		writeFixtureStore(2, file);
		const database = openSqlite(file, { readOnly: true });
		const { definition } = database
			.prepare(`SELECT definition FROM schemas WHERE component = ''`)
			.get() as { definition: string };
		database.close();
		const storage = openTestStorage({ file });
		await push(storage, JSON.parse(definition) as SchemaDefinition);
		expect(rowsIn(file)).toMatchObject({ indexes: 1 });
		expect(rowsIn(file).texts).toBeGreaterThan(10);
		expect(storage.checkIntegrity().problems).toEqual([]);
		await storage.close();
	});

	test.each([
		['a missing row', 'DELETE FROM text_rows WHERE id = (SELECT min(id) FROM text_rows)'],
		['a wrong row', `UPDATE text_rows SET words = ' other '`],
		['a word that leads nowhere', `INSERT INTO text_terms (rowid, words) VALUES (77, '9tword')`],
		['a document that is not found', 'DELETE FROM text_terms WHERE rowid > 0'],
		['a vector of another document', `UPDATE vector_rows SET vector = zeroblob(8)`],
		['an orphan vector', `INSERT INTO vector_rows VALUES (1, 'x', '', zeroblob(8))`],
	])('E3-7 control: the integrity check sees %s', async (_what, sql) => {
		const file = path.join(temporaryFolder(), 'convex.sqlite');
		let storage = await filled(3, file);
		await push(storage, posts({ searchIndexes: [textIndex()], vectorIndexes: [vectorIndex()] }));
		expect(storage.checkIntegrity().problems).toEqual([]);
		await storage.close();
		const database = openSqlite(file);
		database.exec(sql);
		database.close();
		storage = openTestStorage({ file });
		expect(storage.checkIntegrity().problems).not.toEqual([]);
		await storage.close();
	});
});

const body = json(v.object({ body: v.string(), vector: v.array(v.float64()), n: v.number() }));
const many = <T>(count: number, make: (i: number) => T): T[] =>
	Array.from({ length: count }, (_, i) => make(i));
const names = (count: number) => many(count, (i) => `f${i}`);

describe('E3-1 what a schema may not say of indexes', () => {
	test.each<[string, Partial<TableDefinition>, string]>([
		[
			'two indexes of one name',
			{
				indexes: [{ indexDescriptor: 'same', fields: ['body'] }],
				searchIndexes: [textIndex([], 'body', 'same')],
			},
			'Table "posts" has two or more definitions of index "same".',
		],
		[
			'a reserved name',
			{ searchIndexes: [textIndex([], 'body', 'by_id')] },
			'cannot name an index "by_id" because the name is reserved',
		],
		['no identifier', { vectorIndexes: [vectorIndex('a-b')] }, 'Invalid index name: "a-b".'],
		[
			'33 indexes of all kinds',
			{
				indexes: many(31, (i) => ({ indexDescriptor: `by_${i}`, fields: [`f${i}`] })),
				stagedSearchIndexes: [textIndex()],
				vectorIndexes: [vectorIndex()],
			},
			'Table "posts" cannot have more than 32 indexes.',
		],
		[
			'5 vector indexes',
			{ vectorIndexes: many(5, (i) => vectorIndex(`near${i}`, 2, names(i))) },
			'Table "posts" cannot have more than 4 vector indexes.',
		],
		[
			'17 filter fields',
			{ searchIndexes: [textIndex(names(17))] },
			'Search indexes may have up to 16 filter fields.',
		],
		[
			'1 dimension',
			{ vectorIndexes: [vectorIndex('near', 1)] },
			'Dimensions 1 must be between 2 and 4096.',
		],
		[
			'4,097 dimensions',
			{ stagedVectorIndexes: [vectorIndex('near', 4_097)] },
			'Dimensions 4097 must be between 2 and 4096.',
		],
		[
			'the same twice',
			{ searchIndexes: [textIndex(['a', 'b']), textIndex(['b', 'a'], 'body', 'again')] },
			'search index "search" and search index "again" have the same `searchField`',
		],
		[
			'no field path',
			{ searchIndexes: [textIndex(['a..b'])] },
			'In index "search": Invalid index field: "a..b"',
		],
		[
			'a field that does not exist',
			{ searchIndexes: [textIndex(['nowhere'])], documentType: body },
			'In table "posts" the index "search" is invalid because it references the field nowhere that does not exist.',
		],
		[
			'a vector that is none',
			{ vectorIndexes: [{ ...vectorIndex(), vectorField: 'n' }], documentType: body },
			'that is neither an array of float64 or optional array of float64.',
		],
	])('E3-1 %s', async (_what, indexes, words) => {
		const storage = openTestStorage();
		await expect(push(storage, posts(indexes))).rejects.toMatchObject({
			code: 'InvalidSchema',
			message: expect.stringContaining(words),
		});
		await storage.close();
	});

	test('E3-1 what fits is taken: unions, records, nested and optional fields, system fields', async () => {
		const storage = openTestStorage();
		const documentType = json(
			v.union(
				v.object({ body: v.string(), meta: v.record(v.string(), v.string()) }),
				v.object({ body: v.null(), a: v.optional(v.object({ b: v.any() })) }),
				v.object({ vector: v.optional(v.union(v.array(v.float64()), v.null())) }),
			),
		);
		await push(
			storage,
			posts({
				indexes: [{ indexDescriptor: 'by_deep', fields: ['a.b.c'] }],
				searchIndexes: [textIndex(['meta.lang', '_creationTime'])],
				vectorIndexes: [vectorIndex()],
				documentType,
			}),
		);
		await storage.close();
	});
});
