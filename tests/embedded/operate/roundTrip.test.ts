import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportLine, importLine } from '../../../src/lib/server/embedded/operate/exportValues.ts';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { collect, mutate, query, scan, schema, table } from '../storage/helpers.ts';
import { exportTo, float, importFrom, int64, openFolder, unzip } from './exportSupport.ts';

/** Convex JSON in the form it is stored in: any value, edge cases preferred. */
const { value: anyValue } = fc.letrec<{ value: JsonValue }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4, withCrossShrink: true },
		fc.constantFrom<JsonValue>(null, true, false, 0, 1, -1, 0.1, 1e21, 1e-7, 5e-324, 2 ** 53),
		fc
			.double({ noNaN: true, noDefaultInfinity: true })
			.map((n) => (Object.is(n, -0) ? float(n) : n)),
		fc.constantFrom(float(NaN), float(-0), float(Infinity), float(-Infinity)),
		fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(int64),
		fc.constantFrom(int64(0n), int64(1n), int64(-(2n ** 63n)), int64(2n ** 63n - 1n)),
		fc
			.uint8Array({ maxLength: 20 })
			.map((bytes): JsonValue => ({ $bytes: Buffer.from(bytes).toString('base64') })),
		fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
		fc.constantFrom('\u2028\u2029', 'a\nb\r\n"\\', '1', '{"$integer":"AQAAAAAAAAA="}', '日本😀'),
		fc.array(tie('value'), { maxLength: 4 }),
		fc.dictionary(fc.constantFrom('a', 'b_c', 'x y', '0', '__proto__', 'Z'), tie('value'), {
			maxKeys: 4,
		}) as fc.Arbitrary<JsonValue>,
	),
}));

describe('E3-6 export and import', () => {
	test('E3-6 a line of an export holds every value exactly', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				const line = exportLine({ value });
				expect(line).not.toContain('\n');
				expect(importLine(line, 'uniform')).toEqual({ value });
			}),
			{ numRuns: 2_000 },
		);
	});

	test('E3-6 int64 and float64 are told apart by the point alone, as in real exports', () => {
		const document = {
			i: int64(3n),
			f: 3,
			big: 1e21,
			tiny: 1e-7,
			neg: float(-0),
			b: { $bytes: 'AQI=' },
		};
		expect(exportLine(document)).toBe(
			'{"i":3,"f":3.0,"big":1e+21,"tiny":1e-7,"neg":{"$float":"AAAAAAAAAIA="},"b":{"$bytes":"AQI="}}',
		);
		expect(importLine('{"i":3,"f":3.0,"e":1e2}', 'uniform')).toEqual({
			i: int64(3n),
			f: 3,
			e: 100,
		});
		expect(importLine('{"i":3,"f":3.0}', 'plain')).toEqual({ i: 3, f: 3 });
	});

	test('E3-6 export, import and export again give the same bytes', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(anyValue, { minLength: 1, maxLength: 12 }), async (values) => {
				const from = openFolder();
				await mutate(from.storage, (db) => {
					for (const value of values) db.insert('', 'things', { value });
					db.insert('limits', 'rates', { n: 1 });
					db.insert('limits/inner', 'deep', { n: 2 });
				});
				const first = await exportTo(from);
				const into = openFolder();
				await importFrom(into, first);
				const second = await exportTo(into);
				expect(readFileSync(second).equals(readFileSync(first))).toBe(true);
				const all = (side: typeof from) => query(side.storage, (db) => collect(db, scan('things')));
				expect(all(into)).toEqual(all(from));
				expect(into.storage.checkIntegrity().problems).toEqual([]);
			}),
			{ numRuns: 15 },
		);
	}, 60_000);

	test('E3-6 the ZIP has the layout of `npx convex export`, components included', async () => {
		const from = openFolder();
		await from.storage.pushSchemas(new Map([['', schema(table('empty'), table('users'))]]));
		const id = await mutate(from.storage, (db) => {
			db.insert('rateLimiter/inner', 'buckets', { n: 1 });
			return db.insert('', 'users', { name: 'Ada' });
		});
		const entries = await unzip(await exportTo(from));
		expect(Object.keys(entries)).toEqual([
			'README.md',
			'_tables/documents.jsonl',
			'empty/documents.jsonl',
			'empty/generated_schema.jsonl',
			'users/documents.jsonl',
			'users/generated_schema.jsonl',
			'_components/rateLimiter/_components/inner/_tables/documents.jsonl',
			'_components/rateLimiter/_components/inner/buckets/documents.jsonl',
			'_components/rateLimiter/_components/inner/buckets/generated_schema.jsonl',
		]);
		expect(entries['_tables/documents.jsonl']).toBe(
			'{"name":"empty","id":10001}\n{"name":"users","id":10002}\n',
		);
		expect(entries['users/generated_schema.jsonl']).toBe('"uniform"\n');
		expect(entries['users/documents.jsonl']).toMatch(
			new RegExp(`^\\{"_creationTime":[0-9]+\\.[0-9]+,"_id":"${id}","name":"Ada"\\}\n$`),
		);
	});

	test('E3-6 stored files come along, byte for byte', async () => {
		const from = openFolder();
		const bytes = Buffer.from([0, 255, 10, 13, 1]);
		mkdirSync(from.filesFolder);
		const id = await mutate(from.storage, (db) =>
			db.systemInsert('', '_storage', {
				sha256: createHash('sha256').update(bytes).digest('hex'),
				size: bytes.length,
				contentType: 'image/png',
			}),
		);
		writeFileSync(path.join(from.filesFolder, id), bytes);
		const without = await unzip(await exportTo(from));
		expect(Object.keys(without).some((name) => name.includes('_storage'))).toBe(false);
		const file = await exportTo(from, true);
		const entries = await unzip(file);
		expect(JSON.parse(entries['_storage/documents.jsonl']!)).toMatchObject({
			_id: id,
			sha256: createHash('sha256').update(bytes).digest('base64'),
			size: 5,
			contentType: 'image/png',
		});
		expect(Object.keys(entries)).toContain(`_storage/${id}.png`);
		const into = openFolder();
		expect(await importFrom(into, file)).toMatchObject({ files: 1, written: { _storage: 1 } });
		expect(readFileSync(path.join(into.filesFolder, id)).equals(bytes)).toBe(true);
		expect(readFileSync(await exportTo(into, true)).equals(readFileSync(file))).toBe(true);
	});
});
