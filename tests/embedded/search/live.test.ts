/** Searches kept live by the official client, over a socket. */
import {
	anyApi,
	type ApiFromModules,
	type FunctionReturnType,
	type PaginationOptions,
} from 'convex/server';
import { expect, test } from 'vitest';
import {
	follow,
	type Follower,
	httpClient,
	served,
	socketClient,
} from '../clients/clientHarness.ts';
import type * as postsModule from '../fixtures/search/convex/posts.ts';
import { fixture } from '../functions/support.ts';

const { posts } = anyApi as unknown as ApiFromModules<{ posts: typeof postsModule }>;

test('E3-5 a live search hears of matching documents only, and shows what a fresh one would', async () => {
	const { origin } = await served({ functionsDir: fixture('search') });
	const http = httpClient(origin);
	const client = socketClient(origin);
	const add = (body: string, channel = 'one') =>
		http.mutation(posts.add, { posts: [{ body, channel }] });
	const all = follow(client, posts.search, { text: 'moby di' });
	const one = follow(client, posts.search, { text: 'moby di', channel: 'one' });
	await all.reaches([]);
	await one.reaches([]);

	const [first] = await add('Moby Dick');
	await all.reaches(['Moby Dick']);
	await one.reaches(['Moby Dick']);
	const told = () => [all.values.length, one.values.length];
	const before = told();
	await add('nothing of the kind');
	await add('the dock and the duck');
	// A write that both must hear of comes after those that neither must: it would arrive last.
	const [second] = await add('moby moby', 'one');
	await one.reaches(['Moby Dick', 'moby moby']);
	await all.reaches(['Moby Dick', 'moby moby']);
	expect(told()).toEqual(before.map((count) => count + 1));

	// Another channel: only the search without the filter.
	const [, oneBefore] = told();
	await add('dinner', 'two');
	await all.reaches(await http.query(posts.search, { text: 'moby di' }));
	expect(all.latest()).toContain('dinner');
	await http.mutation(posts.edit, { id: second!, changes: { body: 'moby moby moby dick' } });
	await one.reaches(await http.query(posts.search, { text: 'moby di', channel: 'one' }));
	expect(one.latest()).toContain('moby moby moby dick');
	expect(one.values.length).toBe(oneBefore! + 1);

	await http.mutation(posts.remove, { id: first! });
	await one.reaches(['moby moby moby dick']);
	await all.reaches(await http.query(posts.search, { text: 'moby di' }));
	expect([...all.errors, ...one.errors]).toEqual([]);
});

test('E3-5 live pages of results join whatever is written: their ends are pinned', async () => {
	const { origin } = await served({ functionsDir: fixture('search') });
	const http = httpClient(origin);
	const client = socketClient(origin);
	await http.mutation(posts.add, {
		posts: ['word', 'word x', 'word x y', 'word x y z'].map((body) => ({ body })),
	});
	// As usePaginatedQuery: each page from where the one before ended, to the one that is done.
	const pages: Follower<FunctionReturnType<typeof posts.page>>[] = [];
	let cursor: string | null = null;
	for (let isDone = false; !isDone;) {
		const paginationOpts: PaginationOptions = { numItems: 2, cursor };
		const page = follow(client, posts.page, { text: 'word', paginationOpts });
		await expect.poll(() => page.latest()).toBeDefined();
		pages.push(page);
		({ isDone, continueCursor: cursor } = page.latest()!);
	}
	const shown = () => pages.flatMap((page) => page.latest()!.page);
	expect(pages.map((page) => page.latest()!.page.length)).toEqual([2, 2, 0]);
	for (const body of ['word word', 'word x x x x x x', 'a b c d word', 'word']) {
		await http.mutation(posts.add, { posts: [{ body }] });
		const whole = await http.query(posts.search, { text: 'word' });
		expect(whole).toContain(body);
		await expect.poll(shown).toEqual(whole);
	}
	expect(pages[0]!.latest()!.page).toContain('word word');
});
