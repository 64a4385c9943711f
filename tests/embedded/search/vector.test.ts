/** Vector search through real actions. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { failureOf, openRunner, type Opened, valueOf } from '../functions/support.ts';

let app: Opened;
beforeEach(async () => {
	app = await openRunner('search', { showErrors: true });
});
afterEach(async () => {
	expect(app.storage.checkIntegrity().problems).toEqual([]);
	await app.close();
});

type Food = { name: string; embedding?: JsonValue; cuisine?: string; vegan?: boolean };
type Match = { _id: string; _score: number };

const add = async (...foods: Food[]): Promise<string[]> =>
	valueOf(await app.mutate('foods:add', { foods: foods as JsonValue })) as string[];
const near = async (args: { [option: string]: JsonValue }): Promise<Match[]> =>
	valueOf(await app.act('foods:near', args)) as unknown as Match[];
const nearest = async (args: { [option: string]: JsonValue }): Promise<string[]> =>
	(await near(args)).map(({ _id }) => _id);
const failure = async (name: string, args: JsonValue = {}) => failureOf(await app.act(name, args));

describe('E3-1 vector search', () => {
	test('E3-1 the nearest come first, by the cosine whatever the lengths', async () => {
		const [same, close, across, opposite] = await add(
			{ name: 'same', embedding: [5, 0, 0] },
			{ name: 'close', embedding: [1e-200, 1e-200, 0] },
			{ name: 'across', embedding: [0, 0, 1e200] },
			{ name: 'opposite', embedding: [-3, { $float: 'AAAAAAAAAIA=' }, 0] },
		);
		const found = await near({ vector: [2, 0, 0] });
		expect(found.map(({ _id }) => _id)).toEqual([same, close, across, opposite]);
		expect(found.map(({ _score }) => _score)).toEqual([1, expect.closeTo(Math.SQRT1_2, 6), 0, -1]);
		expect(Object.keys(found[0]!).sort()).toEqual(['_id', '_score']);
	});

	test('E3-1 documents without a vector of the right size are not found', async () => {
		const [right] = await add(
			{ name: 'right', embedding: [1, 1, 1] },
			{ name: 'none' },
			{ name: 'short', embedding: [1, 1] },
			{ name: 'long', embedding: [1, 1, 1, 1] },
			{ name: 'NaN', embedding: [{ $float: 'AAAAAAAA+H8=' }, 1, 1] },
		);
		expect(await nearest({ vector: [1, 1, 1] })).toEqual([right]);
	});

	test('E3-1 changes and removals take effect at once', async () => {
		const [first, second] = await add(
			{ name: 'a', embedding: [1, 0, 0] },
			{ name: 'b', embedding: [0, 1, 0] },
		);
		await app.mutate('foods:edit', { id: first!, embedding: [0, 0, 1] });
		expect(await near({ vector: [1, 0, 0], limit: 1 })).toMatchObject([{ _score: 0 }]);
		await app.mutate('foods:remove', { id: second! });
		expect(await nearest({ vector: [1, 0, 0] })).toEqual([first]);
		await app.mutate('foods:edit', { id: first!, embedding: [1] });
		expect(await nearest({ vector: [1, 0, 0] })).toEqual([]);
	});

	test('E3-1 filters: one of several values, or of several fields', async () => {
		const [french, thai, vegan] = await add(
			{ name: 'f', embedding: [1, 0, 0], cuisine: 'French', vegan: false },
			{ name: 't', embedding: [0.9, 0.1, 0], cuisine: 'Thai', vegan: false },
			{ name: 'v', embedding: [0.5, 0.5, 0], cuisine: 'Fr', vegan: true },
			{ name: 'n', embedding: [1, 0, 0] },
		);
		const vector = [1, 0, 0];
		expect(await nearest({ vector, cuisines: ['French'] })).toEqual([french]);
		expect(await nearest({ vector, cuisines: ['French', 'Thai'] })).toEqual([french, thai]);
		expect(await nearest({ vector, cuisines: ['Thai'], vegan: true })).toEqual([thai, vegan]);
		expect(await nearest({ vector, cuisines: ['Greek'] })).toEqual([]);
	});

	test('E3-1 ten results unless told, 256 at most, ties by id', async () => {
		const ids = await add(
			...Array.from({ length: 300 }, (_, i) => ({ name: `${i}`, embedding: [1, 1, 1] })),
		);
		ids.sort();
		expect(await nearest({ vector: [1, 1, 1] })).toEqual(ids.slice(0, 10));
		expect(await nearest({ vector: [1, 1, 1], limit: 256 })).toEqual(ids.slice(0, 256));
		for (const limit of [0, 257, 1.5]) {
			expect((await failure('foods:near', { vector: [1, 1, 1], limit })).message).toContain(
				'between 1 and 256',
			);
		}
	});

	test('E3-1 misuse is refused in words', async () => {
		const vector = [1, 0, 0];
		expect((await failure('foods:near', { vector: [1, 0] })).message).toContain(
			'Expected a vector with dimensions 3, received 2.',
		);
		for (const [args, words] of [
			[{ vector, index: 'by_nothing' }, 'Index foods.by_nothing not found.'],
			[{ vector, table: 'posts' }, 'Index posts.by_embedding not found.'],
			[{ vector, table: 'posts', index: 'search_body' }, 'Index posts.search_body not found.'],
			[
				{ vector, index: 'by_embedding_later' },
				'Index foods.by_embedding_later is currently staged',
			],
			[{ vector, cuisines: Array.from({ length: 65 }, (_, i) => `${i}`) }, 'Max: 64 Actual: 65'],
		] as [JsonValue, string][]) {
			expect((await failure('foods:near', args)).message).toContain(words);
		}
		expect((await failure('foods:byOtherField')).message).toContain(
			'Vector query against foods.by_embedding contains a filter on "name" but that field isn\'t indexed',
		);
	});

	test('E3-1 a component searches its own tables only', async () => {
		await add({ name: 'a', embedding: [1, 0, 0] });
		await app.mutate('posts:add', { posts: [{ body: 'moby of the app' }] });
		const shelf = async (args: JsonValue) =>
			valueOf(await app.act('foods:shelf', args)) as { near: string[]; found: string[] };
		expect(await shelf({ text: 'moby' })).toEqual({ near: [], found: [] });
		const { near: books, found } = await shelf({ add: 'Moby Dick', text: 'moby' });
		expect(found).toEqual(['Moby Dick']);
		expect(books).toHaveLength(1);
		expect(await app.value('posts:search', { text: 'moby' })).toEqual(['moby of the app']);
	});
});
