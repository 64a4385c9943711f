/** `ctx.auth.signJwt()`: tokens under the deployment's own key, which anyone may check with its public half. */
import {
	createHash,
	createPrivateKey,
	createPublicKey,
	generateKeyPairSync,
	sign,
	type JsonWebKey,
	type KeyObject,
} from 'node:crypto';
import { isJsonObject } from '../storage/jsonValues.ts';
import { FunctionError, type ComponentPath, type JsonValue } from '../types.ts';

/** Where anyone finds the public keys, below CONVEX_CLOUD_URL. */
export const JWKS_PATH = '/.well-known/jwks.json';

const META_KEY = 'signingKey';
const MAX_LIFETIME_SECONDS = 60 * 60;
/** `SignJwtOptions` of convex/server. */
const RESERVED_CLAIMS = ['iss', 'iat', 'exp', 'nbf'];
const RESERVED_PREFIX = /^(convex|cvx)/i;

interface KeyStore {
	getMeta(key: string): string | null;
	setMeta(key: string, value: string): void;
}

export class JwtSigner {
	readonly #issuer: string;
	readonly #key: KeyObject;
	readonly #publicJwk: JsonWebKey & { kid: string };

	/** @param issuer CONVEX_CLOUD_URL. A store without a key gets one, for good. */
	constructor(store: KeyStore, issuer: string) {
		this.#issuer = issuer;
		this.#key = loadKey(store);
		const { kty, crv, x, y } = createPublicKey(this.#key).export({ format: 'jwk' });
		// RFC 7638: the same key has the same name wherever it is found.
		const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y }));
		const kid = thumbprint.digest('base64url');
		this.#publicJwk = { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
	}

	keys(): { keys: JsonValue[] } {
		return { keys: [this.#publicJwk as JsonValue] };
	}

	/** @param nowMs when the token is issued. Throws FunctionError 'InvalidJwtClaims' or 'InvalidJwtLifetime'. */
	sign(
		component: ComponentPath,
		claims: JsonValue | undefined,
		expiresInSeconds: JsonValue | undefined,
		nowMs: number,
	): string {
		checkClaims(claims);
		checkLifetime(expiresInSeconds);
		const iat = Math.floor(nowMs / 1000);
		const iss = component === '' ? this.#issuer : `${this.#issuer}/components/${component}`;
		const payload = { ...claims, iss, iat, exp: iat + expiresInSeconds };
		const header = { alg: 'ES256', typ: 'JWT', kid: this.#publicJwk.kid };
		const text = `${encode(header)}.${encode(payload)}`;
		// JWS wants the two numbers side by side, not in ASN.1.
		const key = { key: this.#key, dsaEncoding: 'ieee-p1363' } as const;
		return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
	}
}

function loadKey(store: KeyStore): KeyObject {
	const stored = store.getMeta(META_KEY);
	if (stored !== null) {
		return createPrivateKey({ key: JSON.parse(stored) as JsonWebKey, format: 'jwk' });
	}
	const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	store.setMeta(META_KEY, JSON.stringify(privateKey.export({ format: 'jwk' })));
	return privateKey;
}

function checkClaims(
	claims: JsonValue | undefined,
): asserts claims is { [name: string]: JsonValue } | undefined {
	if (claims === undefined) return;
	if (!isJsonObject(claims)) {
		throw new FunctionError('InvalidJwtClaims', '`claims` of signJwt() must be an object.');
	}
	for (const name of Object.keys(claims)) {
		if (RESERVED_CLAIMS.includes(name) || RESERVED_PREFIX.test(name)) {
			throw new FunctionError(
				'InvalidJwtClaims',
				`The claim "${name}" is reserved and cannot be given to signJwt(). Reserved are ${RESERVED_CLAIMS.join(', ')} and ` +
					'names that start with "convex" or "cvx".',
			);
		}
	}
}

function checkLifetime(seconds: JsonValue | undefined): asserts seconds is number {
	if (Number.isInteger(seconds) && Number(seconds) >= 1 && Number(seconds) <= MAX_LIFETIME_SECONDS)
		return;
	throw new FunctionError(
		'InvalidJwtLifetime',
		`\`expiresInSeconds\` of signJwt() must be a whole number from 1 to ${MAX_LIFETIME_SECONDS}.`,
	);
}

function encode(part: object): string {
	return Buffer.from(JSON.stringify(part)).toString('base64url');
}
