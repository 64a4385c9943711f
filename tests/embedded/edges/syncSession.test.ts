import { describe, expect, test } from 'vitest';
import { encodeTs } from '../../../src/lib/server/embedded/sync/syncMessages.ts';
import { gate } from './fakeRunner.ts';
import { brokenChain, syncHarness, tsOf } from './syncHarness.ts';

const mutation = (requestId: number, cell: number, value: number) => ({
	type: 'Mutation',
	requestId,
	udfPath: 'cells:set',
	args: [{ cell, value }],
});

describe('sync session', () => {
	test('a subscription is answered, and again only when its range is written', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		peer.add(0, 'cells:sum', { from: 0, to: 10 });
		await peer.settled();
		expect(peer.values()).toEqual({ 0: 0 });
		runner.write(50, 5);
		await peer.settled();
		expect(peer.transitions()).toHaveLength(1);
		runner.write(5, 5);
		await peer.settled();
		expect(peer.values()).toEqual({ 0: 5 });
		expect(brokenChain(peer.transitions())).toBeNull();
		expect(peer.transitions()[0]!.clientClockSkew).toBe(-250);
	});

	test('one write, twenty clients on the same query: one evaluation, twenty Transitions', async () => {
		const { runner, peer: open } = syncHarness();
		const peers = Array.from({ length: 20 }, () => open());
		for (const peer of peers) {
			peer.connect();
			peer.add(0, 'cells:get', { cell: 1 });
		}
		await peers[0]!.settled();
		expect(runner.evaluated).toHaveLength(1);
		runner.write(1, 'x');
		await peers[0]!.settled();
		expect(runner.evaluated).toHaveLength(2);
		for (const peer of peers) expect(peer.values()).toEqual({ 0: 'x' });
	});

	test('a MutationResponse is followed by a Transition that reaches it and shows the write', async () => {
		const { peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		peer.add(0, 'cells:get', { cell: 1 });
		await peer.settled();
		peer.send(mutation(0, 1, 42));
		await peer.settled();
		const response = peer.received.findIndex((message) => message.type === 'MutationResponse');
		const after = peer.received.slice(response + 1).find((m) => m.type === 'Transition')!;
		expect(peer.received[response]).toMatchObject({ success: true, result: 42 });
		expect(tsOf(after.endVersion)).toBeGreaterThanOrEqual(tsOf(peer.received[response]));
		expect(peer.values()).toEqual({ 0: 42 });
		// Nobody is subscribed to cell 9; the client still waits for a Transition.
		const before = peer.transitions().length;
		peer.send(mutation(1, 9, 1));
		await peer.settled();
		expect(peer.transitions()).toHaveLength(before + 1);
		expect(peer.transitions().at(-1)!.modifications).toEqual([]);
		expect(brokenChain(peer.transitions())).toBeNull();
	});

	test('mutations of one socket run in order, one at a time; queries do not wait for them', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		const slow = gate();
		runner.beforeCommit = () => slow.promise;
		peer.send(mutation(0, 1, 1));
		peer.send(mutation(1, 1, 2));
		await peer.settled();
		expect(runner.mutated).toHaveLength(1);
		peer.add(0, 'cells:get', { cell: 3 });
		await peer.settled();
		expect(peer.transitions()).toHaveLength(1);
		slow.open();
		await peer.settled();
		const answers = peer.received.filter((message) => message.type === 'MutationResponse');
		expect(answers.map((answer) => answer.requestId)).toEqual([0, 1]);
		expect(runner.cells.get(1)).toBe(2);
	});

	test('a mutation sent again after a reconnect is answered, not repeated', async () => {
		const { runner, peer: open } = syncHarness();
		const first = open();
		first.connect('same');
		first.send(mutation(0, 1, 7));
		await first.settled();
		first.session.dispose();
		const second = open();
		second.connect('same');
		second.add(0, 'cells:get', { cell: 1 });
		second.send(mutation(0, 1, 7));
		await second.settled();
		expect(runner.mutated).toHaveLength(1);
		const answer = second.received.find((message) => message.type === 'MutationResponse')!;
		expect(answer).toMatchObject({ success: true, result: 7 });
		const later = second.received.slice(second.received.indexOf(answer) + 1);
		const transition = later.find((message) => message.type === 'Transition')!;
		expect(tsOf(transition.endVersion)).toBeGreaterThanOrEqual(tsOf(answer));
	});

	test('failures carry the message, and errorData only when there is some', async () => {
		const { peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		peer.add(0, 'boom:boom');
		peer.send({ type: 'Mutation', requestId: 0, udfPath: 'boom:boom', args: [{}] });
		await peer.settled();
		const [failed] = peer.transitions().flatMap((t) => t.modifications as object[]);
		expect(failed).toMatchObject({ type: 'QueryFailed', errorData: { reason: 'boom' } });
		const answer = peer.received.find((message) => message.type === 'MutationResponse')!;
		expect(answer).toMatchObject({ success: false, result: 'Server Error' });
		expect(answer).not.toHaveProperty('errorData');
		expect(answer).not.toHaveProperty('ts');
	});

	test('unchanged results are not sent again; removed queries are confirmed', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		runner.write(1, 5);
		peer.add(0, 'cells:get', { cell: 1 });
		await peer.settled();
		runner.write(1, 5);
		await peer.settled();
		expect(runner.evaluated).toHaveLength(2);
		expect(peer.transitions()).toHaveLength(1);
		peer.modify({ type: 'Remove', queryId: 0 });
		await peer.settled();
		expect(peer.transitions().at(-1)!.modifications).toEqual([
			{ type: 'QueryRemoved', queryId: 0 },
		]);
		runner.write(1, 6);
		await peer.settled();
		expect(runner.evaluated).toHaveLength(2);
	});

	test('the journal pins a page across changes and comes back with a reconnect', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		runner.write(1, 'first');
		peer.add(0, 'page:list', { cell: 1 });
		await peer.settled();
		runner.write(1, 'second');
		await peer.settled();
		expect(peer.values()).toEqual({ 0: 'end-first' });
		const sent = (peer.transitions()[0]!.modifications as { journal: string }[])[0]!;
		const again = open();
		again.connect();
		again.add(0, 'page:list', { cell: 1 }, sent.journal);
		await again.settled();
		expect(again.values()).toEqual({ 0: 'end-first' });
	});

	test('a push re-evaluates everything and keeps the subscriptions', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		peer.add(0, 'me:greeting');
		await peer.settled();
		runner.push();
		peer.session.refresh();
		await peer.settled();
		expect(runner.evaluated).toHaveLength(2);
		expect(peer.closed).toBeNull();
	});

	test('large Transitions go out in parts that join to the same text', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		peer.connect();
		runner.write(1, 3_500_000);
		peer.add(0, 'big:text', { cell: 1 });
		await peer.settled();
		const parts = peer.received.filter((message) => message.type === 'TransitionChunk');
		expect(parts.length).toBeGreaterThan(1);
		expect(parts.map((part) => part.partNumber)).toEqual(parts.map((_, index) => index));
		for (const part of parts) expect(part.totalParts).toBe(parts.length);
		const whole = JSON.parse(parts.map((part) => part.chunk).join('')) as {
			modifications: { value: string }[];
		};
		expect(whole.modifications[0]!.value).toBe('é'.repeat(3_500_000));
	});

	test('a client that has seen the future is sent away and moves nothing', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		const before = runner.latest;
		peer.send({
			type: 'Connect',
			sessionId: 'x',
			connectionCount: 3,
			lastCloseReason: null,
			maxObservedTimestamp: encodeTs(before + 1n),
			clientTs: 0,
		});
		await peer.settled();
		expect(peer.closed?.reason).toMatch(/^InternalServerError/);
		expect(peer.received).toEqual([]);
		expect(runner.latest).toBe(before);
	});

	test('a slow reader gets fewer Transitions, and the newest state', async () => {
		const { runner, peer: open } = syncHarness();
		const stuck = gate();
		const peer = open({ drained: () => stuck.promise });
		peer.connect();
		peer.add(0, 'cells:get', { cell: 1 });
		for (let n = 0; n < 10; n++) {
			runner.write(1, n);
			await peer.settled();
		}
		expect(peer.transitions()).toEqual([]);
		stuck.open();
		await peer.settled();
		expect(peer.transitions()).toHaveLength(1);
		expect(peer.values()).toEqual({ 0: 9 });
	});

	test('SEC-64 a client that sends faster than it is served is not read any further', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		const slow = gate();
		peer.connect();
		runner.beforeCommit = () => slow.promise;
		for (let n = 0; n < 300; n++) peer.send(mutation(n, 1, n));
		await peer.settled();
		expect(peer.isReading).toBe(false);
		slow.open();
		for (let n = 0; n < 200 && !peer.isReading; n++) await peer.settled();
		expect(peer.isReading).toBe(true);
		expect(runner.mutated).toHaveLength(300);
	});

	test('mutations received before the socket broke are still done', async () => {
		const { runner, peer: open } = syncHarness();
		const peer = open();
		const slow = gate();
		peer.connect();
		runner.beforeCommit = () => slow.promise;
		peer.send(mutation(0, 1, 1));
		peer.send(mutation(1, 1, 2));
		await peer.settled();
		peer.session.dispose();
		slow.open();
		await peer.settled();
		expect(runner.cells.get(1)).toBe(2);
	});
});
