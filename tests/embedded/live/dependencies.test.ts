import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { served, whenDone } from '../clients/clientHarness.ts';
import { edgesHarness } from '../edges/edgesHarness.ts';
import { syncHarness } from '../edges/syncHarness.ts';
import { bytesInUse, live, plain, soon } from './liveHarness.ts';

const MEBIBYTE = 1024 * 1024;
/** Inside node_modules, so that `convex/server` resolves as in a project. */
const FOLDERS = path.resolve(import.meta.dirname, '../../../node_modules/.embedded-live-');

describe('what is not there yet', () => {
	test('E3-5 a table, a range and a function that do not exist: the query hears of each when it does', async () => {
		const functionsDir = mkdtempSync(FOLDERS);
		whenDone(() => rmSync(functionsDir, { recursive: true, force: true }));
		const imports = `import { mutationGeneric as mutation, queryGeneric as query } from 'convex/server';\n`;
		writeFileSync(
			path.join(functionsDir, 'things.ts'),
			`${imports}export const list = query(async (ctx) => (await ctx.db.query('things').collect()).length);
export const one = query(async (ctx) => (await ctx.db.query('things').first())?.name ?? null);
export const add = mutation(async (ctx, { name }) => { await ctx.db.insert('things', { name }); });`,
		);
		const { origin, deployment } = await served({ functionsDir });
		const client = await plain(origin);
		client.add(0, 'things:list', {});
		client.add(1, 'things:one', {});
		client.add(2, 'later:value', {});
		const failures = () =>
			client
				.of('Transition')
				.flatMap((message) => message.modifications as { type: string; queryId: number }[])
				.filter((change) => change.type === 'QueryFailed');
		await soon(() => expect(failures()).toMatchObject([{ queryId: 2 }]));
		expect([client.values.get(0), client.values.get(1)]).toEqual([0, null]);
		client.mutate('things:add', { name: 'first' });
		await soon(() => expect([client.values.get(0), client.values.get(1)]).toEqual([1, 'first']));
		writeFileSync(
			path.join(functionsDir, 'later.ts'),
			`${imports}export const value = query(async () => 'now');`,
		);
		await deployment.push();
		await soon(() => expect(client.values.get(2)).toBe('now'));
	});

	test('E3-5 a document that goes away is missed by who asked for its id', async () => {
		const { origin } = await live();
		const client = await plain(origin);
		client.modify();
		client.mutate('cells:add', { n: 1, value: 'here' });
		await soon(() => expect(client.of('MutationResponse')).toHaveLength(1));
		const id = client.of('MutationResponse')[0]!.result;
		client.add(0, 'cells:byId', { id: id as string });
		await soon(() => expect(client.values.get(0)).toBe('here'));
		client.mutate('cells:remove', { id });
		await soon(() => expect(client.values.get(0)).toBeNull());
	});

	test('E3-5 what lies outside the database: everything is asked again, once per distinct query', async () => {
		const harness = await edgesHarness();
		whenDone(() => harness.close());
		const clients = await Promise.all(Array.from({ length: 20 }, () => plain(harness.origin)));
		for (const client of clients) client.add(0, 'cells:get', { cell: 1 });
		await soon(() => expect(clients.every(({ values }) => values.has(0))).toBe(true));
		// No commit: as a variable of the environment changes.
		harness.runner.cells.set(1, 'changed');
		harness.runner.evaluated.length = 0;
		harness.edges.invalidateAll();
		await soon(() => expect(clients.every(({ values }) => values.get(0) === 'changed')).toBe(true));
		expect(harness.runner.evaluated).toHaveLength(1);
	});
});

describe('what is computed', () => {
	test('E3-5 a write to one of 4,000 subscriptions of a socket looks at one, not at 4,000', async () => {
		const { runner, cache, peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		for (let cell = 0; cell < 4_000; cell++) peer.add(cell, 'cells:get', { cell });
		await peer.settled();
		expect(peer.session.subscriptions).toBe(4_000);
		const evaluate = vi.spyOn(cache, 'evaluate');
		runner.write(1_234, 'new');
		await peer.settled();
		expect(evaluate.mock.calls.map(([queries]) => queries.length)).toEqual([1]);
		expect(peer.values()[1_234]).toBe('new');
	});

	test('E3-5 identical HTTP queries at once share one evaluation', async () => {
		const harness = await edgesHarness();
		whenDone(() => harness.close());
		const body = { path: 'cells:sum', args: [{ from: 0, to: 9 }] };
		const answers = await Promise.all(
			Array.from({ length: 40 }, async () => (await harness.post('/api/query', body)).json()),
		);
		expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
		expect(harness.runner.evaluated).toHaveLength(1);
	});

	test('SEC-62 10,000 distinct queries by nobody: what is kept of them is bounded', async () => {
		const { deployment, origin } = await live();
		const ask = async (n: number) => {
			const body = JSON.stringify({ path: 'cells:large', args: [{ n, characters: 20_000 }] });
			const request = new Request(`${origin}/api/query`, { method: 'POST', body });
			const answer = (await (await deployment.fetch(request)).json()) as { status: string };
			if (answer.status !== 'success') throw new Error(JSON.stringify(answer));
		};
		await ask(0);
		const before = await bytesInUse();
		let next = 1;
		await Promise.all(
			Array.from({ length: 20 }, async () => {
				while (next <= 10_000) await ask(next++);
			}),
		);
		// 400 MB of results were made; 64 MiB of them may be kept.
		expect((await bytesInUse()) - before).toBeLessThan(96 * MEBIBYTE);
		expect(deployment.stats().cachedQueries).toBeLessThan(2_000);
	}, 180_000);
});
