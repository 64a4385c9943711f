/// <reference types="vite/client" />
/**
 * The product's functions on convex-test, with the components they mount. Signing in happens as in the product: the
 * owner is created by the setup function, sessions by Better Auth's own endpoints.
 */
import { ORIGIN } from './env.ts';
import betterAuth from '@convex-dev/better-auth/test';
import rateLimiter from '@convex-dev/rate-limiter/test';
import { convexTest, type TestConvex } from 'convex-test';
import { api } from '../../convex/_generated/api.js';
import schema from '../../convex/schema.ts';

const modules = import.meta.glob(['../../convex/**/*.{ts,js}', '!../../convex/**/*.d.ts']);

export const OWNER = {
	name: 'Ada Owner',
	email: 'ada@example.com',
	password: 'correct horse battery',
	workspaceName: 'Acme',
	timeZone: 'Europe/Berlin',
};

export type Server = TestConvex<typeof schema>;
/** The server as one signed-in person sees it. */
export type Person = ReturnType<Server['withIdentity']> & { cookie: string; sessionId: string };

export function start(): Server {
	const t = convexTest(schema, modules);
	betterAuth.register(t);
	rateLimiter.register(t);
	return t;
}

/** A server with its owner signed in. */
export async function startWithOwner(): Promise<{ t: Server; owner: Person; userId: string }> {
	const t = start();
	const { userId } = await t.mutation(api.setup.createOwner, OWNER);
	return { t, owner: await signIn(t), userId };
}

/** Posts to Better Auth as a browser on this origin does. */
export function post(
	t: Server,
	path: string,
	body: unknown,
	headers: Record<string, string> = {},
): Promise<Response> {
	return t.fetch(`/api/auth${path}`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', origin: ORIGIN, ...headers },
		body: JSON.stringify(body),
	});
}

export async function signIn(
	t: Server,
	{ email, password } = OWNER,
	headers: Record<string, string> = {},
): Promise<Person> {
	const response = await post(t, '/sign-in/email', { email, password }, headers);
	if (!response.ok)
		throw new Error(`Sign-in answered ${response.status}: ${await response.text()}`);
	const cookie = response.headers
		.getSetCookie()
		.map((line) => line.split(';')[0])
		.join('; ');
	return asPerson(t, cookie, await fetchToken(t, cookie));
}

export async function fetchToken(t: Server, cookie: string): Promise<string> {
	const response = await t.fetch('/api/auth/convex/token', { headers: { cookie, origin: ORIGIN } });
	if (!response.ok) throw new Error(`Token answered ${response.status}: ${await response.text()}`);
	return ((await response.json()) as { token: string }).token;
}

export function claimsOf(
	jwt: string,
): Record<string, unknown> & { sub: string; sessionId: string } {
	const payload = jwt.split('.')[1] ?? '';
	return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
}

function asPerson(t: Server, cookie: string, jwt: string): Person {
	const { sub, sessionId, iss } = claimsOf(jwt);
	const person = t.withIdentity({ subject: sub, issuer: String(iss), sessionId });
	return Object.assign(person, { cookie, sessionId });
}

/** The refusal a call ended with; fails when it did not refuse. */
export async function refusalOf(
	call: Promise<unknown>,
): Promise<{ code: string; message: string }> {
	try {
		await call;
	} catch (error) {
		const data: unknown = (error as { data?: unknown }).data;
		const refusal = typeof data === 'string' ? JSON.parse(data) : data;
		if (refusal && typeof refusal === 'object' && 'code' in refusal) return refusal;
		throw error;
	}
	throw new Error('The call was not refused.');
}

/** Lets scheduled functions that are due finish, so that none outlives its test. */
export async function settle(t: Server): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, 0));
	await t.finishInProgressScheduledFunctions();
}
