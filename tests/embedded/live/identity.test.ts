import { beforeAll, describe, expect, test, vi } from 'vitest';
import { encodeTs } from '../../../src/lib/server/embedded/sync/syncMessages.ts';
import { api, follow, served, socketClient } from '../clients/clientHarness.ts';
import { gate } from '../edges/fakeRunner.ts';
import { brokenChain, syncHarness, type Peer } from '../edges/syncHarness.ts';
import { claims, customJwt, dataUrl, jwksOf, makeKey, type Key } from '../edges/tokens.ts';
import { soon } from './liveHarness.ts';

let key: Key;
beforeAll(async () => {
	key = await makeKey('k1');
});

function setUp() {
	const harness = syncHarness();
	harness.runner.providers = [customJwt(dataUrl(jwksOf(key)))];
	const token = (name: string) => key.sign(claims(harness.clock.now(), { name }));
	const authenticate = (peer: Peer, baseVersion: number, value: string | null) =>
		peer.send(
			value === null
				? { type: 'Authenticate', baseVersion, tokenType: 'None' }
				: { type: 'Authenticate', baseVersion, tokenType: 'User', value },
		);
	/** [identity version, value of query 0 when it was told] of each Transition. */
	const told = (peer: Peer) =>
		peer.transitions().map(({ endVersion, modifications }) => {
			const change = (modifications as { queryId: number; value: unknown }[]).find(
				({ queryId }) => queryId === 0,
			);
			return [(endVersion as { identity: number }).identity, change?.value];
		});
	return { ...harness, token, authenticate, told };
}

describe('who asks changes while queries run', () => {
	test('E3-5 what was computed for the one before is never told as the next one’s', async () => {
		const { runner, peer: open, token, authenticate, told } = setUp();
		const [ann, bob] = await Promise.all([token('Ann'), token('Bob')]);
		const peer = open();
		peer.connect();
		authenticate(peer, 0, ann);
		peer.add(0, 'me:name');
		peer.add(1, 'cells:get', { cell: 1 });
		await soon(() => expect(peer.values()[0]).toBe('Ann'));
		const running = gate();
		runner.beforeQuery = () => running.promise;
		runner.write(1, 'meanwhile');
		await peer.settled();
		authenticate(peer, 1, bob);
		authenticate(peer, 2, null);
		await peer.settled();
		runner.beforeQuery = null;
		running.open();
		await soon(() => expect(told(peer).at(-1)![0]).toBe(3));
		expect(peer.values()[1]).toBe('meanwhile');
		const namesAs = (identity: number) =>
			told(peer)
				.filter(([version, value]) => version === identity && value !== undefined)
				.map(([, value]) => value);
		expect(namesAs(1)).toEqual(['Ann']);
		expect([[], ['Bob']]).toContainEqual(namesAs(2));
		expect(namesAs(3)).toEqual([null]);
		expect(brokenChain(peer.transitions())).toBeNull();
	});

	test('E3-5 only what looks at the identity is computed again for another one', async () => {
		const { runner, peer: open, token, authenticate } = setUp();
		const peer = open();
		peer.connect();
		peer.add(0, 'me:name');
		peer.add(1, 'cells:get', { cell: 1 });
		await peer.settled();
		runner.evaluated.length = 0;
		authenticate(peer, 0, await token('Ann'));
		await soon(() => expect(peer.values()[0]).toBe('Ann'));
		expect(runner.evaluated).toEqual(['me:name {}']);
	});

	test('E3-1 the official client renews its token while mutations are under way; each is done once', async () => {
		const { origin } = await served({ env: { JWKS: dataUrl(jwksOf(key)) } });
		const client = socketClient(origin);
		const me = follow(client, api.people.me, {});
		const counter = follow(client, api.counters.get, { name: 'x' });
		let session = 0;
		const fetchToken = () => key.sign(claims(Date.now(), { sessionId: `s${++session}` }));
		for (let round = 1; round <= 5; round++) {
			client.setAuth(fetchToken, () => {});
			const made = Array.from({ length: 10 }, () =>
				client.mutation(api.counters.add, { name: 'x', by: 1 }),
			);
			await Promise.all(made);
			expect(counter.latest()).toBe(round * 10);
		}
		await soon(() => expect(me.latest()).toBe(`user-1/s${session}`));
		client.client.clearAuth();
		await me.reaches(null);
	});
});

describe('time', () => {
	test('E3-1 each Transition carries the client’s skew and the server’s time', async () => {
		const { clock, runner, peer: open } = setUp();
		const peer = open();
		peer.connect();
		peer.add(0, 'cells:get', { cell: 1 });
		await peer.settled();
		clock.advance(5_000);
		runner.write(1, 'later');
		await peer.settled();
		const start = clock.now() - 5_000;
		expect(
			peer.transitions().map(({ clientClockSkew, serverTs }) => [clientClockSkew, serverTs]),
		).toEqual([
			[-250, start * 1e6],
			[-250, (start + 5_000) * 1e6],
		]);
	});

	test('E3-1 a client from the future is served as soon as the present has caught up', async () => {
		const { runner, peer: open } = setUp();
		const future = runner.latest + 10n;
		const arrive = async () => {
			const peer = open();
			peer.send({
				type: 'Connect',
				sessionId: 'x',
				connectionCount: 3,
				lastCloseReason: 'InternalServerError',
				maxObservedTimestamp: encodeTs(future),
				clientTs: 0,
			});
			peer.modify();
			await peer.settled();
			return peer;
		};
		expect((await arrive()).closed?.reason).toMatch(/^InternalServerError/);
		runner.write(9, 'time passes');
		const peer = await arrive();
		expect(peer.closed).toBeNull();
		expect(peer.transitions()).toHaveLength(1);
	});

	test('E3-1 Event messages are heard and mean nothing', async () => {
		const { peer: open } = setUp();
		const peer = open();
		peer.connect();
		peer.modify();
		await peer.settled();
		for (const eventType of ['ClientConnect', 'NetworkRecoveryReconnect', 'anything']) {
			peer.send({ type: 'Event', eventType, event: { deep: [1, { timeSavedMs: 5 }] } });
		}
		await peer.settled();
		expect([peer.received.length, peer.closed]).toEqual([1, null]);
	});
});

describe('one screen, one commit', () => {
	test('R13 what a commit touches while its neighbour is computed is computed with it', async () => {
		const { runner, peer: open } = setUp();
		const peer = open();
		peer.connect();
		runner.write(1, 1);
		runner.write(2, -1);
		peer.add(0, 'cells:get', { cell: 1 });
		peer.add(1, 'cells:get', { cell: 2 });
		await peer.settled();
		const told = peer.transitions().length;
		const asked = vi.spyOn(runner, 'runQueries');
		const reading = gate();
		runner.beforeQuery = () => reading.promise;
		runner.write(1, 2);
		await peer.settled();
		expect(asked).toHaveBeenCalledTimes(1);
		// Both change before the first is read: the second is no longer what it was at that time.
		runner.write(2, -3);
		runner.write(1, 3);
		runner.beforeQuery = null;
		reading.open();
		await peer.settled();
		const screens = peer.transitions().slice(told);
		expect(screens[0]!.modifications).toHaveLength(2);
		expect(peer.values()).toEqual({ 0: 3, 1: -3 });
	});
});
