/** One HTTP request to Better Auth, and the repair of signing keys that a lost secret made unreadable. */
import { symmetricDecrypt } from 'better-auth/crypto';
import type { ActionCtx } from '../_generated/server.js';
import { createAuth } from './auth.ts';
import { components } from './components.ts';
import { env } from './env.ts';
import { event } from './events.ts';

const TOKEN_PATH = '/api/auth/convex/token';

/**
 * The component's own registration is not used: it builds a whole auth object at import and lets clients overwrite
 * `x-forwarded-*`.
 */
export async function handleAuthRequest(ctx: ActionCtx, request: Request): Promise<Response> {
	const retry = isTokenRequest(request) ? request.clone() : null;
	const response = await createAuth(ctx).handler(request);
	if (!retry || response.status !== 500 || !(await repairSigningKeys(ctx))) return response;
	return createAuth(ctx).handler(retry);
}

const isTokenRequest = (request: Request) => new URL(request.url).pathname === TOKEN_PATH;

/**
 * The private key behind the JWTs is encrypted with BETTER_AUTH_SECRET. After a restore with another secret it cannot
 * be read: people sign in, but nothing is live. Then, and only then, new keys are made; every outstanding JWT dies,
 * which is right, because nobody could have renewed it.
 * @returns whether keys were replaced
 */
export async function repairSigningKeys(ctx: ActionCtx): Promise<boolean> {
	const { page } = await ctx.runQuery(components.betterAuth.adapter.findMany, {
		model: 'jwks',
		sortBy: { field: 'createdAt', direction: 'desc' },
		paginationOpts: { numItems: 1, cursor: null },
	});
	const newest: { privateKey: string } | undefined = page[0];
	if (!newest || (await isReadable(newest.privateKey))) return false;
	await createAuth(ctx).api.rotateKeys();
	event('auth.signingKeysReplaced', { reason: 'secretChanged' });
	return true;
}

async function isReadable(privateKey: string): Promise<boolean> {
	try {
		await symmetricDecrypt({
			key: env.betterAuthSecret,
			data: JSON.parse(privateKey),
		});
		return true;
	} catch {
		return false;
	}
}
