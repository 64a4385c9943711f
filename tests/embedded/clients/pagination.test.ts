import type { ConvexClient } from 'convex/browser';
import type { GenericId } from 'convex/values';
import { describe, expect, test, vi } from 'vitest';
import { api, served, socketClient, whenDone } from './clientHarness.ts';

interface Page {
	results: { n: number; _id: GenericId<'messages'> }[];
	status: 'LoadingFirstPage' | 'CanLoadMore' | 'LoadingMore' | 'Exhausted';
	loadMore(count: number): void;
}

function paginate(client: ConvexClient, channel: string, initialNumItems: number) {
	let latest: Page | undefined;
	const stop = client.onPaginatedUpdate_experimental(
		api.messages.page as never,
		{ channel } as never,
		{ initialNumItems },
		(page) => void (latest = page as unknown as Page),
	);
	whenDone(stop);
	return {
		numbers: () => latest?.results.map((message) => message.n) ?? null,
		page: () => latest!,
		async shows(numbers: number[]) {
			await vi.waitFor(() => expect(this.numbers()).toEqual(numbers), { timeout: 10_000 });
		},
	};
}

const range = (from: number, to: number) =>
	Array.from({ length: to - from }, (_, index) => from + index);

describe('pagination', () => {
	test('pages stay gapless when rows are inserted at their borders, in between and at the end', async () => {
		const { origin } = await served();
		const reader = socketClient(origin);
		const writer = socketClient(origin);
		const send = (n: number) => writer.mutation(api.messages.send, { channel: 'a', n, text: '' });
		await writer.mutation(api.messages.fill, { channel: 'a', from: 0, to: 12 });
		const list = paginate(reader, 'a', 4);
		await list.shows(range(0, 4));
		list.page().loadMore(4);
		await list.shows(range(0, 8));
		// Right before and right after the border between the pages, before the first row, after the last one shown.
		for (const n of [3.5, 4.5, -1, 3.9, 7.5]) await send(n);
		await list.shows([-1, 0, 1, 2, 3, 3.5, 3.9, 4, 4.5, 5, 6, 7]);
		list.page().loadMore(20);
		const all = [-1, 0, 1, 2, 3, 3.5, 3.9, 4, 4.5, 5, 6, 7, 7.5, ...range(8, 12)];
		await list.shows(all);
		expect(list.page().status).toBe('Exhausted');
		// At the tail of an exhausted list.
		await send(50);
		await list.shows([...all, 50]);
	}, 30_000);

	test('a page whose rows are deleted does not eat into the next', async () => {
		const { origin } = await served();
		const reader = socketClient(origin);
		const writer = socketClient(origin);
		await writer.mutation(api.messages.fill, { channel: 'a', from: 0, to: 8 });
		const list = paginate(reader, 'a', 4);
		await list.shows(range(0, 4));
		list.page().loadMore(2);
		await list.shows(range(0, 6));
		for (const message of list.page().results.slice(1, 5)) {
			await writer.mutation(api.messages.remove, { id: message._id });
		}
		await list.shows([0, 5]);
		list.page().loadMore(10);
		await list.shows([0, 5, 6, 7]);
	}, 30_000);
});
