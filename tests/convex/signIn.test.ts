import { describe, expect, test } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import { components } from '../../convex/lib/components.ts';
import { ORIGIN } from './env.ts';
import {
	claimsOf,
	fetchToken,
	OWNER,
	post,
	refusalOf,
	signIn,
	startWithOwner,
	type Server,
} from './harness.ts';

/** A fresh address per try, so that only the limit under test can refuse. */
const from = (n: number) => ({ 'x-forwarded-for': `192.0.2.${n}` });

describe('sign-in', () => {
	test('opens a session that the functions accept', async () => {
		const { owner, userId } = await startWithOwner();
		expect(await owner.query(api.viewer.me, {})).toMatchObject({
			user: { id: userId, name: OWNER.name, email: OWNER.email },
			workspace: { name: 'Acme', timeZone: 'Europe/Berlin' },
			role: 'owner',
			sessionId: owner.sessionId,
		});
	});

	test('the token holds ids only', async () => {
		const { t, owner } = await startWithOwner();
		const claims = claimsOf(await fetchToken(t, owner.cookie));
		expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'sessionId', 'sub']);
		expect(Number(claims.exp) - Number(claims.iat)).toBe(15 * 60);
	});

	test('no body carries the raw session token', async () => {
		const { t, owner } = await startWithOwner();
		const token = await rawToken(t, owner.sessionId);
		const signedIn = await post(t, '/sign-in/email', OWNER, from(1));
		const session = await t.fetch('/api/auth/get-session', {
			headers: { cookie: owner.cookie, origin: ORIGIN },
		});
		const sessionText = await session.text();
		expect(JSON.parse(sessionText).user.email).toBe(OWNER.email);
		expect(sessionText).not.toContain(token);
		expect(await signedIn.json()).not.toHaveProperty('token');
		const list = await t.fetch('/api/auth/list-sessions', {
			headers: { cookie: owner.cookie, origin: ORIGIN },
		});
		expect(list.status).toBe(404);
	});

	test('SEC-53 a raw session token is not accepted as Bearer, nor unsigned as a cookie', async () => {
		const { t, owner } = await startWithOwner();
		const token = await rawToken(t, owner.sessionId);
		const bearer = await t.fetch('/api/auth/get-session', {
			headers: { authorization: `Bearer ${token}`, origin: ORIGIN },
		});
		expect(bearer.status).toBe(401);
		expect(await bearer.json()).toMatchObject({ code: 'BEARER_NOT_ACCEPTED' });
		const unsigned = await t.fetch('/api/auth/get-session', {
			headers: { cookie: `better-auth.session_token=${token}`, origin: ORIGIN },
		});
		expect(await unsigned.json()).toBeNull();
	});

	test('SEC-53 cookies are HttpOnly and SameSite=Lax', async () => {
		const { t } = await startWithOwner();
		const response = await post(t, '/sign-in/email', OWNER, from(1));
		const cookies = response.headers.getSetCookie();
		expect(cookies.map((line) => line.split('=')[0]).sort()).toEqual([
			'better-auth.convex_jwt',
			'better-auth.session_token',
		]);
		for (const line of cookies) expect(line).toMatch(/HttpOnly.*SameSite=Lax/i);
	});

	test('SEC-49 a foreign origin is refused', async () => {
		const { t, owner } = await startWithOwner();
		for (const origin of ['https://evil.example', 'null']) {
			const response = await post(t, '/sign-out', {}, { cookie: owner.cookie, origin });
			expect(response.status).toBe(403);
		}
		expect(await owner.query(api.viewer.me, {})).toMatchObject({ role: 'owner' });
	});

	test('SEC-23 guesses at one account are stopped, from however many addresses', async () => {
		const { t } = await startWithOwner();
		const statuses: number[] = [];
		for (let n = 1; n <= 12; n++) {
			// Written differently each time: it is one account all the same.
			const email = n % 2 ? OWNER.email : ` ${OWNER.email.toUpperCase()}`;
			const guess = { email: n % 2 ? email : email.trim(), password: `guess number ${n}` };
			statuses.push((await post(t, '/sign-in/email', guess, from(n))).status);
		}
		// One token was given back by the owner's sign-in in startWithOwner; ten guesses are counted.
		expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
		const right = await post(t, '/sign-in/email', OWNER, from(99));
		expect(right.status).toBe(429);
		expect(Number(right.headers.get('x-retry-after'))).toBeGreaterThan(0);
		const other = { email: 'someone@example.com', password: 'guess guess' };
		expect((await post(t, '/sign-in/email', other, from(100))).status).toBe(401);
	});

	test('SEC-23 guesses from one address are stopped, at however many accounts', async () => {
		const { t } = await startWithOwner();
		const statuses: number[] = [];
		for (let n = 1; n <= 5; n++) {
			const guess = { email: `user${n}@example.com`, password: 'guess guess' };
			statuses.push((await post(t, '/sign-in/email', guess, from(7))).status);
		}
		expect(statuses).toEqual([401, 401, 401, 429, 429]);
	});

	test('a lost signing secret is repaired when the next token is asked for', async () => {
		const { t } = await startWithOwner();
		const secret = process.env.BETTER_AUTH_SECRET;
		try {
			process.env.BETTER_AUTH_SECRET = 'another-secret-after-a-restore-0123456789';
			const again = await signIn(t, OWNER, from(3));
			expect(await again.query(api.viewer.me, {})).toMatchObject({ role: 'owner' });
		} finally {
			process.env.BETTER_AUTH_SECRET = secret;
		}
	});

	test('signing keys that can be read are left alone', async () => {
		const { t, owner } = await startWithOwner();
		const before = await keys(t);
		await fetchToken(t, owner.cookie);
		await t.fetch('/api/auth/convex/token', { headers: { cookie: 'x=y', origin: ORIGIN } });
		expect(await keys(t)).toEqual(before);
	});
});

describe('the password', () => {
	const NEW = 'another long password';
	const change = (t: Server, cookie: string, currentPassword: string) =>
		post(
			t,
			'/change-password',
			{ currentPassword, newPassword: NEW, revokeOtherSessions: true },
			{ cookie, ...from(9) },
		);

	test('is changed by who knows it, which signs out all other devices', async () => {
		const { t, owner } = await startWithOwner();
		const phone = await signIn(t, OWNER, from(2));
		expect((await change(t, owner.cookie, 'not my password')).status).toBe(400);
		const changed = await change(t, owner.cookie, OWNER.password);
		expect(changed.status).toBe(200);
		expect(await changed.json()).not.toHaveProperty('token');
		expect(changed.headers.get('set-auth-token')).toBeNull();
		for (const person of [phone, owner]) {
			expect(await refusalOf(person.query(api.viewer.me, {}))).toMatchObject({
				code: 'UNAUTHENTICATED',
			});
		}
		expect((await post(t, '/sign-in/email', OWNER, from(3))).status).toBe(401);
		const again = await signIn(t, { ...OWNER, password: NEW }, from(4));
		expect(await again.query(api.viewer.me, {})).toMatchObject({ role: 'owner' });
	});

	test('is neither reset nor found out without it', async () => {
		const { t, owner } = await startWithOwner();
		for (const path of ['/request-password-reset', '/reset-password', '/verify-password']) {
			const response = await post(t, path, { ...OWNER, newPassword: NEW, token: 'x' }, from(5));
			expect(response.status).toBe(404);
		}
		expect((await change(t, '', OWNER.password)).status).toBe(401);
		const short = { currentPassword: OWNER.password, newPassword: 'short' };
		const refused = await post(t, '/change-password', short, { cookie: owner.cookie, ...from(6) });
		expect(await refused.json()).toMatchObject({ code: 'PASSWORD_TOO_SHORT' });
	});
});

describe('sessions', () => {
	test('are listed without tokens and revoked by id, at once', async () => {
		const { t, owner } = await startWithOwner();
		const phone = await signIn(t, OWNER, { ...from(2), 'user-agent': 'Phone' });
		const list = await owner.query(api.sessions.list, {});
		expect(list.map(({ isCurrent }) => isCurrent)).toEqual([true, false]);
		expect(list[1]).toMatchObject({
			id: phone.sessionId,
			userAgent: 'Phone',
			ipAddress: '192.0.2.2',
		});
		expect(JSON.stringify(list)).not.toContain(await rawToken(t, phone.sessionId));
		await owner.mutation(api.sessions.revoke, { sessionId: phone.sessionId });
		// The phone's JWT has not expired; the session row behind it is gone.
		expect(await refusalOf(phone.query(api.viewer.me, {}))).toMatchObject({
			code: 'UNAUTHENTICATED',
		});
		expect(await owner.query(api.sessions.list, {})).toHaveLength(1);
	});

	test('all others go at once', async () => {
		const { t, owner } = await startWithOwner();
		const others = [await signIn(t, OWNER, from(2)), await signIn(t, OWNER, from(3))];
		expect(await owner.mutation(api.sessions.revokeOthers, {})).toEqual({ revoked: 2 });
		for (const other of others) {
			expect(await refusalOf(other.query(api.viewer.me, {}))).toMatchObject({
				code: 'UNAUTHENTICATED',
			});
		}
		expect(await owner.query(api.viewer.me, {})).toMatchObject({ role: 'owner' });
	});

	test("another user's session is not found", async () => {
		const { t, owner } = await startWithOwner();
		const foreign = await t.run((ctx) =>
			ctx.runMutation(components.betterAuth.adapter.create, {
				input: {
					model: 'session',
					data: {
						userId: 'someone',
						token: 't',
						expiresAt: Date.now() + 1e6,
						createdAt: 1,
						updatedAt: 1,
					},
				},
			}),
		);
		expect(
			await refusalOf(owner.mutation(api.sessions.revoke, { sessionId: foreign._id })),
		).toMatchObject({ code: 'NOT_FOUND' });
	});

	test('a session of another user, an ended one and an invented one open nothing', async () => {
		const { t, owner, userId } = await startWithOwner();
		const claims = { subject: userId, issuer: ORIGIN };
		for (const identity of [
			{ ...claims, subject: 'someone', sessionId: owner.sessionId },
			{ ...claims, sessionId: 'invented' },
			{ ...claims, sessionId: '' },
			claims,
		]) {
			expect(await refusalOf(t.withIdentity(identity).query(api.viewer.me, {}))).toMatchObject({
				code: 'UNAUTHENTICATED',
			});
		}
		await t.run((ctx) =>
			ctx.runMutation(components.betterAuth.adapter.updateOne, {
				input: {
					model: 'session',
					where: [{ field: '_id', value: owner.sessionId }],
					update: { expiresAt: Date.now() - 1 },
				},
			}),
		);
		expect(await refusalOf(owner.query(api.viewer.me, {}))).toMatchObject({
			code: 'UNAUTHENTICATED',
		});
	});

	test('SEC-30 a removed member is shut out with a living session', async () => {
		const { t, owner } = await startWithOwner();
		await t.run(async (ctx) => {
			for (const row of await ctx.db.query('memberships').collect()) await ctx.db.delete(row._id);
		});
		expect(await refusalOf(owner.query(api.viewer.me, {}))).toMatchObject({
			code: 'UNAUTHENTICATED',
		});
	});
});

async function rawToken(t: Server, sessionId: string): Promise<string> {
	const session = await t.run((ctx) =>
		ctx.runQuery(components.betterAuth.adapter.findOne, {
			model: 'session',
			where: [{ field: '_id', value: sessionId }],
		}),
	);
	return session.token;
}

async function keys(t: Server): Promise<string[]> {
	const { page } = await t.run((ctx) =>
		ctx.runQuery(components.betterAuth.adapter.findMany, {
			model: 'jwks',
			paginationOpts: { numItems: 10, cursor: null },
		}),
	);
	return page.map((key: { _id: string }) => key._id);
}
