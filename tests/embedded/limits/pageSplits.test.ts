import type { ConvexClient } from 'convex/browser';
import { ConvexError } from 'convex/values';
import { describe, expect, test, vi } from 'vitest';
import { httpClient, socketClient, whenDone } from '../clients/clientHarness.ts';
import type { Served } from '../clients/serve.ts';
import { api, serveLimits } from './served.ts';

interface List {
	results: { n: number }[];
	status: string;
	loadMore(count: number): void;
}

function listOf(client: ConvexClient, query: unknown, args: object, initialNumItems: number) {
	let latest: List | undefined;
	const stop = client.onPaginatedUpdate_experimental(
		query as never,
		args as never,
		{ initialNumItems },
		(list) => void (latest = list as unknown as List),
	);
	whenDone(stop);
	return {
		latest: () => latest!,
		async shows(numbers: number[]) {
			const shown = () => latest?.results.map(({ n }) => n);
			await vi.waitFor(() => expect(shown()).toEqual(numbers), { timeout: 20_000 });
		},
	};
}

/** What the server said of every page it has evaluated. */
function pageStatuses({ deployment }: Served): (string | null)[] {
	const seen: (string | null)[] = [];
	const { runner } = deployment;
	const real = runner.runQueries.bind(runner);
	runner.runQueries = async (calls) => {
		const outcomes = await real(calls);
		for (const { outcome } of outcomes) {
			if (outcome.ok) seen.push((outcome.value as { pageStatus: string | null }).pageStatus);
		}
		return outcomes;
	};
	whenDone(() => void (runner.runQueries = real));
	return seen;
}

const range = (from: number, to: number, step = 1) =>
	Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);

describe('pages that grow beyond what they may read', () => {
	test('E3-1 are split by the official client until each fits, with nothing lost or shown twice', async () => {
		const served = await serveLimits();
		const statuses = pageStatuses(served);
		const writer = httpClient(served.origin);
		const fill = (from: number, to: number) =>
			writer.mutation(api.budget!.fill!, { group: 'a', from, to });
		await fill(0, 8);
		const args = { group: 'a', maximumRowsRead: 8 };
		const list = listOf(socketClient(served.origin), api.pages!.list, args, 100);
		await list.shows(range(0, 8));
		expect(list.latest().status).toBe('CanLoadMore');
		// Between the first row and the last, all at once: 27 rows where 8 may be read.
		await fill(0.5, 7);
		await fill(0.25, 7);
		await fill(0.75, 6);
		const all = [...range(0, 8), ...range(0.5, 7), ...range(0.25, 7), ...range(0.75, 6)];
		await list.shows(all.sort((a, b) => a - b));
		expect(statuses).toContain('SplitRequired');
		list.latest().loadMore(10);
		await vi.waitFor(() => expect(list.latest().status).toBe('Exhausted'), { timeout: 10_000 });
	}, 60_000);

	test('E3-1 do not fail although they hold more than a transaction may read', async () => {
		const served = await serveLimits();
		const statuses = pageStatuses(served);
		const writer = httpClient(served.origin);
		const fill = (from: number, to: number) =>
			writer.mutation(api.budget!.fill!, { group: 'b', from, to, bytes: 500_000 });
		await fill(0, 2);
		await fill(100, 101);
		const list = listOf(socketClient(served.origin), api.pages!.large, { group: 'b' }, 100);
		await list.shows([0, 1, 100]);
		for (let from = 2; from < 42; from += 10) await fill(from, from + 10);
		await list.shows([...range(0, 42), 100]);
		expect(statuses).toContain('SplitRequired');
	}, 60_000);
});

describe('paginate()', () => {
	test('E3-1 a cursor of another query is told so that clients start over', async () => {
		const { origin } = await serveLimits();
		const client = httpClient(origin);
		await client.mutation(api.budget!.fill!, { group: 'a', from: 0, to: 3 });
		await client.mutation(api.budget!.fill!, { group: 'b', from: 0, to: 3 });
		const ask = (group: string, cursor: string | null) =>
			client.query(api.pages!.list!, {
				group,
				maximumRowsRead: 10,
				paginationOpts: { numItems: 2, cursor },
			});
		const { continueCursor } = await ask('a', null);
		const error: unknown = await ask('b', continueCursor).catch((e: unknown) => e);
		expect(error).toBeInstanceOf(ConvexError);
		expect((error as ConvexError<never>).data).toEqual({
			isConvexSystemError: true,
			paginationError: 'InvalidCursor',
		});
		expect((await ask('a', continueCursor)).page).toHaveLength(1);
	}, 30_000);

	test('E3-1 may be called once in a function', async () => {
		const { origin } = await serveLimits();
		const asked = httpClient(origin).query(api.pages!.twice!, {});
		await expect(asked).rejects.toThrow('Convex only supports a single paginated query');
	}, 30_000);
});
