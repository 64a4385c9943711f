/** A function that does not come to an end is stopped; everybody else is served on. */
import { anyApi, type ApiFromModules } from 'convex/server';
import { describe, expect, test, vi } from 'vitest';
import { follow, httpClient, served, socketClient } from '../clients/clientHarness.ts';
import type * as itemsModule from '../fixtures/runaway/convex/items.ts';
import type * as loopsModule from '../fixtures/runaway/convex/loops.ts';
import type * as processesModule from '../fixtures/runaway/convex/processes.ts';
import { fixture } from '../functions/support.ts';

const { items, loops, processes } = anyApi as unknown as ApiFromModules<{
	items: typeof itemsModule;
	loops: typeof loopsModule;
	processes: typeof processesModule;
}>;
/** Processor time; a machine under load is not a function that loops. */
const limits = { transactionMs: 300, actionMs: 600 };

const start = (given: Parameters<typeof served>[0] = {}) =>
	served({
		functionsDir: fixture('runaway'),
		isDevelopment: true,
		isolation: { limits },
		...given,
	});

describe('E3-3 a runaway function', () => {
	test.each(['atOnce', 'afterReading', 'inSmallSteps'] as const)(
		'%s: it fails, others are answered, sockets stay',
		async (name) => {
			const { origin, logged } = await start();
			const client = socketClient(origin);
			const list = follow(client, items.list, {});
			await client.mutation(items.add, { name: 'one' });
			await list.reaches(['one']);
			const loop = httpClient(origin).query(loops[name], {});
			// Asked while the loop holds the thread.
			const others = [
				httpClient(origin).query(items.list, {}),
				httpClient(origin).mutation(items.add, { name: 'two' }),
				client.mutation(items.add, { name: 'three' }),
			];
			await expect(loop).rejects.toThrow(/Function execution timed out/);
			await Promise.all(others);
			await vi.waitFor(() =>
				expect([...(list.latest() as string[])].sort()).toEqual(['one', 'three', 'two']),
			);
			expect(client.connectionState().connectionCount).toBe(1);
			expect(logged.filter((line) => line.startsWith('engine.replaced'))).toHaveLength(1);
		},
	);

	test('in a mutation: nothing of it is kept, and nothing that ran beside it happens twice', async () => {
		const { origin } = await start();
		const clients = Array.from({ length: 4 }, () => socketClient(origin));
		const writes = clients.flatMap((client, number) =>
			Array.from({ length: 10 }, (_, index) =>
				client.mutation(items.addSlowly, { name: `${number}.${index}`, turns: 3 }),
			),
		);
		const http = Array.from({ length: 10 }, (_, index) =>
			httpClient(origin).mutation(items.addSlowly, { name: `http.${index}`, turns: 3 }),
		);
		await expect(httpClient(origin).mutation(loops.inMutation, {})).rejects.toThrow(/timed out/);
		await Promise.all([...writes, ...http]);
		const names = (await httpClient(origin).query(items.list, {})) as string[];
		expect(names).not.toContain('lost');
		expect(names).toHaveLength(50);
		expect(new Set(names).size).toBe(50);
	});

	test('of several subscriptions of one socket only the guilty one fails', async () => {
		const { origin } = await start();
		const client = socketClient(origin);
		const list = follow(client, items.list, {});
		const guilty = follow(client, loops.onceThereIs, {});
		await guilty.reaches('nothing');
		await client.mutation(items.add, { name: 'one' });
		await list.reaches(['one']);
		await vi.waitFor(() => expect(guilty.errors.at(-1)?.message).toMatch(/timed out/));
		await client.mutation(items.add, { name: 'two' });
		await list.reaches(['one', 'two']);
	});

	test('an action that loops fails; one that ran beside it is told that it was interrupted', async () => {
		let replaced = 0;
		const { origin } = await start({ isolation: { limits, onReplaced: () => void replaced++ } });
		const beside = httpClient(origin).action(items.waitAndAdd, { name: 'beside', ms: 60_000 });
		beside.catch(() => {});
		await httpClient(origin).query(items.list, {});
		await expect(httpClient(origin).action(loops.inAction, {})).rejects.toThrow(/timed out/);
		await expect(beside).rejects.toThrow(/had to be stopped/);
		await vi.waitFor(() => expect(replaced).toBe(1), { timeout: 20_000 });
		await httpClient(origin).action(items.waitAndAdd, { name: 'after', ms: 1 });
		expect(await httpClient(origin).query(items.list, {})).toEqual(['after']);
	});

	test('a scheduled function that loops has failed and is not run again; the others are', async () => {
		const { origin, logged } = await start();
		const client = httpClient(origin);
		await client.mutation(loops.schedule, {});
		await vi.waitFor(
			async () => {
				const states = (await client.query(items.jobs, {})) as { kind: string; error?: string }[];
				expect(states.map(({ kind }) => kind).sort()).toEqual(['failed', 'success']);
				expect(states.find(({ kind }) => kind === 'failed')!.error).toMatch(/timed out/);
			},
			{ timeout: 20_000 },
		);
		expect(await client.query(items.list, {})).toEqual(['by a job']);
		expect(logged.filter((line) => line.startsWith('engine.lost'))).toHaveLength(1);
	});

	test('one that takes all memory fails, and the process lives', async () => {
		const { origin } = await start({
			isolation: { memoryMiB: 96, limits: { transactionMs: 60_000 } },
		});
		await expect(httpClient(origin).query(loops.memory, {})).rejects.toThrow(/out of memory/);
		await httpClient(origin).mutation(items.add, { name: 'after' });
		expect(await httpClient(origin).query(items.list, {})).toEqual(['after']);
	});

	test('one that collects buffers fails, and the process does not grow with it', async () => {
		const { origin } = await start({
			isolation: { memoryMiB: 96, limits: { transactionMs: 60_000, wallMs: 60_000 } },
		});
		await expect(httpClient(origin).query(loops.buffers, {})).rejects.toThrow(/out of memory/);
		await httpClient(origin).mutation(items.add, { name: 'after' });
		expect(await httpClient(origin).query(items.list, {})).toEqual(['after']);
	});

	test('one that ends its process, or signals it, ends its thread only', async () => {
		const { origin } = await start();
		const client = socketClient(origin);
		const list = follow(client, items.list, {});
		const http = httpClient(origin);
		await expect(http.action(processes.exit, {})).rejects.toThrow(/ended its thread/);
		for (const name of ['SIGKILL', 'SIGTERM', 'SIGINT']) {
			const signalled = http.action(processes.signal, { name });
			await expect(signalled).rejects.toThrow(/ended its thread/);
		}
		expect(await http.action(processes.isThere, {})).toBe(true);
		await client.mutation(items.add, { name: 'after' });
		await list.reaches(['after']);
		expect(client.connectionState().connectionCount).toBe(1);
	});
});
