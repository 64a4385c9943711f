/** Locally made keys and tokens of an issuer that exists only here. */
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'convex';

export interface Key {
	kid: string;
	alg: string;
	sign(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>;
	jwk: JsonValue;
}

export async function makeKey(kid: string, alg = 'ES256'): Promise<Key> {
	const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
	const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } as unknown as JsonValue;
	return {
		kid,
		alg,
		jwk,
		sign: (claims, header = {}) =>
			new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
	};
}

export const jwksOf = (...keys: Key[]): { keys: JsonValue[] } => ({
	keys: keys.map((key) => key.jwk),
});

export const dataUrl = (json: unknown): string =>
	`data:text/plain;charset=utf-8;base64,${Buffer.from(JSON.stringify(json)).toString('base64')}`;

export const customJwt = (jwks: string, algorithm = 'ES256'): JsonValue => ({
	type: 'customJwt',
	issuer: ISSUER,
	applicationID: AUDIENCE,
	algorithm,
	jwks,
});

/** Claims that are good until `expSeconds` later than `nowMs`. */
export const claims = (nowMs: number, more: JWTPayload = {}, expSeconds = 900): JWTPayload => ({
	iss: ISSUER,
	aud: AUDIENCE,
	sub: 'user-1',
	iat: Math.floor(nowMs / 1000),
	exp: Math.floor(nowMs / 1000) + expSeconds,
	...more,
});
