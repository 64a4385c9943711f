import { ConvexError } from 'convex/values';
import { describe, expect, test, vi } from 'vitest';
import { api, follow, httpClient, served, socketClient, unreachable } from './clientHarness.ts';

describe('official clients', () => {
	test('another client’s write arrives live; writes elsewhere cause no evaluation', async () => {
		const { origin, deployment } = await served();
		const reader = socketClient(origin);
		const writer = socketClient(origin);
		const inRange = follow(reader, api.messages.between, {
			channel: 'a',
			from: 10,
			to: 20,
		});
		const firstTwo = follow(reader, api.messages.first, { channel: 'b', count: 2 });
		await Promise.all([inRange.reaches([]), firstTwo.reaches([])]);
		await writer.mutation(api.messages.fill, { channel: 'b', from: 5, to: 8 });
		await firstTwo.reaches([5, 6]);
		await writer.mutation(api.messages.send, { channel: 'a', n: 15, text: '' });
		await inRange.reaches([15]);
		const evaluate = vi.spyOn(deployment.runner, 'runQueries');
		const told = inRange.values.length + firstTwo.values.length;
		// Outside the range, outside the channel, beyond what take(2) consumed.
		for (const [channel, n] of [
			['a', 20],
			['a', 9],
			['c', 15],
			['b', 7.5],
			['b', 100],
		] as const) {
			await writer.mutation(api.messages.send, { channel, n, text: '' });
		}
		expect(evaluate).not.toHaveBeenCalled();
		expect(inRange.values.length + firstTwo.values.length).toBe(told);
		await writer.mutation(api.messages.send, { channel: 'b', n: 5.5, text: '' });
		await firstTwo.reaches([5, 5.5]);
		expect(evaluate).toHaveBeenCalledTimes(1);
	});

	test('a client reads its own writes when its mutation resolves', async () => {
		const { origin } = await served();
		const client = socketClient(origin);
		const counter = follow(client, api.counters.get, { name: 'x' });
		await counter.reaches(0);
		for (let n = 1; n <= 25; n++) {
			expect(await client.mutation(api.counters.add, { name: 'x', by: 1 })).toBe(n);
			expect(counter.latest()).toBe(n);
		}
	});

	test('read-modify-write from eight clients at once loses nothing', async () => {
		const { origin } = await served();
		const clients = Array.from({ length: 8 }, () => socketClient(origin));
		await Promise.all(
			clients.flatMap((client) =>
				Array.from({ length: 25 }, () => client.mutation(api.counters.add, { name: 'x', by: 1 })),
			),
		);
		expect(await httpClient(origin).query(api.counters.get, { name: 'x' })).toBe(200);
	});

	test('a result of 6 MB arrives whole', async () => {
		const { origin } = await served();
		const large = follow(socketClient(origin), api.messages.large, { bytes: 6_000_000 });
		await expect.poll(() => large.latest()?.length, { timeout: 15_000 }).toBe(4_500_000);
		expect(large.latest()).toBe('é"x'.repeat(1_500_000));
	});

	test('the data of a ConvexError arrives by socket and by HTTP; the refused mutation wrote nothing', async () => {
		const { origin } = await served();
		const client = socketClient(origin);
		const http = httpClient(origin);
		const refused = follow(client, api.messages.refuse, {});
		await expect.poll(() => refused.errors.length).toBe(1);
		const attempts = [
			client.mutation(api.messages.refuseToWrite, {}),
			client.query(api.messages.refuse, {}),
			http.query(api.messages.refuse, {}),
			http.mutation(api.messages.refuseToWrite, {}),
		];
		const errors = await Promise.all(attempts.map((one) => one.catch((error: unknown) => error)));
		for (const error of [...errors, refused.errors[0]]) {
			expect(error).toBeInstanceOf(ConvexError);
			expect((error as ConvexError<{ code: string; tries: bigint }>).data).toEqual({
				code: 'REFUSED',
				tries: 3n,
			});
		}
		expect(await http.query(api.messages.list, { channel: 'refused' })).toEqual([]);
	});

	test('a query does not wait for a mutation that waits', async () => {
		const { origin, deployment } = await served();
		const slow = socketClient(origin);
		const http = httpClient(origin);
		await http.query(api.counters.get, { name: 'warm' });
		let iterations = 200_000;
		let slowMs = 0;
		// As many rounds as take 300 ms here.
		while (slowMs < 300) {
			iterations *= 2;
			const name = `warm${iterations}`;
			const startMs = performance.now();
			await slow.mutation(api.counters.addSlowly, { name, iterations });
			slowMs = performance.now() - startMs;
		}
		let isDone = false;
		const mutation = slow
			.mutation(api.counters.addSlowly, { name: 'slow', iterations })
			.then(() => (isDone = true));
		let answered = 0;
		let slowestMs = 0;
		while (!isDone && answered < 50) {
			const startMs = performance.now();
			await http.query(api.counters.get, { name: `other${answered}` });
			if (isDone) break;
			slowestMs = Math.max(slowestMs, performance.now() - startMs);
			answered += 1;
		}
		expect(answered).toBeGreaterThan(5);
		expect(slowestMs).toBeLessThan(slowMs);
		await mutation;
		expect(deployment.stats().sockets).toBe(1);
	});

	test('internal and missing functions are told apart from nothing', async () => {
		const { origin } = await served();
		const http = httpClient(origin);
		await expect(http.query(unreachable('messages:hidden'), {})).rejects.toThrow(
			/Could not find public function/,
		);
		await expect(http.query(unreachable('messages:nothing'), {})).rejects.toThrow(
			/Could not find public function/,
		);
		const socket = socketClient(origin);
		await expect(socket.query(unreachable('messages:hidden'), {})).rejects.toThrow(
			/Could not find public function/,
		);
		await expect(
			socket.mutation(api.counters.get as never, { name: 'x' } as never),
		).rejects.toThrow();
		await expect(http.query(api.counters.get, { name: 5 as never })).rejects.toThrow(/Validat/);
	});

	test('actions answer, functions see only the environment they were given', async () => {
		const { origin } = await served();
		const client = socketClient(origin);
		const value = { big: 5n, bytes: new ArrayBuffer(2), list: [null, -0, 'é'] };
		expect(await client.action(api.people.echo, { value })).toEqual(value);
		expect(await client.query(api.people.environment, {})).toEqual(['hello', null]);
	});

	test('functions can read the server’s numbers, the network cannot', async () => {
		const { origin } = await served({ serverStats: () => ({ version: '1.2.3' }) });
		const client = socketClient(origin);
		follow(client, api.counters.get, { name: 'x' });
		const numbers = (await client.action(api.people.serverNumbers, {})) as Record<string, number>;
		expect(numbers).toMatchObject({ version: '1.2.3', sockets: 1, subscribers: 1 });
		expect(numbers.databaseBytes).toBeGreaterThan(0);
		expect(numbers.memoryBytes).toBeGreaterThan(1e6);
	});

	test('in-process calls, HTTP actions and versions', async () => {
		const { origin, deployment } = await served();
		const inProcess = httpClient(origin);
		(inProcess as unknown as { fetch: typeof fetch }).fetch = (input, init) =>
			deployment.fetch(new Request(input, init));
		expect(await inProcess.mutation(api.counters.add, { name: 'x', by: 2 })).toBe(2);
		expect(await inProcess.consistentQuery(api.counters.get, { name: 'x' })).toBe(2);
		const hook = await fetch(`${origin}/http/hooks/a`, { method: 'POST', body: 'hi' });
		expect([hook.status, await hook.text()]).toEqual([201, 'hi/nobody']);
		expect(hook.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
		expect(hook.headers.get('x-seen')).toBe('/hooks/a');
		expect((await fetch(`${origin}/http/none`)).status).toBe(404);
		expect(await (await fetch(`${origin}/version`)).text()).toMatch(/^\d+\.\d+\.\d+/);
		const name = await (await fetch(`${origin}/instance_name`)).text();
		expect(name).toMatch(/^embedded-[0-9a-f]{8}$/);
		const any = await fetch(`${origin}/api/run/counters/add`, {
			method: 'POST',
			body: JSON.stringify({ args: { name: 'x', by: 1 } }),
		});
		expect(await any.json()).toMatchObject({ status: 'success', value: 3 });
	});
});
