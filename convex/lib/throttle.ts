/** Guesses per account. Per address is Better Auth's own limiter; a botnet has many addresses but guesses at one account. */
import { RateLimiter } from '@convex-dev/rate-limiter';
import type { GenericCtx } from '@convex-dev/better-auth';
import type { DataModel } from '../_generated/dataModel.js';
import { components } from './components.ts';

const HOUR_MS = 60 * 60 * 1000;

const limiter = new RateLimiter(components.rateLimiter, {
	/**
	 * Ten at once for a person who tries old passwords, then one every three minutes: 480 guesses a day at most, and
	 * the owner of a besieged account waits three minutes, not for ever.
	 */
	signIn: { kind: 'token bucket', rate: 20, period: HOUR_MS, capacity: 10 },
});

/** The same address however it is typed; hashed nowhere, because the auth tables hold it in the clear anyway. */
const accountKey = (email: string) => email.trim().toLowerCase().slice(0, 320);

/** Counts one try. @returns null when it may go on, else the milliseconds until the next one counts. */
export async function throttleSignIn(
	ctx: GenericCtx<DataModel>,
	email: string,
): Promise<number | null> {
	if (!('runMutation' in ctx)) return null;
	const { ok, retryAfter } = await limiter.limit(ctx, 'signIn', { key: accountKey(email) });
	return ok ? null : (retryAfter ?? HOUR_MS);
}

/** A right password clears the account's count. */
export async function forgiveSignIn(ctx: GenericCtx<DataModel>, email: string): Promise<void> {
	if (!('runMutation' in ctx)) return;
	await limiter.reset(ctx, 'signIn', { key: accountKey(email) });
}
