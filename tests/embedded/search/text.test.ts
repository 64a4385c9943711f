/** Full-text search through real functions. */
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

type Post = {
	body: string;
	channel?: string;
	about?: { title: string; lang?: string };
	stars?: number;
};

async function add(...posts: (Post | string)[]): Promise<string[]> {
	const args = posts.map((post) => (typeof post === 'string' ? { body: post } : post));
	return valueOf(await app.mutate('posts:add', { posts: args as JsonValue })) as string[];
}
const search = (args: { text: string; [option: string]: JsonValue }) =>
	app.value('posts:search', args) as Promise<string[]>;

describe('E3-1 full-text search', () => {
	test('E3-1 words are found without regard to case, punctuation and script', async () => {
		await add('Hello, WORLD!', 'hello-there', 'Größe: ÜBER', 'Η ΟΔΟΣ', '東京 2026');
		expect((await search({ text: 'HELLO' })).sort()).toEqual(['Hello, WORLD!', 'hello-there']);
		expect(await search({ text: 'größe' })).toEqual(['Größe: ÜBER']);
		expect(await search({ text: 'grosse' })).toEqual([]);
		expect(await search({ text: 'οδοσ' })).toEqual(['Η ΟΔΟΣ']);
		expect(await search({ text: '東' })).toEqual(['東京 2026']);
		expect(await search({ text: '' })).toEqual([]);
		expect(await search({ text: '"*() AND' })).toEqual([]);
	});

	test('E3-1 only the last word is a beginning', async () => {
		await add('rabbit', 'send request', 'hare');
		expect((await search({ text: 'r' })).sort()).toEqual(['rabbit', 'send request']);
		expect(await search({ text: 'rab hare' })).toEqual(['hare']);
		expect(await search({ text: 'hare rab' })).toEqual(expect.arrayContaining(['hare', 'rabbit']));
	});

	test('E3-1 words of 32 bytes and more are neither kept nor looked for', async () => {
		await add(`${'x'.repeat(31)} short`, `${'y'.repeat(32)} long`, `${'é'.repeat(16)} wide`);
		expect(await search({ text: 'x'.repeat(31) })).toHaveLength(1);
		expect(await search({ text: 'y'.repeat(32) })).toEqual([]);
		expect(await search({ text: 'é' })).toEqual([]);
		expect(await search({ text: 'long' })).toHaveLength(1);
	});

	test('E3-1 more matches, fewer other words and rarer words rank higher, then the newest', async () => {
		await add('a b', 'a c', 'a a a a');
		expect(await search({ text: 'a' })).toEqual(['a a a a', 'a c', 'a b']);
		await add('common rare', 'common x', 'common y', 'common z', 'rare x');
		expect((await search({ text: 'common rare' })).slice(0, 2)).toEqual(['common rare', 'rare x']);
		await add('rabbits', 'rabbit');
		await add('rabbits');
		expect((await search({ text: 'rabbit' }))[0]).toBe('rabbit');
		expect(await app.value('posts:best', { text: 'rabbit' })).toBe('rabbit');
		expect(await app.value('posts:best', { text: 'nothing' })).toBeNull();
	});

	test('E3-1 of a question with more than 16 words the first 16 count', async () => {
		await add('w1', 'w16', 'w17');
		const text = Array.from({ length: 17 }, (_, i) => `w${i + 1}`).join(' ');
		expect((await search({ text })).sort()).toEqual(['w1', 'w16']);
	});

	test('E3-1 filters are exact, nested fields and missing ones included', async () => {
		await add(
			{ body: 'hi one', channel: 'a', about: { title: 'x', lang: 'de' } },
			{ body: 'hi two', channel: 'a', about: { title: 'x' } },
			{ body: 'hi three', channel: 'b' },
			{ body: 'hi four', channel: 'ab', about: { title: 'x', lang: 'd' }, stars: 4 },
		);
		expect((await search({ text: 'hi', channel: 'a' })).sort()).toEqual(['hi one', 'hi two']);
		expect(await search({ text: 'hi', lang: 'de' })).toEqual(['hi one']);
		expect((await search({ text: 'hi', lang: null })).sort()).toEqual(['hi three', 'hi two']);
		expect(await search({ text: 'hi', lang: null, channel: 'b' })).toEqual(['hi three']);
		expect(await search({ text: 'hi', channel: 'x'.repeat(100) })).toEqual([]);
		// A `.filter` besides the search filter, and `take` after both.
		expect(await search({ text: 'hi', atLeastStars: 3 })).toEqual(['hi four']);
		expect(await search({ text: 'hi', take: 2 })).toHaveLength(2);
	});

	test('E3-1 a nested search field; documents without it are not found', async () => {
		await add({ body: 'x', about: { title: 'Moby Dick' } }, { body: 'moby' });
		expect(await app.value('posts:titles', { text: 'moby' })).toEqual(['Moby Dick']);
	});

	test('E3-1 changes and removals take effect', async () => {
		const [first, second] = await add('old words', 'other words');
		await app.mutate('posts:edit', { id: first!, changes: { body: 'new words' } });
		await app.mutate('posts:remove', { id: second! });
		expect(await search({ text: 'old' })).toEqual([]);
		expect(await search({ text: 'words' })).toEqual(['new words']);
		await app.mutate('posts:edit', { id: first!, changes: { channel: 'moved' } });
		expect(await search({ text: 'words', channel: 'general' })).toEqual([]);
		expect(await search({ text: 'words', channel: 'moved' })).toEqual(['new words']);
	});

	test('E3-1 a mutation finds its own writes, in the order a query will find them', async () => {
		const [editId, removeId] = await add('word first', 'word word second', 'word third');
		const steps = valueOf(
			await app.mutate('posts:writeAndSearch', {
				text: 'word',
				add: 'word word word new',
				editId: editId!,
				editBody: 'nothing',
				removeId: removeId!,
			}),
		) as string[][];
		expect(steps).toEqual([
			['word word second', 'word third', 'word first'],
			['word word word new', 'word word second', 'word third', 'word first'],
			['word word word new', 'word word second', 'word third'],
			['word word word new', 'word third'],
		]);
		expect(await search({ text: 'word' })).toEqual(steps.at(-1));
	});

	test('E3-1 pages join without gap or repetition, and a pinned page grows in place', async () => {
		await add(...Array.from({ length: 25 }, (_, i) => `word ${'filler '.repeat(i % 7)}n${i}`));
		const whole = await search({ text: 'word' });
		type Page = { page: string[]; isDone: boolean; continueCursor: string };
		const page = (cursor: string | null, endCursor?: string) =>
			app.value('posts:page', {
				text: 'word',
				paginationOpts: { numItems: 10, cursor, ...(endCursor ? { endCursor } : {}) },
			}) as unknown as Promise<Page>;
		const first = await page(null);
		const second = await page(first.continueCursor);
		const third = await page(second.continueCursor);
		expect([first, second, third].map((one) => one.page.length)).toEqual([10, 10, 5]);
		expect([...first.page, ...second.page, ...third.page]).toEqual(whole);
		expect(third.isDone).toBe(true);
		await add('word word word word');
		const grown = await page(null, first.continueCursor);
		expect(grown.page[0]).toBe('word word word word');
		const failure = failureOf(
			(
				await app.query('posts:page', {
					text: 'other',
					paginationOpts: { numItems: 10, cursor: first.continueCursor },
				})
			).outcome,
		);
		expect(failure.data).toMatchObject({ paginationError: 'InvalidCursor' });
	});

	test('E3-1 the 1,025th result is refused, the first 1,024 are not', async () => {
		await add(...Array.from({ length: 1_030 }, (_, i) => `many n${i}`));
		expect(await search({ text: 'many', take: 1_024 })).toHaveLength(1_024);
		await expect(search({ text: 'many' })).rejects.toThrow(
			'Search query scanned too many documents (fetched 1024).',
		);
		expect(await search({ text: 'n7 ' })).toContain('many n7');
	});

	test.each([
		['other field', 'contains a search filter against "channel"'],
		['two searches', 'contains multiple search filters against "body". Only one is allowed.'],
		['other filter', 'contains an equality filter on "stars"'],
		['no search', 'does not contain any search filters.'],
		['nine filters', 'has too many filter conditions. Max: 8 Actual: 9'],
		['unknown index', 'Index posts.search_nothing not found.'],
		['staged search', 'Index posts.search_later is currently staged'],
		['staged index', 'Index posts.by_channel_later is currently staged'],
		['order', 'Search queries must always be in relevance order.'],
	])('E3-1 %s is refused in words', async (what, words) => {
		await expect(app.value('posts:misuse', { what })).rejects.toThrow(words);
	});
});
