import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { edgesHarness, type EdgesHarness } from './edgesHarness.ts';
import { FakeClock } from './fakeRunner.ts';

const open: EdgesHarness[] = [];
const sockets: WebSocket[] = [];
const start = async (given: Parameters<typeof edgesHarness>[0] = {}) => {
	const harness = await edgesHarness(given);
	open.push(harness);
	return harness;
};
afterEach(async () => {
	for (const socket of sockets.splice(0)) socket.terminate();
	await Promise.all(open.splice(0).map((harness) => harness.close()));
});

/** 'open', or the status the upgrade was refused with. */
function knock(url: string, headers: Record<string, string> = {}) {
	const socket = new WebSocket(url.replace('http', 'ws'), { headers });
	sockets.push(socket);
	const result = new Promise<number | 'open'>((resolve) => {
		socket.on('open', () => resolve('open'));
		socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!));
		socket.on('error', () => {});
	});
	const closed = new Promise<{ code: number; reason: string }>((resolve) =>
		socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
	);
	const received: string[] = [];
	socket.on('message', (data) => received.push(String(data)));
	return { socket, result, closed, received };
}

const CONNECT = JSON.stringify({
	type: 'Connect',
	sessionId: 's',
	connectionCount: 0,
	lastCloseReason: null,
	clientTs: 0,
});

describe('upgrade', () => {
	test('SEC-52 pages of other origins cannot open a socket when a list is configured', async () => {
		const { origin } = await start({ allowedOrigins: ['https://friend.test'] });
		const url = `${origin}/api/1.48.0/sync`;
		const from = (value: string) => knock(url, { origin: value }).result;
		expect(await from('https://evil.test')).toBe(403);
		expect(await from('null')).toBe(403);
		expect(await from(`${origin}.evil.test`)).toBe(403);
		expect(await from('https://friend.test.evil.test')).toBe(403);
		expect(await from(origin)).toBe('open');
		expect(await from('https://friend.test')).toBe('open');
		expect(await knock(url).result).toBe('open');
	});

	test('both addresses work; other upgrades are left to others', async () => {
		const { origin } = await start();
		expect(await knock(`${origin}/api/sync`, { origin: 'https://any.test' }).result).toBe('open');
		expect(await knock(`${origin}/api/1.48.0/sync`).result).toBe('open');
		expect(await knock(`${origin}/`).result).toBe(299);
		expect(await knock(`${origin}/api/a/b/sync`).result).toBe(299);
	});

	test('SEC-64 sockets beyond the limit are refused, the others served', async () => {
		const { origin, edges } = await start({ maxSockets: 2 });
		const url = `${origin}/api/sync`;
		const [first, second] = [knock(url), knock(url)];
		expect([await first.result, await second.result]).toEqual(['open', 'open']);
		expect(await knock(url).result).toBe(503);
		expect(edges.stats().sockets).toBe(2);
		first.socket.terminate();
		await vi.waitFor(() => expect(edges.stats().sockets).toBe(1));
		expect(await knock(url).result).toBe('open');
	});
});

describe('socket', () => {
	test('SEC-64 a frame over the limit ends the socket, not the server', async () => {
		const { origin } = await start();
		const peer = knock(`${origin}/api/sync`);
		await peer.result;
		peer.socket.send('x'.repeat(18 * 1024 * 1024));
		expect((await peer.closed).code).toBe(1009);
		expect(await knock(`${origin}/api/sync`).result).toBe('open');
	});

	test('binary frames are refused', async () => {
		const { origin } = await start();
		const peer = knock(`${origin}/api/sync`);
		await peer.result;
		peer.socket.send(Buffer.from(CONNECT));
		expect((await peer.closed).code).toBe(1008);
	});

	test('a socket that says nothing is closed; one that connected is pinged', async () => {
		const clock = new FakeClock();
		const { origin, edges } = await start({ clock });
		const silent = knock(`${origin}/api/sync`);
		const live = knock(`${origin}/api/sync`);
		await Promise.all([silent.result, live.result]);
		live.socket.send(CONNECT);
		const modify = { type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications: [] };
		live.socket.send(JSON.stringify(modify));
		await vi.waitFor(() => expect(live.received).toHaveLength(1));
		clock.advance(15_000);
		expect((await silent.closed).code).toBe(1008);
		clock.advance(15_000);
		await vi.waitFor(() => expect(live.received.at(-1)).toBe('{"type":"Ping"}'));
		expect(edges.stats().sockets).toBe(1);
	});

	test('a peer that has vanished is given up', async () => {
		const clock = new FakeClock();
		const { origin, edges } = await start({ clock });
		const peer = knock(`${origin}/api/sync`);
		await peer.result;
		peer.socket.send(CONNECT);
		// It neither reads nor answers any more, but its machine still holds the connection.
		peer.socket.pause();
		await new Promise((resolve) => setImmediate(resolve));
		for (let tick = 0; tick < 8; tick++) clock.advance(15_000);
		await vi.waitFor(() => expect(edges.stats().sockets).toBe(0));
	});

	test('closing asks clients to come back', async () => {
		const harness = await start();
		const peer = knock(`${harness.origin}/api/sync`);
		await peer.result;
		await harness.edges.close();
		expect((await peer.closed).code).toBe(1001);
		expect(await knock(`${harness.origin}/api/sync`).result).toBe(503);
	});
});
