import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, openRunner, valueOf, type Opened } from '../functions/support.ts';
import { until } from './until.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('official/aggregate', { showErrors: true });
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

const add = async (game: string, player: string, score: number) =>
	valueOf(await app.mutate('ranks:add', { game, player, score })) as string;
const about = (game: string, more = {}) => app.value('ranks:about', { game, ...more });

describe('@convex-dev/aggregate, mounted twice', () => {
	it('E3-2 counts, sums and ranks a table by triggers, in namespaces', async () => {
		for (let i = 1; i <= 20; i++) await add('chess', `c${i}`, i * 10);
		const id = await add('go', 'g', 7);
		expect(await about('chess')).toEqual({ count: 20, sum: 2100, best: 200, worst: 10 });
		expect(await about('chess', { over: 150 })).toEqual({
			count: 5,
			sum: 900,
			best: 200,
			worst: 160,
		});
		expect(await about('go')).toEqual({ count: 1, sum: 7, best: 7, worst: 7 });
		const place = { game: 'chess', at: 4, key: 180 };
		expect(await app.value('ranks:place', place)).toEqual({ player: 'c5', rank: 2 });
		expect(await app.value('ranks:place', { ...place, at: -1 })).toMatchObject({ player: 'c20' });
		expect(await app.value('ranks:walk', { game: 'chess' })).toEqual(
			Array.from({ length: 20 }, (_, i) => 200 - i * 10),
		);
		expect(await app.value('ranks:batch', { games: ['chess', 'go', 'none'] })).toEqual({
			counts: [20, 1, 0],
			sums: [2100, 7, 0],
			namespaces: ['chess', 'go'],
		});
		valueOf(await app.mutate('ranks:change', { id, score: 9 }));
		expect(await about('go')).toMatchObject({ count: 1, sum: 9 });
		valueOf(await app.mutate('ranks:remove', { id }));
		expect(await about('go')).toEqual({ count: 0, sum: 0, best: null, worst: null });
	});

	it('E3-2 is in the same transaction as the document', async () => {
		const before = await about('chess');
		const failing = { game: 'chess', player: 'x', score: 1, fail: true };
		expect(failureOf(await app.mutate('ranks:add', failing)).message).toContain(
			'after the trigger',
		);
		expect(await about('chess')).toEqual(before);
	});

	it('E3-2 aggregates what is in no table, at once or by its nested worker', async () => {
		const words = ['apple', 'ant', 'bee'];
		valueOf(await app.mutate('ranks:fill', { words, isAsync: false }));
		expect(await app.value('ranks:words', { letter: 'a' })).toEqual({ count: 2, sum: 8, all: 3 });
		valueOf(await app.mutate('ranks:fill', { words: ['axe', 'bat'], isAsync: true }));
		// Until the worker has been there, only reads that do without what waits are answered.
		await until(
			async () => (await app.value('ranks:words', { letter: 'a', stale: true })) as { all: number },
			({ all }) => all === 5,
		);
		await until(
			async () => (await app.query('ranks:words', { letter: 'a' })).outcome,
			({ ok }) => ok,
		);
		expect(await app.value('ranks:words', { letter: 'a' })).toEqual({ count: 3, sum: 11, all: 5 });
	});

	it('E3-2 is cleared and built again', async () => {
		valueOf(await app.mutate('ranks:rebuild'));
		expect(await about('chess')).toEqual({ count: 20, sum: 2100, best: 200, worst: 10 });
		expect(await app.value('ranks:words', { letter: 'b' })).toMatchObject({ all: 5 });
	});
});
