/** From the claims of a verified token to the identity user code sees. */
import type { JWTPayload } from 'jose';
import type { JsonValue } from '../types.ts';

type Claims = Record<string, unknown>;

/** OpenID Connect core 1.0, section 5.1, to the fields of Convex's `UserIdentity`. */
const OIDC_FIELDS: Record<string, string> = {
	name: 'name',
	given_name: 'givenName',
	family_name: 'familyName',
	nickname: 'nickname',
	preferred_username: 'preferredUsername',
	profile: 'profileUrl',
	picture: 'pictureUrl',
	email: 'email',
	email_verified: 'emailVerified',
	gender: 'gender',
	birthdate: 'birthday',
	zoneinfo: 'timezone',
	locale: 'language',
	phone_number: 'phoneNumber',
	phone_number_verified: 'phoneNumberVerified',
	address: 'address',
	updated_at: 'updatedAt',
};

/**
 * About the token, not about the person; they change with every renewal, and an identity that changed would void
 * every result computed for it. `fva` (minutes since the last factor was checked) does so every minute.
 */
const TOKEN_CLAIMS = new Set([
	'iss',
	'sub',
	'aud',
	'exp',
	'nbf',
	'iat',
	'jti',
	'fva',
	'nonce',
	'auth_time',
	'at_hash',
	'c_hash',
]);
/** Nested claims become "a.b"; a hostile or careless token must not make that endless. */
const MAX_NESTING = 16;

const own = (claims: JWTPayload) => ({
	tokenIdentifier: `${claims.iss}|${claims.sub}`,
	issuer: claims.iss as string,
	subject: claims.sub as string,
});

/** OpenID Connect: standard claims under Convex's names, custom claims under their own. */
export function oidcIdentity(claims: JWTPayload): JsonValue {
	const identity: Record<string, JsonValue> = {};
	for (const [claim, value] of Object.entries(claims)) {
		if (TOKEN_CLAIMS.has(claim)) continue;
		const field = OIDC_FIELDS[claim];
		if (field) identity[field] = standardValue(claim, value);
		else flatten(identity, claim, value, 0);
	}
	return { ...identity, ...own(claims) };
}

/** customJwt: no mapping. Claims keep their names, nested objects are flattened to "outer.inner". */
export function customJwtIdentity(claims: JWTPayload): JsonValue {
	const identity: Record<string, JsonValue> = {};
	for (const [claim, value] of Object.entries(claims)) {
		if (TOKEN_CLAIMS.has(claim)) continue;
		flatten(identity, claim, value, 0);
	}
	return { ...identity, ...own(claims) };
}

function standardValue(claim: string, value: unknown): JsonValue {
	if (claim === 'address' && typeof value === 'object' && value !== null) {
		const { formatted } = value as Claims;
		return typeof formatted === 'string' ? formatted : JSON.stringify(value);
	}
	// Seconds since the epoch in the token, RFC 3339 text in the identity.
	if (claim === 'updated_at' && typeof value === 'number' && Math.abs(value) < 8.64e12) {
		return new Date(value * 1000).toISOString();
	}
	return value as JsonValue;
}

function flatten(into: Record<string, JsonValue>, name: string, value: unknown, depth: number) {
	// A field of a Convex value may not start with "$"; `__proto__` would set a prototype instead of a field.
	if (name.startsWith('$') || name === '__proto__' || depth > MAX_NESTING) return;
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
		for (const [key, inner] of Object.entries(value)) {
			flatten(into, `${name}.${key}`, inner, depth + 1);
		}
	} else {
		into[name] = value as JsonValue;
	}
}
