import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	anonymous,
	failureOf,
	ManualClock,
	openRunner,
	SITE_URL,
	valueOf,
	type Opened,
} from './support.ts';

const clock = new ManualClock();
let app: Opened;
beforeAll(async () => {
	app = await openRunner('components', {
		clock,
		showErrors: true,
		env: { COLOUR: 'red', BETTER_AUTH_SECRET: 'c2VjcmV0IG9mIHRoZSB0ZXN0cywgbG9uZw' },
	});
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

const signedIn = { identity: { subject: 'user1' }, isAdmin: false };

describe('component instances', () => {
	it('keep tables, modules and environment apart', async () => {
		valueOf(await app.mutate('app:add', { to: 'counter', name: 'a' }));
		valueOf(await app.mutate('app:add', { to: 'counter', name: 'b' }));
		valueOf(await app.mutate('app:add', { to: 'second', name: 'c' }));
		expect(await app.value('app:list', { of: 'counter' })).toEqual(['a:1', 'b:2']);
		expect(await app.value('app:list', { of: 'second' })).toEqual(['c:1']);
		const about = async (of: string) => app.value('app:about', { of }, signedIn);
		const names = ['CONVEX_CLOUD_URL', 'CONVEX_SITE_URL', 'LABEL'];
		expect(await about('counter')).toEqual({
			label: 'fixed',
			names,
			identity: null,
			path: 'counter',
		});
		expect(await about('second')).toEqual({ label: 'red', names, identity: null, path: 'second' });
	});

	it('share the caller’s transaction', async () => {
		const before = await app.value('app:notes');
		failureOf(await app.mutate('app:add', { to: 'second', name: 'lost', fail: true }));
		expect(await app.value('app:notes')).toEqual(before);
		const caught = { to: 'second', name: 'kept', fail: true, caught: true };
		expect(valueOf(await app.mutate('app:add', caught))).toContain('counter failed');
		expect(await app.value('app:list', { of: 'second' })).toEqual(['c:1']);
		expect(await app.value('app:notes')).toContain('kept');
	});

	it('refuse ids of one another', async () => {
		const id = valueOf(await app.mutate('app:add', { to: 'counter', name: 'mine' }));
		expect(await app.value('app:readIn', { of: 'counter', id })).toMatchObject({ name: 'mine' });
		const read = { of: 'second', id };
		expect(failureOf((await app.query('app:readIn', read)).outcome).message).toContain('component');
		expect(failureOf((await app.query('app:readHere', { id })).outcome).code).toBe('InvalidId');
	});

	it('hide their internal functions, but may hand them out', async () => {
		expect(failureOf(await app.mutate('app:callHidden')).code).toBe('FunctionNotFound');
		expect(valueOf(await app.mutate('app:callHandle'))).toBe('hidden');
	});

	it('call back through a handle, without anybody’s identity', async () => {
		const outcome = await app.mutate('app:beCalledBack', { text: 'called back' }, signedIn);
		expect(valueOf(outcome)).toEqual({ identity: null });
		expect(await app.value('app:notes')).toContain('called back');
	});

	it('schedule in their own table and in another’s', async () => {
		valueOf(await app.mutate('app:later', { name: 'job' }));
		await clock.advance(1_000);
		const list = (await app.value('app:list', { of: 'counter' })) as string[];
		expect(
			list
				.filter((line) => line.startsWith('job'))
				.map((line) => line.split(':')[0])
				.sort(),
		).toEqual(['job by app', 'job by itself']);
	});

	it('cannot paginate', async () => {
		expect(failureOf((await app.query('app:pageIn')).outcome).code).toBe(
			'PaginationUnsupportedInComponents',
		);
	});

	it('cannot be called by clients', async () => {
		const call = { component: 'counter', path: 'counts:list', args: {}, caller: anonymous };
		const [hidden] = await app.runner.runQueries([call]);
		expect(failureOf(hidden!.outcome).code).toBe('FunctionNotFound');
		const caller = { identity: null, isAdmin: true };
		const [shown] = await app.runner.runQueries([{ ...call, caller }]);
		expect(shown!.outcome.ok).toBe(true);
	});

	it('answer HTTP under their prefix', async () => {
		const response = await app.runner.runHttpAction(
			new Request(`${SITE_URL}/counted/label`),
			signedIn,
		);
		expect(await response.text()).toBe('fixed nobody');
	});
});

describe('@convex-dev/rate-limiter, unmodified', () => {
	it('counts per key and lets go after the window', async () => {
		const knock = async (key: string) => valueOf(await app.mutate('limits:knock', { key }));
		const first = [await knock('a'), await knock('a'), await knock('a'), await knock('a')];
		expect(first).toEqual([true, true, true, false]);
		expect(await knock('b')).toBe(true);
		await clock.advance(2 * 60_000);
		expect(await knock('a')).toBe(true);
	});
});

describe('@convex-dev/better-auth, unmodified', () => {
	const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
		app.runner.runHttpAction(
			new Request(`${SITE_URL}/api/auth${path}`, {
				method: 'POST',
				headers: { 'content-type': 'application/json', origin: SITE_URL, ...headers },
				body: JSON.stringify(body),
			}),
			anonymous,
		);
	const password = 'correct horse battery staple';

	it('signs up in one mutation, with its trigger in the same transaction', async () => {
		valueOf(await app.mutate('auth:signUp', { email: 'a@example.test', password }));
		expect(await app.value('auth:signUps')).toEqual(['a@example.test']);
		failureOf(await app.mutate('auth:signUp', { email: 'refused@example.test', password }));
		expect(await app.value('auth:signUps')).toEqual(['a@example.test']);
	});

	it('signs in over HTTP with several cookies, and hands out a token that names the session', async () => {
		const wrong = await post('/sign-in/email', { email: 'a@example.test', password: 'wrong' });
		expect(wrong.status).toBe(401);
		const right = await post('/sign-in/email', { email: 'a@example.test', password });
		expect(right.status).toBe(200);
		const cookies = right.headers.getSetCookie();
		expect(cookies.length).toBeGreaterThan(1);
		const cookie = cookies.map((line) => line.split(';')[0]).join('; ');
		const answer = await app.runner.runHttpAction(
			new Request(`${SITE_URL}/api/auth/convex/token`, { headers: { cookie, origin: SITE_URL } }),
			anonymous,
		);
		const { token } = (await answer.json()) as { token: string };
		const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
		expect(claims.iss).toBe(SITE_URL);
		const identity = { ...claims, subject: claims.sub };
		expect(await app.value('auth:me', {}, { identity, isAdmin: false })).toBe('a@example.test');
		expect(await app.value('auth:me')).toBeNull();
	});

	it('configures the deployment’s own token check', () => {
		expect(app.runner.authProviders()).toEqual([
			expect.objectContaining({ type: 'customJwt', issuer: SITE_URL, applicationID: 'convex' }),
		]);
	});
});
