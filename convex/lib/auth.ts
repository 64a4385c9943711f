/**
 * Better Auth behind a thin door. Only this file, auth.ts and http.ts know that it is Better Auth; the rest of convex/
 * knows user ids (`sub`) and `lib/viewer.ts`.
 */
import { createClient, type AuthFunctions, type GenericCtx } from '@convex-dev/better-auth';
import { convex } from '@convex-dev/better-auth/plugins';
import { betterAuth, type BetterAuthOptions } from 'better-auth/minimal';
import type { DataModel } from '../_generated/dataModel.js';
import { internal } from '../_generated/api.js';
import authConfig from '../auth.config.ts';
import { authAfterHook, authBeforeHook } from './authHooks.ts';
import { components } from './components.ts';
import { env } from './env.ts';
import { refusal } from './errors.ts';
import { admitOwner, forgetUser, mirrorUser } from './members.ts';

/** NIST SP 800-63B asks for 8; ten keeps an online guesser with our throttles hopeless. */
export const PASSWORD_MIN_LENGTH = 10;
/** scrypt costs the same for any length, but a request body should not carry a book. */
export const PASSWORD_MAX_LENGTH = 128;
/** 32 signs of base64 are 192 bits: more than the HMAC-SHA-256 behind the cookies needs. */
const SIGNING_SECRET_MIN_LENGTH = 32;
const SESSION_SECONDS = 7 * 24 * 60 * 60;
/** A session in use is prolonged at most once a day: one write a day instead of one per request. */
const SESSION_UPDATE_SECONDS = 24 * 60 * 60;
/** A leaked JWT alone is useless (the session row is read on every call), so this only bounds re-signing. */
const JWT_SECONDS = 15 * 60;

/**
 * Better Auth endpoints this product does not use. Listing or revoking by token would put raw session tokens into the
 * page; `sessions.*` does the same by id. Unused doors stay shut.
 */
const DISABLED_PATHS = [
	'/list-sessions',
	'/revoke-session',
	'/revoke-sessions',
	'/revoke-other-sessions',
	'/delete-user',
	'/delete-user/callback',
	'/change-email',
	'/verify-email',
	'/verify-password',
	'/send-verification-email',
	'/request-password-reset',
	'/reset-password',
	'/sign-in/social',
	'/link-social',
	'/unlink-account',
	'/list-accounts',
	'/account-info',
	'/get-access-token',
	'/refresh-token',
	'/update-session',
];

// Annotated, or the types of this file and of _generated/api go in a circle.
const authFunctions: AuthFunctions = internal.auth;

export const authComponent = createClient<DataModel>(components.betterAuth, {
	authFunctions,
	triggers: {
		user: { onCreate: admitOwner, onUpdate: mirrorUser, onDelete: forgetUser },
	},
});

export function createAuthOptions(ctx: GenericCtx<DataModel>) {
	return {
		appName: 'Tributary',
		baseURL: env.siteUrl,
		secret: signingSecret(),
		database: authComponent.adapter(ctx),
		disabledPaths: DISABLED_PATHS,
		emailAndPassword: {
			enabled: true,
			// Nothing is mailed by this server yet; the owner's address is a name to sign in with.
			requireEmailVerification: false,
			// The owner signs in after setup, so that the session carries the browser's address, not setup's.
			autoSignIn: false,
			minPasswordLength: PASSWORD_MIN_LENGTH,
			maxPasswordLength: PASSWORD_MAX_LENGTH,
		},
		session: { expiresIn: SESSION_SECONDS, updateAge: SESSION_UPDATE_SECONDS },
		// Per address; per account is in authHooks.ts. Kept in the database: a function has no memory of its own.
		rateLimit: {
			enabled: true,
			storage: 'database',
			// Public keys, asked for by the deployment itself, without an address to count by.
			customRules: { '/convex/jwks': false },
		},
		hooks: { before: authBeforeHook(ctx), after: authAfterHook(ctx) },
		advanced: {
			ipAddress: { ipAddressHeaders: ['x-forwarded-for'] },
			// Said aloud: Better Auth leaves the check out by itself when it believes to be under test.
			disableOriginCheck: false,
			disableCSRFCheck: false,
		},
		plugins: [
			convex({
				authConfig,
				// The plugin adds sub, sessionId, iat, iss and aud. Name and e-mail have no place in a token.
				jwt: { expirationSeconds: JWT_SECONDS, definePayload: () => ({}) },
			}),
		],
	} satisfies BetterAuthOptions;
}

export function createAuth(ctx: GenericCtx<DataModel>) {
	return betterAuth(createAuthOptions(ctx));
}

/**
 * Better Auth falls back to a secret printed in its source when there is none and NODE_ENV is not "production".
 * @throws ConvexError SERVER_MISCONFIGURED
 */
function signingSecret(): string {
	const secret = env.betterAuthSecret;
	if (secret.length >= SIGNING_SECRET_MIN_LENGTH) return secret;
	throw refusal(
		'SERVER_MISCONFIGURED',
		`BETTER_AUTH_SECRET needs at least ${SIGNING_SECRET_MIN_LENGTH} signs. Make one with "openssl rand -base64 32" and start again.`,
	);
}
