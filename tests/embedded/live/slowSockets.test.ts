import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { edgesHarness } from '../edges/edgesHarness.ts';
import { FakeClock } from '../edges/fakeRunner.ts';
import { whenDone } from '../clients/clientHarness.ts';
import { live, plain, soon } from './liveHarness.ts';
import { PlainSocket } from './plainSocket.ts';

const MEGABYTE = 1_000_000;

/** Most bytes that ever waited in a socket of the server. */
function watchQueues(): { mostBytes: () => number } {
	let most = 0;
	const send = WebSocket.prototype.send as (...args: unknown[]) => void;
	vi.spyOn(WebSocket.prototype, 'send').mockImplementation(function (
		this: WebSocket,
		...args: unknown[]
	) {
		send.apply(this, args);
		if ((this as unknown as { _isServer: boolean })._isServer) {
			most = Math.max(most, this.bufferedAmount);
		}
	} as never);
	return { mostBytes: () => most };
}
afterEach(() => void vi.restoreAllMocks());

describe('a client that does not read', () => {
	test('E3-5 is kept one Transition at most, however much changes; others hear all, and it hears the newest', async () => {
		const { origin } = await live();
		const queues = watchQueues();
		const [idle, eager, writer] = await Promise.all([plain(origin), plain(origin), plain(origin)]);
		const large = { n: 1, characters: 2 * MEGABYTE };
		idle.add(0, 'cells:large', large);
		eager.add(0, 'cells:get', { n: 1 });
		writer.modify();
		await soon(() => expect(idle.values.size + eager.values.size).toBe(2));
		idle.socket.pause();
		for (let turn = 1; turn <= 40; turn++) {
			writer.mutate('cells:set', { n: 1, value: `turn-${turn}` });
			await soon(() => expect(eager.values.get(0)).toBe(`turn-${turn}`));
		}
		expect(queues.mostBytes()).toBeLessThan(2 * (2 * MEGABYTE + 1_000));
		idle.socket.resume();
		await soon(() => expect(String(idle.values.get(0)).slice(0, 8)).toBe('turn-40x'));
		expect(idle.of('Transition').length).toBeLessThan(12);
	});

	test('E3-5 has its mutations wait, not their answers pile up; when it reads again each is answered once', async () => {
		const { origin, deployment } = await live();
		const queues = watchQueues();
		const [idle, other] = await Promise.all([plain(origin), plain(origin)]);
		idle.modify();
		other.modify();
		const run = vi.spyOn(deployment.runner, 'runMutation');
		idle.socket.pause();
		const REQUESTS = 80;
		for (let i = 0; i < REQUESTS; i++) {
			idle.mutate('cells:largeReply', { characters: 500_000 });
		}
		await soon(() => expect(queues.mostBytes()).toBeGreaterThan(MEGABYTE));
		// Others are served meanwhile, and what is held for the idle one does not grow.
		for (let i = 0; i < 20; i++) {
			other.mutate('cells:set', { n: i, value: 'x' });
			await soon(() => expect(other.of('MutationResponse')).toHaveLength(i + 1));
		}
		expect(run.mock.calls.length - 20).toBeLessThan(REQUESTS / 2);
		expect(queues.mostBytes()).toBeLessThan(3 * MEGABYTE);
		idle.socket.resume();
		await soon(() => expect(idle.of('MutationResponse')).toHaveLength(REQUESTS));
		const order = idle.of('MutationResponse').map((message) => message.requestId);
		expect(order).toEqual(Array.from({ length: REQUESTS }, (_, i) => i));
	}, 120_000);

	test('E3-5 is given up after a while, and the server forgets it', async () => {
		const clock = new FakeClock();
		const harness = await edgesHarness({ clock });
		whenDone(() => harness.close());
		const idle = await PlainSocket.open(harness.origin);
		whenDone(() => idle.socket.terminate());
		harness.runner.write(1, 6 * MEGABYTE);
		idle.socket.pause();
		idle.add(0, 'big:text', { cell: 1 });
		await soon(() => expect(harness.runner.evaluated).toHaveLength(1));
		// So many mutations that the server stops reading it as well.
		for (let i = 0; i < 400; i++) idle.mutate('cells:set', { cell: 2, value: i });
		await soon(() => expect(harness.edges.stats().sockets).toBe(1));
		// The first ticks may still find messages that were on their way.
		await soon(() => {
			clock.advance(15_000);
			expect(harness.edges.stats()).toMatchObject({ sockets: 0 });
		});
		expect(harness.edges.stats().subscribers).toBe(0);
	});
});

describe('large messages', () => {
	test('E3-1 results of mutations and actions of 6 MB arrive whole, the Transition behind them too', async () => {
		const { origin } = await live();
		const client = await plain(origin);
		client.modify();
		const characters = 3 * MEGABYTE;
		client.mutate('cells:largeReply', { characters });
		const args = [{ characters }];
		client.say({ type: 'Action', requestId: 77, udfPath: 'cells:largeAnswer', args });
		await soon(() =>
			expect(client.of('MutationResponse').length + client.of('ActionResponse').length).toBe(2),
		);
		for (const type of ['MutationResponse', 'ActionResponse']) {
			const [answer] = client.of(type);
			expect(answer!.success).toBe(true);
			expect(answer!.result === 'é'.repeat(characters)).toBe(true);
		}
		const answered = client.heard.findIndex((message) => message.type === 'MutationResponse');
		await soon(() =>
			expect(client.heard.slice(answered).map(({ type }) => type)).toContain('Transition'),
		);
	});

	test('E3-1 a Transition above 5,000,000 bytes comes in parts with nothing between them', async () => {
		const { origin } = await live();
		const client = await plain(origin);
		client.add(0, 'cells:large', { n: 1, characters: 12 * MEGABYTE });
		for (let i = 0; i < 5; i++) client.mutate('cells:set', { n: 2, value: String(i) });
		await soon(() => expect(client.of('MutationResponse')).toHaveLength(5));
		await soon(() => expect(client.of('TransitionChunk').length).toBeGreaterThan(2));
		const from = client.heard.findIndex((message) => message.type === 'TransitionChunk');
		const { totalParts } = client.heard[from] as unknown as { totalParts: number };
		await soon(() => expect(client.of('TransitionChunk')).toHaveLength(totalParts));
		const parts = client.heard.slice(from, from + totalParts);
		expect(parts.map((part) => part.partNumber)).toEqual([0, 1, 2].slice(0, totalParts));
		const whole = JSON.parse(parts.map((part) => part.chunk).join('')) as {
			modifications: { value: string }[];
		};
		expect(whole.modifications[0]!.value).toHaveLength(12 * MEGABYTE);
		for (const part of parts) {
			expect(Buffer.byteLength(String(part.chunk))).toBeLessThanOrEqual(5_000_000);
		}
	}, 120_000);
});

describe('what one socket may ask', () => {
	test('SEC-64 a frame of 64 MB ends its socket; others are served', async () => {
		const { origin } = await live();
		const [greedy, other] = await Promise.all([plain(origin), plain(origin)]);
		other.add(0, 'cells:get', { n: 1 });
		greedy.say('x'.repeat(64 * 1024 * 1024));
		expect((await greedy.closed).code).toBe(1009);
		other.mutate('cells:set', { n: 1, value: 'served' });
		await soon(() => expect(other.values.get(0)).toBe('served'));
	});

	test.each([
		['in one message', 100_000],
		['a thousand at a time', 1_000],
	])(
		'SEC-64 100,000 subscriptions on one socket, %s: FatalError; others are served',
		async (_, step) => {
			const { origin, deployment } = await live();
			const [greedy, other] = await Promise.all([plain(origin), plain(origin)]);
			other.add(0, 'cells:get', { n: 1 });
			for (let from = 0; from < 100_000; from += step) {
				greedy.modify(
					...Array.from({ length: step }, (_, i) => ({
						type: 'Add',
						queryId: from + i,
						udfPath: 'cells:get',
						args: [{ n: from + i }],
					})),
				);
			}
			expect((await greedy.closed).code).toBe(1008);
			expect(greedy.of('FatalError')[0]!.error).toMatch(/4096 subscriptions/);
			other.mutate('cells:set', { n: 1, value: 'served' });
			await soon(() => expect(other.values.get(0)).toBe('served'));
			await soon(() => expect(deployment.stats().subscribers).toBe(1));
		},
		120_000,
	);
});
