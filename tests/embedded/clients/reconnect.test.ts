import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
	api,
	childServer,
	dataFolder,
	follow,
	httpClient,
	kill,
	served,
	socketClient,
	whenDone,
} from './clientHarness.ts';
import { serve } from './serve.ts';

/** A free port that stays ours to use again after a server on it was stopped. */
async function reservedPort(): Promise<number> {
	const { createServer } = await import('node:http');
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}

describe('reconnecting', () => {
	test('after the server was closed and started again, subscriptions go on', async () => {
		const dataDir = dataFolder();
		const first = await serve(dataDir);
		const client = socketClient(first.origin);
		const counter = follow(client, api.counters.get, { name: 'x' });
		await client.mutation(api.counters.add, { name: 'x', by: 1 });
		await counter.reaches(1);
		await first.close();
		// Made while there is no server: sent once there is one, and done once.
		const offline = [1, 10, 100].map((by) => client.mutation(api.counters.add, { name: 'x', by }));
		await vi.waitFor(() => expect(client.connectionState().isWebSocketConnected).toBe(false));
		const second = await served({ dataDir, port: first.port });
		expect(await Promise.all(offline)).toEqual([2, 12, 112]);
		await counter.reaches(112);
		expect(await httpClient(second.origin).query(api.counters.get, { name: 'x' })).toBe(112);
	}, 60_000);

	test('after SIGKILL, data, subscriptions and unanswered mutations survive', async () => {
		const dataDir = dataFolder();
		const port = await reservedPort();
		const origin = `http://127.0.0.1:${port}`;
		let child = await childServer(dataDir, port);
		const client = socketClient(origin);
		const counter = follow(client, api.counters.get, { name: 'x' });
		await client.mutation(api.counters.add, { name: 'x', by: 1 });
		await counter.reaches(1);
		let expected = 1;
		for (let round = 0; round < 2; round++) {
			// Some are answered, some are on the way when the process dies.
			const pending = Array.from({ length: 20 }, () =>
				client.mutation(api.counters.add, { name: 'x', by: 1 }),
			);
			expected += 20;
			await pending[0];
			await kill(child);
			child = await childServer(dataDir, port);
			await Promise.all(pending);
			await counter.reaches(expected);
		}
		expect(await httpClient(origin).query(api.counters.get, { name: 'x' })).toBe(expected);
	}, 60_000);

	test('a replay is answered from the disk after SIGKILL, in the same words', async () => {
		const dataDir = dataFolder();
		const port = await reservedPort();
		const origin = `http://127.0.0.1:${port}`;
		const child = await childServer(dataDir, port);
		const ask = async () => {
			const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/sync`);
			whenDone(() => socket.terminate());
			await new Promise((resolve) => socket.on('open', resolve));
			const messages: Record<string, unknown>[] = [];
			socket.on('message', (data) =>
				messages.push(JSON.parse(String(data)) as Record<string, unknown>),
			);
			const send = (message: object) => socket.send(JSON.stringify(message));
			send({
				type: 'Connect',
				sessionId: 'fixed',
				connectionCount: 0,
				lastCloseReason: null,
				clientTs: 0,
			});
			send({ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications: [] });
			const args = [{ name: 'once', by: 5 }];
			send({ type: 'Mutation', requestId: 3, udfPath: 'counters:add', args });
			await vi.waitFor(() => {
				const answer = messages.findIndex((message) => message.type === 'MutationResponse');
				expect(answer).toBeGreaterThanOrEqual(0);
				expect(messages.slice(answer).some((message) => message.type === 'Transition')).toBe(true);
			});
			return messages.find((message) => message.type === 'MutationResponse');
		};
		const answer = await ask();
		expect(answer).toMatchObject({ success: true, result: 5 });
		await kill(child);
		await childServer(dataDir, port);
		expect(await ask()).toEqual(answer);
		expect(await httpClient(origin).query(api.counters.get, { name: 'once' })).toBe(5);
	}, 60_000);
});
