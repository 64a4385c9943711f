import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	anonymous,
	failureOf,
	openRunner,
	SITE_URL,
	valueOf,
	type Opened,
} from '../functions/support.ts';
import { until } from './until.ts';

let app: Opened;
let authors: string[];
beforeAll(async () => {
	app = await openRunner('official/helpers', { showErrors: true });
	await app.runner.startScheduler();
	authors = valueOf(await app.mutate('library:fill')) as string[];
}, 120_000);
afterAll(() => app?.close());

describe('convex-helpers/server: reading', () => {
	it('E3-2 relationships', async () => {
		expect(await app.value('library:related', { author: authors[0]! })).toEqual({
			name: 'Ada',
			books: ['b1901', 'b1903', 'b1905'],
			tags: ['sea', 'war'],
			hasFirst: true,
			all: 2,
		});
	});

	it('E3-2 paginator and getPage, several pages in one function', async () => {
		expect(await app.value('streams:pages')).toEqual([
			['b1906', 'b1905', 'b1904', 'b1903'],
			['b1902', 'b1901'],
			true,
		]);
		expect(await app.value('streams:manualPage')).toEqual({
			pages: [
				['b1901', 'b1902'],
				['b1903', 'b1904'],
			],
			hasMore: true,
		});
	});

	it('E3-2 streams: merged, filtered, joined, distinct, in pages', async () => {
		interface Page {
			titles: string[];
			continueCursor: string;
			isDone: boolean;
		}
		const titles: string[] = [];
		let cursor: string | null = null;
		for (let isDone = false; !isDone;) {
			const page = (await app.value('streams:merged', { authors, cursor })) as unknown as Page;
			titles.push(...page.titles);
			({ continueCursor: cursor, isDone } = page);
		}
		expect(titles).toEqual(['b1901', 'b1903', 'b1905']);
		expect(await app.value('streams:joined')).toEqual({
			titles: ['b1901', 'b1903', 'b1905', 'b1902', 'b1904', 'b1906'],
			distinct: ['b1901', 'b1902'],
		});
		expect(await app.value('library:filtered')).toEqual(['b1905', 'b1906']);
	});
});

describe('convex-helpers/server: functions of one’s own', () => {
	it('E3-2 row level security, in queries and mutations, called from a custom action', async () => {
		const book = { author: authors[1]!, title: 'secret', isSecret: true };
		const refused = await app.mutate('guarded:publish', { ...book, isLibrarian: false });
		expect(failureOf(refused).message).toContain('insert access not allowed');
		valueOf(await app.mutate('guarded:publish', { ...book, isLibrarian: true }));
		const seen = async (isLibrarian: boolean) =>
			(await app.value('guarded:books', { isLibrarian })) as string[];
		expect(await seen(true)).toContain('secret');
		expect(await seen(false)).not.toContain('secret');
		const greeting = await app.act('guarded:greet', { name: 'Eve', isLibrarian: false });
		expect(valueOf(greeting)).toBe('Dear Eve, we have 6');
	});

	it('E3-2 crud and triggers', async () => {
		const [author] = authors as [string];
		const book = { author, title: 'new', year: 2020 };
		const created = valueOf(await app.mutate('guarded:create', book)) as { _id: string };
		expect(await app.value('guarded:read', { id: created._id })).toMatchObject(book);
		const patch = { id: created._id, patch: { title: 'newer' } };
		valueOf(await app.mutate('guarded:update', patch));
		expect(await app.value('guarded:counts')).toEqual(['Ada 1', 'Bo 0']);
		valueOf(await app.mutate('guarded:destroy', { id: created._id }));
		expect(await app.value('guarded:read', { id: created._id })).toBeNull();
		expect(await app.value('guarded:counts')).toEqual(['Ada 0', 'Bo 0']);
		for (let i = 0; i < 4; i++) valueOf(await app.mutate('guarded:create', book));
		expect(failureOf(await app.mutate('guarded:create', book)).message).toContain('too many books');
		const paginationOpts = { cursor: null, numItems: 3 };
		const page = (await app.value('guarded:paginate', { paginationOpts })) as { page: unknown[] };
		expect(page.page).toHaveLength(3);
	});

	it('E3-2 zod arguments, defaults and return values', async () => {
		expect(await app.value('zodFns:shout', { words: ['hear', 'this'] })).toEqual({
			text: 'HEAR THIS',
			length: 9,
		});
		const short = failureOf((await app.query('zodFns:shout', { words: ['x'] })).outcome);
		expect(JSON.stringify(short.data)).toContain('too_small');
		const mail = { words: ['ok'], email: 'nobody' };
		expect(failureOf((await app.query('zodFns:shout', mail)).outcome).data).toBeDefined();
		const renamed = await app.mutate('zodFns:rename', { id: authors[1]!, name: '  Bob ' });
		expect(valueOf(renamed)).toBe('Bob');
		const args = { kind: 'a', maybe: null, shape: 'round' };
		expect(await app.value('zodFns:validators', args)).toEqual({ kind: 'a' });
		const wrong = await app.query('zodFns:validators', { ...args, shape: 'square' });
		expect(failureOf(wrong.outcome).code).toBe('ArgumentValidation');
	});

	it('E3-2 sessions and rate limits', async () => {
		const session = { sessionId: 'some-session' };
		expect(valueOf(await app.act('background:visitTwice', session))).toBe(2);
		const knock = async () => valueOf(await app.mutate('background:knock'));
		expect([await knock(), await knock(), await knock()]).toEqual([true, true, false]);
		expect(await app.value('background:canKnock')).toBe(false);
		valueOf(await app.mutate('background:forget'));
		expect(await app.value('background:canKnock')).toBe(true);
	});

	it('E3-2 retries and migrations in the background', async () => {
		valueOf(await app.mutate('background:runFragile'));
		await until(
			() => app.value('background:tries'),
			(tries) => tries === 3,
		);
		valueOf(await app.mutate('background:migrate'));
		await until(
			async () => (await app.value('background:oldTitles')) as string[],
			(titles) => titles.length > 6 && titles.every((title) => /^old (?!old)/.test(title)),
		);
	});

	it('E3-2 CORS', async () => {
		const ask = (path: string, method: string, origin: string) =>
			app.runner.runHttpAction(
				new Request(SITE_URL + path, { method, headers: { origin } }),
				anonymous,
			);
		const friend = 'https://friend.example';
		const preflight = await ask('/echo', 'OPTIONS', friend);
		expect(preflight.status).toBe(204);
		expect(preflight.headers.get('access-control-allow-methods')).toMatch(/GET.*POST|POST.*GET/);
		const answer = await ask('/echo', 'POST', friend);
		expect(await answer.text()).toBe('POST seen');
		expect(answer.headers.get('access-control-allow-origin')).toBe(friend);
		const stranger = await ask('/echo', 'GET', 'https://stranger.example');
		expect(stranger.headers.get('access-control-allow-origin')).not.toBe(
			'https://stranger.example',
		);
		const tree = await ask('/tree/a/b', 'GET', 'https://stranger.example');
		// Where any may ask, the helper answers with the name of who did.
		expect(tree.headers.get('access-control-allow-origin')).toBe('https://stranger.example');
	});
});
