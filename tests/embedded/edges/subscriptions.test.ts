import { describe, expect, test } from 'vitest';
import { prepareQuery, QueryCache } from '../../../src/lib/server/embedded/sync/subscriptions.ts';
import type { Caller, JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { FakeRunner, gate } from './fakeRunner.ts';

function setUp(idleBytes?: number) {
	const runner = new FakeRunner();
	const cache = new QueryCache({ runner, latestTs: () => runner.latest, log: () => {}, idleBytes });
	runner.onCommit((commit) => cache.onCommit(commit));
	runner.onPush(() => cache.invalidateAll());
	const ask = (path: string, args: JsonValue = {}, caller: Partial<Caller> = {}) =>
		prepareQuery(
			{ component: '', path, args, caller: { identity: null, isAdmin: false, ...caller } },
			null,
		);
	const value = (...queries: ReturnType<typeof ask>[]) =>
		cache.evaluate(queries, 0n, ({ results }) => results.map((r) => JSON.parse(r.json!)));
	return { runner, cache, ask, value };
}

describe('query cache', () => {
	test('a result is computed once until a commit touches what it read', async () => {
		const { runner, ask, value } = setUp();
		runner.write(1, 'a');
		expect(await value(ask('cells:get', { cell: 1 }))).toEqual(['a']);
		runner.write(2, 'other');
		expect(await value(ask('cells:get', { cell: 1 }))).toEqual(['a']);
		expect(runner.evaluated).toHaveLength(1);
		runner.write(1, 'b');
		expect(await value(ask('cells:get', { cell: 1 }))).toEqual(['b']);
		expect(runner.evaluated).toHaveLength(2);
	});

	test('many who ask the same at once share one evaluation', async () => {
		const { runner, ask, value } = setUp();
		await Promise.all(
			Array.from({ length: 50 }, () => value(ask('cells:sum', { from: 0, to: 9 }))),
		);
		expect(runner.evaluated).toHaveLength(1);
	});

	test('a commit during an evaluation makes its result stale, not wrong', async () => {
		const { runner, cache, ask } = setUp();
		const reading = gate();
		runner.afterRead = () => reading.promise;
		const first = cache.evaluate([ask('cells:get', { cell: 1 })], 0n, ({ ts, results }) => {
			const isWatched = cache.watch(results[0]!, { onStale: () => {} });
			return { ts, json: results[0]!.json, isWatched };
		});
		await new Promise((resolve) => setImmediate(resolve));
		const before = runner.latest;
		runner.write(1, 'new');
		runner.afterRead = null;
		reading.open();
		expect(await first).toEqual({ ts: before, json: 'null', isWatched: false });
	});

	test('results of one evaluation are exact at one timestamp', async () => {
		const { runner, cache, ask } = setUp();
		runner.write(1, 1);
		runner.write(2, 1);
		await cache.evaluate([ask('cells:get', { cell: 1 })], 0n, () => {});
		// While cell 2 is read, both change together: the cached cell 1 no longer fits.
		let isFirst = true;
		runner.beforeQuery = async () => {
			if (!isFirst) return;
			isFirst = false;
			runner.write(1, 2);
			runner.write(2, 2);
		};
		const queries = [ask('cells:get', { cell: 1 }), ask('cells:get', { cell: 2 })];
		const seen = await cache.evaluate(queries, 0n, ({ results }) => results.map((r) => r.json));
		expect(seen).toEqual(['2', '2']);
	});

	test('under a storm of commits an evaluation still ends, at one timestamp', async () => {
		const { runner, cache, ask } = setUp();
		let storm = 1;
		runner.write(1, storm);
		const queries = [ask('cells:get', { cell: 1 }), ask('cells:sum', { from: 0, to: 5 })];
		await cache.evaluate([queries[0]!], 0n, () => {});
		runner.beforeQuery = async () => void runner.write(1, ++storm);
		runner.afterRead = runner.beforeQuery;
		const seen = await cache.evaluate(queries, 0n, ({ results }) => results.map((r) => r.json));
		expect(seen[0]).toBe(seen[1]);
	});

	test('SEC-35 the answer for one identity is never given to another, nor an admin’s to anybody', async () => {
		const { runner, ask, value } = setUp();
		const ann = { identity: { name: 'Ann' } };
		const bob = { identity: { name: 'Bob' } };
		const [forAnn, forBob] = await Promise.all([
			value(ask('me:name', {}, ann)),
			value(ask('me:name', {}, bob)),
		]);
		expect([forAnn, forBob]).toEqual([['Ann'], ['Bob']]);
		expect(await value(ask('me:name'))).toEqual([null]);
		// Same person, another session claim: another identity.
		const other = { identity: { name: 'Ann', sessionId: '2' } };
		await value(ask('me:name', {}, other));
		expect(runner.evaluated).toHaveLength(4);
		await value(ask('me:greeting', {}, { isAdmin: true }));
		await value(ask('me:greeting'));
		expect(runner.evaluated).toHaveLength(6);
	});

	test('a result that never asked who is calling is shared by all identities', async () => {
		const { runner, ask, value } = setUp();
		await value(ask('me:greeting', {}, { identity: { name: 'Ann' } }));
		await value(ask('me:greeting', {}, { identity: { name: 'Bob' } }));
		await value(ask('me:greeting'));
		expect(runner.evaluated).toHaveLength(1);
	});

	test('a query that turns out to look at the identity is asked again for those who joined it', async () => {
		const { runner, ask, value } = setUp();
		// Teach the cache that the address does not look at the identity, then let it.
		await value(ask('me:name'));
		const wait = gate();
		runner.beforeQuery = () => wait.promise;
		const both = [
			value(ask('me:name', { n: 1 }, { identity: { name: 'Ann' } })),
			value(ask('me:name', { n: 1 }, { identity: { name: 'Bob' } })),
		];
		wait.open();
		expect(await Promise.all(both)).toEqual([['Ann'], ['Bob']]);
	});

	test('watchers hear of a commit that touches them, once, and of a push', async () => {
		const { runner, cache, ask } = setUp();
		let calls = 0;
		const watcher = { onStale: () => (calls += 1) };
		const watch = (cell: number) =>
			cache.evaluate([ask('cells:get', { cell })], 0n, ({ results }) =>
				cache.watch(results[0]!, watcher),
			);
		expect(await watch(1)).toBe(true);
		runner.write(2, 'x');
		expect(calls).toBe(0);
		runner.write(1, 'x');
		runner.write(1, 'y');
		expect(calls).toBe(1);
		await watch(1);
		runner.push();
		expect(calls).toBe(2);
		expect(cache.size).toBe(0);
	});

	test('results nobody watches are dropped beyond the limit, watched ones stay', async () => {
		const { runner, cache, ask } = setUp(10_000);
		let isStale = false;
		const watched = ask('cells:get', { cell: 0 });
		await cache.evaluate([watched], 0n, ({ results }) =>
			cache.watch(results[0]!, { onStale: () => (isStale = true) }),
		);
		const many = Array.from({ length: 200 }, (_, n) => ask('cells:get', { cell: n + 1 }));
		for (const query of many) await cache.evaluate([query], 0n, () => {});
		expect(cache.size).toBeLessThan(20);
		runner.write(0, 'changed');
		expect(isStale).toBe(true);
		// All at once is more than the limit holds; each must still be watchable.
		const kept = await cache.evaluate(many, 0n, ({ results }) =>
			results.map((result) => cache.watch(result, { onStale: () => {} })),
		);
		expect(kept.every(Boolean)).toBe(true);
	});

	test('a failure is not repeated to the next one who asks', async () => {
		const { runner, cache, ask } = setUp();
		await cache.evaluate([ask('boom:boom')], 0n, () => {});
		await cache.evaluate([ask('boom:boom')], 0n, () => {});
		expect(runner.evaluated).toHaveLength(2);
	});
});
