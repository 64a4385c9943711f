import { beforeAll, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '../edges/fakeRunner.ts';
import { claims, dataUrl, jwksOf, makeKey, type Key } from '../edges/tokens.ts';
import { api, follow, httpClient, served, socketClient, unreachable } from './clientHarness.ts';

let key: Key;
let stranger: Key;
beforeAll(async () => {
	[key, stranger] = await Promise.all([makeKey('k1'), makeKey('k1')]);
});

const start = () =>
	served({ env: { JWKS: dataUrl(jwksOf(key)), OWN_JWKS: JSON.stringify(jwksOf(key)) } });
const token = (sessionId: string, expSeconds = 900, signer = key) =>
	signer.sign(claims(Date.now(), { sessionId }, expSeconds));

describe('signing in with the official clients', () => {
	test('a token makes the queries somebody’s, signing out makes them nobody’s', async () => {
		const { origin } = await start();
		const client = socketClient(origin);
		const me = follow(client, api.people.me, {});
		await me.reaches(null);
		const told: boolean[] = [];
		let session = 0;
		client.setAuth(
			() => token(`s${++session}`),
			(isAuthenticated) => told.push(isAuthenticated),
		);
		// The client asks for a second, fresh token as soon as the first one was accepted.
		await me.reaches('user-1/s2');
		expect(told).toContain(true);
		client.client.clearAuth();
		await me.reaches(null);
	});

	test('a bad token is refused, and the page is told that nobody is signed in', async () => {
		const { origin } = await start();
		const client = socketClient(origin);
		const me = follow(client, api.people.me, {});
		await me.reaches(null);
		const told: boolean[] = [];
		let attempt = 0;
		client.setAuth(
			// Each one new: the client gives up on a token it has already tried.
			() => token(`bad${attempt++}`, 900, stranger),
			(isAuthenticated) => told.push(isAuthenticated),
		);
		await vi.waitFor(() => expect(told.at(-1)).toBe(false), { timeout: 20_000 });
		expect(told).not.toContain(true);
		expect(attempt).toBeGreaterThan(1);
		expect(me.values.every((value) => value === null)).toBe(true);
	}, 40_000);

	test('a token that expires is renewed without the page noticing', async () => {
		const { origin, logged } = await start();
		const client = socketClient(origin);
		const me = follow(client, api.people.me, {});
		let session = 0;
		// Ten seconds is what the client keeps in hand: it renews after one second.
		client.setAuth(
			() => token(`s${++session}`, 11),
			() => {},
		);
		await vi.waitFor(() => expect(session).toBeGreaterThan(3), { timeout: 15_000 });
		await vi.waitFor(() => expect(me.latest()).toMatch(/^user-1\/s[3-9]/), { timeout: 5_000 });
		expect(me.values.slice(me.values.findIndex((value) => value !== null))).not.toContain(null);
		expect(logged.filter((line) => line.startsWith('sync.'))).toEqual([]);
	}, 40_000);

	test('a token that expires unnoticed is asked for again, and the page goes on', async () => {
		const clock = new FakeClock(Date.now());
		const { origin } = await served({ clock, env: { JWKS: dataUrl(jwksOf(key)) } });
		const client = socketClient(origin);
		const me = follow(client, api.people.me, {});
		let session = 0;
		const fetchToken = vi.fn(() =>
			key.sign(claims(clock.now(), { sessionId: `s${++session}` }, 3_600)),
		);
		client.setAuth(fetchToken, () => {});
		await vi.waitFor(() => expect(me.latest()).toBe('user-1/s2'));
		// The server's hour passes; the client's own clock tells it nothing of that.
		clock.advance(3_700_000);
		await vi.waitFor(() => expect(me.latest()).toBe('user-1/s3'), { timeout: 10_000 });
		expect(fetchToken).toHaveBeenLastCalledWith({ forceRefreshToken: true });
	}, 20_000);

	test('HTTP: a good token, a bad one, none', async () => {
		const { origin } = await start();
		const http = httpClient(origin);
		expect(await http.query(api.people.me, {})).toBeNull();
		http.setAuth(await token('s1'));
		expect(await http.query(api.people.me, {})).toBe('user-1/s1');
		http.setAuth(await token('s1', 900, stranger));
		await expect(http.query(api.people.me, {})).rejects.toThrow(/InvalidToken/);
	});

	test('keys that the deployment serves itself are found without the network', async () => {
		// An address that leads nowhere: behind a proxy the public name may not be reachable from inside.
		const { deployment } = await served({
			origin: 'https://public-name.invalid',
			env: { OWN_JWKS: JSON.stringify(jwksOf(key)) },
		});
		const own = { iss: 'https://public-name.invalid', aud: 'own', sessionId: 's9' };
		const body = JSON.stringify({ path: 'people:me', args: [{}] });
		const headers = { authorization: `Bearer ${await key.sign(claims(Date.now(), own))}` };
		const answer = await deployment.fetch(
			new Request('https://public-name.invalid/api/query', { method: 'POST', headers, body }),
		);
		expect(await answer.json()).toMatchObject({ status: 'success', value: 'user-1/s9' });
	});

	test('identity reaches HTTP actions; a foreign scheme does not fail them', async () => {
		const { origin } = await start();
		const call = async (authorization: string) => {
			const headers = { authorization };
			const answer = await fetch(`${origin}/http/hooks/x`, { method: 'POST', headers, body: 'b' });
			return answer.text();
		};
		expect(await call(`Bearer ${await token('s1')}`)).toBe('b/user-1');
		expect(await call('Basic abc')).toBe('b/nobody');
		expect(await call(`Bearer ${await token('s1', 900, stranger)}`)).toBe('b/nobody');
	});

	test('the admin key calls internal functions; its results are not given to others', async () => {
		const adminKey = 'an-admin-key-for-tests';
		const { origin } = await served({ adminKey });
		const admin = httpClient(origin) as ReturnType<typeof httpClient> & {
			setAdminAuth(key: string): void;
		};
		admin.setAdminAuth(adminKey);
		expect(await admin.query(unreachable('messages:hidden'), {})).toBe('internal');
		await expect(httpClient(origin).query(unreachable('messages:hidden'), {})).rejects.toThrow(
			/Could not find public function/,
		);
		admin.setAdminAuth('a-wrong-admin-key!');
		await expect(admin.query(unreachable('messages:hidden'), {})).rejects.toThrow(/BadAdminKey/);
	});
});
