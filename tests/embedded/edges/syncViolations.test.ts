import { describe, expect, test } from 'vitest';
import { syncHarness } from './syncHarness.ts';

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

const frames: [string, unknown][] = [
	['not JSON', '{'],
	['a JSON text', '"hello"'],
	['null', 'null'],
	['a list', '[]'],
	['an unknown type', { type: 'Nonsense' }],
	['no type', {}],
	['prototype keys', '{"__proto__":{"type":"Event"}}'],
	['args that are no object', { type: 'Mutation', requestId: 0, udfPath: 'a:b', args: [1] }],
	['two arguments', { type: 'Mutation', requestId: 0, udfPath: 'a:b', args: [{}, {}] }],
	['a negative id', { type: 'Mutation', requestId: -1, udfPath: 'a:b', args: [{}] }],
	['a fractional id', { type: 'Action', requestId: 0.5, udfPath: 'a:b', args: [{}] }],
	['an endless path', { type: 'Action', requestId: 0, udfPath: 'a'.repeat(1e5), args: [{}] }],
	['deep nesting', { type: 'Action', requestId: 0, udfPath: 'a:b', args: [{ a: deep(500) }] }],
	[
		'a stale query set',
		{ type: 'ModifyQuerySet', baseVersion: 4, newVersion: 5, modifications: [] },
	],
	['a stale identity', { type: 'Authenticate', baseVersion: 3, tokenType: 'None' }],
	[
		'an unknown modification',
		{ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications: [{ queryId: 1 }] },
	],
	[
		'a second Connect',
		{ type: 'Connect', sessionId: 'b', connectionCount: 0, lastCloseReason: null, clientTs: 0 },
	],
];

describe('broken protocol', () => {
	test.each(frames)('SEC-64 %s ends the socket with one FatalError', async (_, frame) => {
		const { peer: open, logged } = syncHarness();
		const peer = open();
		peer.connect();
		peer.session.receive(typeof frame === 'string' ? frame : JSON.stringify(frame));
		peer.add(0, 'cells:get', { cell: 1 });
		await peer.settled();
		expect(peer.received.map((message) => message.type)).toEqual(['FatalError']);
		expect(peer.closed).toMatchObject({ code: 1008 });
		expect(logged.join()).toContain('sync.protocolViolation');
	});

	test('SEC-64 anything before Connect is refused', async () => {
		const peer = syncHarness().peer();
		peer.add(0, 'cells:get', { cell: 1 });
		await peer.settled();
		expect(peer.received.map((message) => message.type)).toEqual(['FatalError']);
	});

	test('SEC-64 subscriptions per socket are limited', async () => {
		const peer = syncHarness().peer({ maxSubscriptions: 10 });
		peer.connect();
		for (let id = 0; id < 10; id++) peer.add(id, 'cells:get', { cell: id });
		await peer.settled();
		expect(peer.session.subscriptions).toBe(10);
		expect(peer.closed).toBeNull();
		peer.add(10, 'cells:get', { cell: 10 });
		await peer.settled();
		expect(peer.received.at(-1)!.error).toContain('10 subscriptions');
		expect(peer.session.subscriptions).toBe(0);
	});

	test('a failure of the engine closes with a reason the client retries, and says nothing of the cause', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		runner.beforeQuery = () => Promise.reject(new Error('secret path /data'));
		peer.add(0, 'cells:get', { cell: 1 });
		await peer.settled();
		expect(peer.received).toEqual([]);
		expect(peer.closed?.code).toBe(1011);
		expect(peer.closed?.reason).toMatch(/^InternalServerError/);
		expect(peer.closed?.reason).not.toContain('secret');
		expect(Buffer.byteLength(peer.closed!.reason)).toBeLessThanOrEqual(123);
	});
});
