/** What stands before and after every Better Auth endpoint: who may call it at all, how often, and what leaves it. */
import type { GenericCtx } from '@convex-dev/better-auth';
import { APIError, createAuthMiddleware } from 'better-auth/api';
import type { DataModel } from '../_generated/dataModel.js';
import { event } from './events.ts';
import { forgiveSignIn, throttleSignIn } from './throttle.ts';

/** Header that tells a limited client when to come back, in whole seconds; Better Auth's own limiter uses it too. */
const RETRY_HEADER = 'X-Retry-After';

/**
 * Runs before each endpoint. `c.request` is set only for real HTTP requests; calls from our own functions pass.
 */
export function authBeforeHook(ctx: GenericCtx<DataModel>) {
	return createAuthMiddleware(async (c) => {
		if (!c.request) return;
		// The component's bearer plugin would take a raw session token from anywhere for seven days, past HttpOnly.
		if (c.request.headers.has('authorization')) {
			throw new APIError('UNAUTHORIZED', {
				code: 'BEARER_NOT_ACCEPTED',
				message: 'This server takes sessions from its own cookie only. Remove the header.',
			});
		}
		if (c.path.startsWith('/sign-up')) {
			throw new APIError('FORBIDDEN', {
				code: 'SIGN_UP_CLOSED',
				message: 'Sign-up is closed on this server. Its owner was created at setup.',
			});
		}
		if (c.path === '/sign-in/email') {
			const email: unknown = c.body?.email;
			if (typeof email !== 'string') return;
			const retryAfterMs = await throttleSignIn(ctx, email);
			if (retryAfterMs === null) return;
			event('auth.throttled', { by: 'account', retryAfterMs });
			throw new APIError(
				'TOO_MANY_REQUESTS',
				{
					code: 'TOO_MANY_ATTEMPTS',
					message: 'Too many attempts to sign in to this account. Wait, then try again.',
				},
				{ [RETRY_HEADER]: String(Math.ceil(retryAfterMs / 1000)) },
			);
		}
	});
}

/** Runs after each endpoint: takes raw session tokens out of bodies; the HttpOnly cookie is the only place for them. */
export function authAfterHook(ctx: GenericCtx<DataModel>) {
	return createAuthMiddleware(async (c) => {
		if (!c.request) return;
		const email: unknown = c.path === '/sign-in/email' ? c.body?.email : undefined;
		if (typeof email === 'string' && c.context.newSession) await forgiveSignIn(ctx, email);
		const returned: unknown = c.context.returned;
		if (c.path === '/convex/token' || !isPlainObject(returned)) return;
		return c.json(withoutTokens(returned));
	});
}

/** Removes `token` and `session.token`, the two places where Better Auth's core endpoints put a raw session token. */
export function withoutTokens(body: Record<string, unknown>): Record<string, unknown> {
	const { token: _token, ...rest } = body;
	if (!isPlainObject(rest.session)) return rest;
	const { token: _sessionToken, ...session } = rest.session;
	return { ...rest, session };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
	return (
		typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
	);
}
