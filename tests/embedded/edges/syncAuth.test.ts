import { beforeAll, describe, expect, test, vi } from 'vitest';
import { claims, customJwt, dataUrl, jwksOf, makeKey, type Key } from './tokens.ts';
import { brokenChain, syncHarness, type Peer } from './syncHarness.ts';

let key: Key;
beforeAll(async () => {
	key = await makeKey('k1');
});

const ADMIN_KEY = 'a-long-admin-key-of-ours';

function setUp() {
	const harness = syncHarness({ adminKey: ADMIN_KEY });
	harness.runner.providers = [customJwt(dataUrl(jwksOf(key)))];
	const token = (name: string, expSeconds = 900) =>
		key.sign(claims(harness.clock.now(), { name }, expSeconds));
	const authenticate = (peer: Peer, baseVersion: number, value: string) =>
		peer.send({ type: 'Authenticate', baseVersion, tokenType: 'User', value });
	// Signatures are checked on another thread: how many turns that takes is not ours to say.
	const until = (_peer: Peer, isDone: () => boolean) =>
		vi.waitFor(() => expect(isDone()).toBe(true), { interval: 1 });
	return { ...harness, token, authenticate, until };
}

describe('authentication over the socket', () => {
	test('queries sent behind a token are run with it, and the Transition confirms it', async () => {
		const { runner, peer: open, token, authenticate, until } = setUp();
		const peer = open();
		peer.connect();
		authenticate(peer, 0, await token('Ann'));
		peer.add(0, 'me:name');
		await until(peer, () => peer.transitions().length > 0);
		expect(peer.values()).toEqual({ 0: 'Ann' });
		expect(runner.evaluated).toHaveLength(1);
		const versions = peer.transitions().map((t) => (t.endVersion as { identity: number }).identity);
		expect(versions).toEqual([1]);
	});

	test('a new token re-runs what looked at the identity; signing out takes it away', async () => {
		const { runner, peer: open, token, authenticate, until } = setUp();
		const peer = open();
		peer.connect();
		peer.add(0, 'me:name');
		peer.add(1, 'me:greeting');
		authenticate(peer, 0, await token('Ann'));
		await until(peer, () => peer.values()[0] === 'Ann');
		authenticate(peer, 1, await token('Bob'));
		await until(peer, () => peer.values()[0] === 'Bob');
		peer.send({ type: 'Authenticate', baseVersion: 2, tokenType: 'None' });
		await until(peer, () => peer.values()[0] !== 'Bob');
		expect(peer.values()[0]).toMatchObject({});
		expect(runner.evaluated.filter((call) => call.startsWith('me:greeting'))).toHaveLength(1);
		expect(brokenChain(peer.transitions())).toBeNull();
	});

	test('a bad token is an AuthError for the attempt, and nothing behind it is done', async () => {
		const { runner, peer: open, authenticate, until } = setUp();
		const peer = open();
		peer.connect();
		authenticate(peer, 0, 'not.a.token');
		peer.add(0, 'me:name');
		peer.send({
			type: 'Mutation',
			requestId: 0,
			udfPath: 'cells:set',
			args: [{ cell: 1, value: 1 }],
		});
		await until(peer, () => peer.closed !== null);
		await peer.settled();
		expect(peer.received).toEqual([
			expect.objectContaining({ type: 'AuthError', baseVersion: 0, authUpdateAttempted: true }),
		]);
		expect([runner.evaluated, runner.mutated]).toEqual([[], []]);
	});

	test('an issuer that cannot be asked is a reason to reconnect, not to sign out', async () => {
		const { runner, peer: open, token, authenticate, until } = setUp();
		runner.providers = [customJwt('https://issuer.test/unreachable')];
		const peer = open();
		peer.connect();
		authenticate(peer, 0, await token('Ann'));
		await until(peer, () => peer.closed !== null);
		expect(peer.received).toEqual([]);
		expect(peer.closed?.reason).toMatch(/^InternalServerError/);
	});

	test('when a token expires, the socket says so by itself', async () => {
		const { clock, peer: open, token, authenticate, until } = setUp();
		const peer = open();
		peer.connect();
		authenticate(peer, 0, await token('Ann', 60));
		peer.add(0, 'me:name');
		await until(peer, () => peer.transitions().length > 0);
		clock.advance(64_000);
		expect(peer.closed).toBeNull();
		clock.advance(1_500);
		expect(peer.received.at(-1)).toMatchObject({
			type: 'AuthError',
			baseVersion: 1,
			authUpdateAttempted: false,
		});
		expect(peer.closed?.code).toBe(1008);
	});

	test('a renewed token moves the deadline; one that lasts for years does not overflow a timer', async () => {
		const { clock, peer: open, token, authenticate, until } = setUp();
		const peer = open();
		peer.connect();
		authenticate(peer, 0, await token('Ann', 60));
		await until(peer, () => peer.transitions().length > 0);
		authenticate(peer, 1, await token('Ann', 10 * 365 * 86_400));
		await until(peer, () => peer.transitions().length > 1);
		clock.advance(5 * 365 * 86_400_000);
		expect(peer.closed).toBeNull();
		clock.advance(5.1 * 365 * 86_400_000);
		expect(peer.received.at(-1)).toMatchObject({ type: 'AuthError', authUpdateAttempted: false });
	});

	test('the admin key opens an administrator’s socket; a wrong one does not', async () => {
		const { peer: open, until } = setUp();
		const wrong = open();
		wrong.connect();
		wrong.send({ type: 'Authenticate', baseVersion: 0, tokenType: 'Admin', value: 'guess' });
		await until(wrong, () => wrong.closed !== null);
		expect(wrong.received[0]).toMatchObject({ type: 'AuthError', authUpdateAttempted: true });
		const right = open();
		right.connect();
		right.send({
			type: 'Authenticate',
			baseVersion: 0,
			tokenType: 'Admin',
			value: ADMIN_KEY,
			impersonating: { issuer: 'i', subject: 's', name: 'Ann' },
		});
		right.add(0, 'me:name');
		await until(right, () => right.transitions().length > 0);
		expect(right.values()).toEqual({ 0: 'Ann' });
	});
});
