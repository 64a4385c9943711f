import { createHash } from 'node:crypto';
import { createWriteStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { encodeId } from '../../../src/lib/server/embedded/storage/ids.ts';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import {
	collect,
	indexRange,
	mutate,
	query,
	scan,
	schema,
	table,
	temporaryFolder,
} from '../storage/helpers.ts';
import { float, importFrom, int64, openFolder, type OpenFolder } from './exportSupport.ts';

/** An id as another deployment would have made it. */
const idOf = (tableNumber: number, byte: number) => encodeId(tableNumber, Buffer.alloc(16, byte));

async function zipOf(entries: Record<string, string>): Promise<string> {
	const zip = new ZipFile();
	for (const [name, text] of Object.entries(entries)) zip.addBuffer(Buffer.from(text), name);
	zip.end();
	const file = path.join(temporaryFolder(), 'snapshot.zip');
	await pipeline(zip.outputStream, createWriteStream(file));
	return file;
}

function textFile(name: string, text: string): string {
	const file = path.join(temporaryFolder(), name);
	writeFileSync(file, text);
	return file;
}

const documents = (folder: OpenFolder, name: string, component = '') =>
	query(folder.storage, (db) => collect(db, scan(name), component)) as Record<string, JsonValue>[];

/** What `npx convex export` writes: two tables, one in a component that counts from 10001 too, a file of number 540. */
function realExport(): {
	entries: Record<string, string>;
	user: string;
	post: string;
	file: string;
} {
	const [user, post, bucket, file] = [
		idOf(10_001, 1),
		idOf(10_002, 2),
		idOf(10_001, 3),
		idOf(540, 4),
	];
	const sha256 = createHash('sha256').update('bytes').digest('base64');
	return {
		user,
		post,
		file,
		entries: {
			'README.md': 'Welcome\n',
			'_tables/documents.jsonl': '{"name":"users","id":10001}\n{"name":"posts","id":10002}\n',
			'users/documents.jsonl': `{"_creationTime":1700000000000.5,"_id":"${user}","age":36.0,"visits":7}\n`,
			'users/generated_schema.jsonl': '"uniform"\n',
			'posts/documents.jsonl': `{"_creationTime":1700000000001.0,"_id":"${post}","author":"${user}"}\n`,
			'posts/generated_schema.jsonl': '"uniform"\n',
			'_storage/documents.jsonl': `{"_id":"${file}","_creationTime":1700000000002.0,"sha256":"${sha256}","size":5,"contentType":null,"internalId":"0b0f2c46-9d5c-4e2a-8f3a-3c1a2b4c5d6e"}\n`,
			[`_storage/${file}`]: 'bytes',
			'_components/limiter/_tables/documents.jsonl': '{"name":"buckets","id":10001}\n',
			'_components/limiter/buckets/documents.jsonl': `{"_creationTime":1.0,"_id":"${bucket}","n":1}\n`,
			'_components/limiter/buckets/generated_schema.jsonl': '"uniform"\n',
		},
	};
}

const POSTS = table('posts', { by_author: ['author'] }, {
	type: 'object',
	value: { author: { fieldType: { type: 'id', tableName: 'users' }, optional: false } },
} as JsonValue);

describe('E3-6 import', () => {
	test('E3-6 what npx convex export writes: ids, times, numbers and references are kept', async () => {
		const { entries, user, post, file } = realExport();
		const into = openFolder();
		// As after a deploy: the tables are there, in another order, with other numbers.
		await into.storage.pushSchemas(new Map([['', schema(table('zeta'), POSTS, table('users'))]]));
		const report = await importFrom(into, await zipOf(entries));
		expect(report).toMatchObject({
			written: { users: 1, posts: 1, _storage: 1, 'limiter/buckets': 1 },
			documents: 3,
			files: 1,
		});
		expect(documents(into, 'users')).toEqual([
			{ _creationTime: 1700000000000.5, _id: user, age: 36, visits: int64(7n) },
		]);
		query(into.storage, (db) => {
			expect(db.get('', post)).toMatchObject({ author: user });
			expect(db.get('', file, { isSystem: true })).toMatchObject({ size: 5 });
			expect(db.normalizeId('', 'users', user)).toBe(user);
			const found = indexRange('posts.by_author', [
				{ type: 'Eq', fieldPath: 'author', value: user },
			]);
			expect(collect(db, found)).toHaveLength(1);
		});
		expect(documents(into, 'buckets', 'limiter')).toHaveLength(1);
		expect(readFileSync(path.join(into.filesFolder, file), 'utf8')).toBe('bytes');
		// The table whose number the import took still works, under a number of its own.
		const zeta = await mutate(into.storage, (db) => db.insert('', 'zeta', {}));
		expect(query(into.storage, (db) => db.get('', zeta))).toMatchObject({ _id: zeta });
		expect(into.storage.checkIntegrity().problems).toEqual([]);
	});

	test('E3-6 the modes: refuse, add, replace, replace all', async () => {
		const { entries, user } = realExport();
		const file = await zipOf(entries);
		const into = openFolder();
		await mutate(into.storage, (db) => {
			for (const name of ['users', 'posts', 'other']) db.insert('', name, { name: 'old' });
		});
		const before = documents(into, 'users');
		await expect(importFrom(into, file)).rejects.toMatchObject({
			code: 'TableNotEmpty',
			message: expect.stringContaining('users') as string,
		});
		expect(documents(into, 'users')).toEqual(before);
		expect(await importFrom(into, file, { mode: 'replace' })).toMatchObject({
			removed: { users: 1, posts: 1 },
		});
		expect(documents(into, 'users').map(({ _id }) => _id)).toEqual([user]);
		expect(documents(into, 'other')).toHaveLength(1);
		// The same documents once more are not new ones.
		await expect(importFrom(into, file, { mode: 'append' })).rejects.toMatchObject({
			code: 'ImportConflict',
		});
		const more = textFile('more.jsonl', '{"name":"new"}\n');
		const added = { mode: 'append', format: 'jsonLines', table: 'users' } as const;
		expect(await importFrom(into, more, added)).toMatchObject({ written: { users: 1 } });
		expect(documents(into, 'users')).toHaveLength(2);
		await importFrom(into, file, { mode: 'replaceAll' });
		expect(documents(into, 'users')).toHaveLength(1);
		expect(documents(into, 'other')).toEqual([]);
		expect(into.storage.checkIntegrity().problems).toEqual([]);
	});

	test('E3-6 clashes are refused by name, and nothing is changed', async () => {
		const into = openFolder();
		const { user } = realExport();
		await mutate(into.storage, (db) => db.insert('', 'posts', { author: 'x' }));
		await mutate(into.storage, (db) => db.insert('', 'users', { name: 'old' }));
		const state = () => [documents(into, 'users'), documents(into, 'posts')];
		const before = state();
		const line = textFile('users.jsonl', `{"_id":"${user}"}\n`);
		const jsonLines = { format: 'jsonLines', table: 'users' } as const;
		for (const [mode, message] of [
			// posts has number 10001 here.
			['replace', /"users" begin with the table number 10001, which belongs to table "posts"/],
			['append', /made with the table number 10001, but the table has documents/],
		] as const) {
			const refused = importFrom(into, line, { ...jsonLines, mode });
			await expect(refused).rejects.toMatchObject({
				code: 'ImportConflict',
				message: expect.stringMatching(message) as string,
			});
		}
		const twice = textFile('twice.jsonl', `{"_id":"${user}"}\n{"_id":"${user}"}\n`);
		const fresh = importFrom(into, twice, { format: 'jsonLines', table: 'fresh' });
		await expect(fresh).rejects.toMatchObject({ code: 'ImportConflict' });
		expect(state()).toEqual(before);
		expect(into.storage.checkIntegrity().problems).toEqual([]);
	});

	test('E3-6 a table that others refer to is not pulled from under them', async () => {
		const into = openFolder();
		await into.storage.pushSchemas(new Map([['', schema(table('users'), POSTS)]]));
		await mutate(into.storage, (db) => {
			db.insert('', 'posts', { author: db.insert('', 'users', {}) });
		});
		const moved = textFile('users.jsonl', `{"_id":"${idOf(10_777, 1)}"}\n`);
		await expect(
			importFrom(into, moved, { format: 'jsonLines', table: 'users', mode: 'replace' }),
		).rejects.toMatchObject({ code: 'ImportForeignKey' });
		expect(documents(into, 'users')).toHaveLength(1);
	});

	test('E3-6 all or nothing: a bad document far behind undoes the rest, files too', async () => {
		const { entries } = realExport();
		const into = openFolder();
		await into.storage.pushSchemas(new Map([['', schema(POSTS, table('users'))]]));
		const ts = into.storage.latestTs();
		const many = Array.from({ length: 2_000 }, () => `{"author":"${idOf(10_001, 1)}"}\n`).join('');
		const file = await zipOf({ ...entries, 'posts/documents.jsonl': `${many}{"author":7}\n` });
		await expect(importFrom(into, file)).rejects.toMatchObject({ code: 'SchemaMismatch' });
		expect(documents(into, 'posts')).toEqual([]);
		expect(documents(into, 'users')).toEqual([]);
		expect(readdirSync(into.filesFolder)).toEqual([]);
		expect(into.storage.latestTs()).toBe(ts);
		const wrongBytes = { ...entries, [`_storage/${idOf(540, 4)}`]: 'BYTES' };
		await expect(importFrom(into, await zipOf(wrongBytes))).rejects.toMatchObject({
			code: 'InvalidImport',
		});
		expect(readdirSync(into.folder).filter((name) => name.startsWith('import-'))).toEqual([]);
		await mutate(into.storage, (db) => db.insert('', 'users', {}));
		expect(into.storage.checkIntegrity().problems).toEqual([]);
	});

	test('E3-6 csv, a JSON array and lines of JSON, read as Convex reads them', async () => {
		const into = openFolder();
		const csv =
			'\uFEFFname,n,note\r\n"Ada, Countess",1,"a ""b""\nc"\r\nBob,-2.5e3,\r\nNone,nan,007x\r\n';
		await importFrom(into, textFile('a.csv', csv), { format: 'csv', table: 'people' });
		expect(documents(into, 'people').map(({ name, n, note }) => [name, n, note])).toEqual([
			['Ada, Countess', 1, 'a "b"\nc'],
			['Bob', -2500, ''],
			['None', float(NaN), '007x'],
		]);
		const array = textFile('a.json', '[{"n":1},{"n":2.5,"deep":{"list":[null,true]}}]');
		await importFrom(into, array, { format: 'jsonArray', table: 'array' });
		expect(documents(into, 'array')).toMatchObject([
			{ n: 1 },
			{ n: 2.5, deep: { list: [null, true] } },
		]);
		const bad: [string, 'csv' | 'jsonArray' | 'jsonLines', string][] = [
			['{"n":1}', 'jsonArray', 'one JSON array'],
			['a,b\n1\n', 'csv', '1 fields where the header has 2'],
			['{"n":1}\nnot json\n', 'jsonLines', 'Table "bad", document 2: Not valid JSON'],
			['{"n":{"$integer":"AQAAAAAAAAA="}}', 'jsonLines', 'reserved'],
			['[1]', 'jsonLines', 'must be a JSON object'],
			['{"_x":1}', 'jsonLines', 'underscore'],
		];
		for (const [text, format, message] of bad) {
			await expect(
				importFrom(into, textFile('bad', text), { format, table: 'bad' }),
			).rejects.toMatchObject({ message: expect.stringContaining(message) as string });
		}
	});

	test('E3-6 a damaged or foreign ZIP is refused', async () => {
		const into = openFolder();
		const { entries } = realExport();
		const whole = readFileSync(await zipOf(entries));
		const at = whole.indexOf('PK', 4) - 20;
		const damaged = Buffer.from(whole);
		damaged[at] = damaged[at]! ^ 0xff;
		const file = path.join(temporaryFolder(), 'damaged.zip');
		for (const bytes of [whole.subarray(0, whole.length - 30), Buffer.from('no zip')]) {
			writeFileSync(file, bytes);
			await expect(importFrom(into, file)).rejects.toMatchObject({ code: 'InvalidImport' });
		}
		const legacy = { ...entries, 'users/generated_schema.jsonl': '"{age: field_float64}"\n' };
		await expect(importFrom(into, await zipOf(legacy))).rejects.toMatchObject({
			message: expect.stringContaining('old kind') as string,
		});
		expect(documents(into, 'users')).toEqual([]);
	});
});
