/** Who is calling? Verifies tokens by the providers of `auth.config.ts`, and the admin key. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { JWTPayload } from 'jose';
import * as errors from 'jose/errors';
import { decodeJwt } from 'jose/jwt/decode';
import { jwtVerify } from 'jose/jwt/verify';
import { customJwtIdentity, oidcIdentity } from './claims.ts';
import { isJsonObject, type JsonObject } from '../storage/jsonValues.ts';
import { KeysUnavailable, type KeySets } from './jwks.ts';
import type { Caller, Clock, JsonValue } from '../types.ts';

export type AuthFailureCode =
	| 'MalformedToken'
	| 'NoAuthProvider'
	| 'InvalidToken'
	| 'TokenExpired'
	| 'KeysUnavailable'
	| 'BadAdminKey'
	| 'InvalidAuthHeader';

/** A refused credential. The message is safe to show: it never holds the credential. */
export class AuthFailure extends Error {
	readonly code: AuthFailureCode;
	/** The issuer could not be asked: the same token may be accepted in a moment. */
	readonly isTemporary: boolean;
	constructor(code: AuthFailureCode, message: string) {
		super(message);
		this.name = 'AuthFailure';
		this.code = code;
		this.isTemporary = code === 'KeysUnavailable';
	}
}

export interface VerifiedToken {
	identity: JsonValue;
	/** Milliseconds since the epoch from which on it must be refused, leeway included. */
	expiresAtMs: number;
}

/** Where a request comes from, as far as this server can tell. */
export interface Origination {
	ip: string | null;
	userAgent: string | null;
}

export interface Authenticator {
	/** @throws AuthFailure */
	verifyToken(token: string): Promise<VerifiedToken>;
	/** @throws AuthFailure when it is wrong or no admin key is configured */
	checkAdminKey(candidate: string): void;
	/**
	 * By an Authorization header: `Bearer <jwt>`, `Convex <admin key>[:<base64 identity>]`, or none.
	 * @throws AuthFailure
	 */
	callerFor(authorization: string | null, from: Origination): Promise<Caller>;
}

export interface AuthOptions {
	clock: Clock;
	/** As in `auth.config.ts`, environment substituted. Asked at every use: a push may change them. */
	providers: () => JsonValue[];
	keySets: KeySets;
	/** Without it every admin credential is refused. */
	adminKey?: string;
}

type Provider =
	| { kind: 'oidc'; issuer: string; applicationId: string }
	| { kind: 'customJwt'; issuer: string; applicationId?: string; jwks: string; algorithm: string };

/** Clocks of issuer and server may differ by this much. */
const LEEWAY_SECONDS = 5;
const OIDC_ALGORITHMS = ['RS256', 'EdDSA', 'Ed25519'];
const CUSTOM_ALGORITHMS = new Set(['RS256', 'ES256']);

export function createAuthenticator(options: AuthOptions): Authenticator {
	const { clock, keySets, adminKey } = options;

	const verifyToken = async (token: string): Promise<VerifiedToken> => {
		const unverified = decode(token);
		const provider = options
			.providers()
			.map(readProvider)
			.find((candidate) => candidate !== null && isMeantFor(candidate, unverified));
		if (!provider) {
			throw new AuthFailure(
				'NoAuthProvider',
				'No provider in auth.config.ts matches the issuer and audience of this token. Sign in again, or have the administrator compare ORIGIN and auth.config.ts.',
			);
		}
		try {
			const { payload } = await jwtVerify(
				token,
				async (header) => {
					const url =
						provider.kind === 'oidc'
							? await keySets.discover(withScheme(unverified.iss!))
							: provider.jwks;
					return keySets.keyFor(url, header);
				},
				{
					algorithms: provider.kind === 'oidc' ? OIDC_ALGORITHMS : [provider.algorithm],
					issuer: unverified.iss,
					...(provider.applicationId === undefined ? {} : { audience: provider.applicationId }),
					clockTolerance: LEEWAY_SECONDS,
					currentDate: new Date(clock.now()),
					requiredClaims: ['iss', 'sub', 'exp'],
				},
			);
			return {
				identity: provider.kind === 'oidc' ? oidcIdentity(payload) : customJwtIdentity(payload),
				expiresAtMs: (payload.exp! + LEEWAY_SECONDS) * 1000,
			};
		} catch (error) {
			throw toAuthFailure(error);
		}
	};

	const checkAdminKey = (candidate: string) => {
		if (!adminKey || !isSameSecret(candidate, adminKey)) {
			throw new AuthFailure(
				'BadAdminKey',
				'The provided admin key was invalid for this instance. Use the one the deployment was started with.',
			);
		}
	};

	return {
		verifyToken,
		checkAdminKey,
		async callerFor(authorization, from) {
			const anonymous: Caller = { identity: null, isAdmin: false, authToken: null, ...from };
			if (authorization === null || authorization === '') return anonymous;
			const [, scheme, credential] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
			if (scheme?.toLowerCase() === 'bearer') {
				const { identity } = await verifyToken(credential!);
				return { ...anonymous, identity, authToken: credential! };
			}
			if (scheme?.toLowerCase() === 'convex') {
				const { key, impersonated } = splitAdminCredential(credential!, adminKey);
				checkAdminKey(key);
				const identity = impersonated ? impersonate(parseImpersonated(impersonated)) : null;
				return { ...anonymous, identity, isAdmin: true };
			}
			throw new AuthFailure(
				'InvalidAuthHeader',
				'The Authorization header must be "Bearer <token>". Send a token, or leave the header out.',
			);
		},
	};
}

/** `<key>` or `<key>:<base64>`; keys hold colons themselves ("prod:name|secret"). */
function splitAdminCredential(
	credential: string,
	adminKey: string | undefined,
): { key: string; impersonated: string | null } {
	const [, key, impersonated] = /^(.*):([A-Za-z0-9+/=]+)$/.exec(credential) ?? [];
	const isKeyAlone = key === undefined || (adminKey && isSameSecret(credential, adminKey));
	return isKeyAlone
		? { key: credential, impersonated: null }
		: { key: key!, impersonated: impersonated! };
}

/** The identity an administrator asks to act as. */
export function impersonate(attributes: JsonObject): JsonValue {
	const { issuer, subject } = attributes;
	return {
		...attributes,
		tokenIdentifier: attributes.tokenIdentifier ?? `${String(issuer)}|${String(subject)}`,
	};
}

function parseImpersonated(base64: string): JsonObject {
	try {
		const value = JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as JsonValue;
		if (isJsonObject(value)) return value;
	} catch {
		// Answered below.
	}
	throw new AuthFailure('InvalidAuthHeader', 'The identity to act as is not base64 of JSON.');
}

function decode(token: string): JWTPayload {
	try {
		const payload = decodeJwt(token);
		if (typeof payload.iss === 'string') return payload;
	} catch {
		// Answered below.
	}
	throw new AuthFailure('MalformedToken', 'The token is not a JWT with an issuer. Sign in again.');
}

function readProvider(json: JsonValue): Provider | null {
	if (!isJsonObject(json)) return null;
	const text = (field: string) => (typeof json[field] === 'string' ? json[field] : undefined);
	const applicationId = text('applicationID');
	if (json.type === 'customJwt') {
		const [issuer, jwks, algorithm] = [text('issuer'), text('jwks'), text('algorithm')];
		if (!issuer || !jwks || !algorithm || !CUSTOM_ALGORITHMS.has(algorithm)) return null;
		return { kind: 'customJwt', issuer, jwks, algorithm, applicationId };
	}
	const issuer = text('domain');
	// An OIDC provider without an audience would accept tokens made for any other application.
	if (!issuer || !applicationId) return null;
	return { kind: 'oidc', issuer, applicationId };
}

function isMeantFor(provider: Provider, claims: JWTPayload): boolean {
	if (normalIssuer(provider.issuer) !== normalIssuer(claims.iss!)) return false;
	if (provider.applicationId === undefined) return true;
	return [claims.aud].flat().includes(provider.applicationId);
}

function withScheme(issuer: string): string {
	return /^[a-z][a-z0-9+.-]*:\/\//i.test(issuer) ? issuer : `https://${issuer}`;
}

function normalIssuer(issuer: string): string {
	return withScheme(issuer).replace(/\/$/, '');
}

function toAuthFailure(error: unknown): AuthFailure {
	if (error instanceof AuthFailure) return error;
	if (error instanceof KeysUnavailable) return new AuthFailure('KeysUnavailable', error.message);
	if (error instanceof errors.JWTExpired) {
		return new AuthFailure('TokenExpired', 'The token has expired. Sign in again.');
	}
	const reason = error instanceof errors.JOSEError ? error.code : 'unknown';
	return new AuthFailure('InvalidToken', `The token was refused (${reason}). Sign in again.`);
}

/** Compares digests: the time taken says nothing about either secret, not even its length. */
export function isSameSecret(a: string, b: string): boolean {
	const digest = (text: string) => createHash('sha256').update(text).digest();
	return timingSafeEqual(digest(a), digest(b));
}
