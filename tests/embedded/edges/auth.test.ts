import { SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { AuthFailure, createAuthenticator } from '../../../src/lib/server/embedded/edges/auth.ts';
import { createKeySets } from '../../../src/lib/server/embedded/edges/jwks.ts';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { FakeClock } from './fakeRunner.ts';
import {
	AUDIENCE,
	claims,
	customJwt,
	dataUrl,
	ISSUER,
	jwksOf,
	makeKey,
	type Key,
} from './tokens.ts';

const OWN = 'http://own.test';
const FROM = { ip: null, userAgent: null };
let key: Key;
let other: Key;

beforeAll(async () => {
	[key, other] = await Promise.all([makeKey('k1'), makeKey('k2')]);
});

function setUp(
	providers: JsonValue[],
	documents: Record<string, () => unknown> = {},
	adminKey?: string,
) {
	const clock = new FakeClock();
	const fetched: string[] = [];
	const fetchJson = async (url: string) => {
		fetched.push(url);
		const document = documents[url];
		if (!document) throw new Error('unreachable');
		return document();
	};
	const keySets = createKeySets(clock, fetchJson, [OWN]);
	const auth = createAuthenticator({ clock, keySets, providers: () => providers, adminKey });
	const refused = async (token: string) => {
		const error: unknown = await auth.verifyToken(token).then(
			() => null,
			(reason: unknown) => reason,
		);
		return error instanceof AuthFailure ? error.code : error;
	};
	return { clock, auth, fetched, refused, now: clock.now() };
}

describe('customJwt', () => {
	test('claims keep their names, nested ones are flattened, token claims are left out', async () => {
		const { auth, now } = setUp([customJwt(dataUrl(jwksOf(key)))]);
		const token = await key.sign(
			claims(now, {
				given_name: 'Ann',
				sessionId: 's1',
				org: { id: 'o1', plan: { name: 'pro' } },
				roles: ['a', 'b'],
				fva: [1, -1],
				jti: 'x',
				tokenIdentifier: 'forged',
				subject: 'forged',
			}),
		);
		const verified = await auth.verifyToken(token);
		expect(verified.identity).toEqual({
			tokenIdentifier: `${ISSUER}|user-1`,
			issuer: ISSUER,
			subject: 'user-1',
			given_name: 'Ann',
			sessionId: 's1',
			'org.id': 'o1',
			'org.plan.name': 'pro',
			roles: ['a', 'b'],
		});
		expect(verified.expiresAtMs).toBe((Math.floor(now / 1000) + 905) * 1000);
	});

	test('everything that is not exactly right is refused', async () => {
		const { refused, now } = setUp([customJwt(dataUrl(jwksOf(key)))]);
		const good = claims(now);
		expect(await refused(await key.sign(good))).toBeNull();
		const without = (name: string) =>
			Object.fromEntries(Object.entries(good).filter(([claim]) => claim !== name));
		const cases: [string, string][] = [
			['another issuer', await key.sign({ ...good, iss: 'https://evil.test' })],
			['another audience', await key.sign({ ...good, aud: 'other' })],
			['no audience', await key.sign(without('aud'))],
			['no subject', await key.sign(without('sub'))],
			['no expiry', await key.sign(without('exp'))],
			['expired', await key.sign(claims(now, {}, -6))],
			['not yet valid', await key.sign({ ...good, nbf: good.iat! + 60 })],
			['another key under the same id', await other.sign(good, { kid: 'k1' })],
			['an unknown key', await other.sign(good)],
			['no signature', new UnsecuredJWT(good).encode()],
			['a tampered payload', (await key.sign(good)).replace(/\.(.)/, '.X')],
			['no token', 'hello'],
			['nothing', ''],
		];
		for (const [name, token] of cases) {
			expect(await refused(token), name).toMatch(
				/^(InvalidToken|TokenExpired|NoAuthProvider|MalformedToken)$/,
			);
		}
	});

	test('5 seconds of clock difference are forgiven', async () => {
		const { refused, now } = setUp([customJwt(dataUrl(jwksOf(key)))]);
		expect(await refused(await key.sign(claims(now, {}, -4)))).toBeNull();
		expect(await refused(await key.sign(claims(now, {}, -6)))).toBe('TokenExpired');
	});

	test('the algorithm is the provider’s, not the token’s', async () => {
		const rsa = await makeKey('r1', 'RS256');
		const { refused, now } = setUp([customJwt(dataUrl(jwksOf(rsa, key)), 'RS256')]);
		expect(await refused(await rsa.sign(claims(now)))).toBeNull();
		expect(await refused(await key.sign(claims(now)))).toBe('InvalidToken');
		// The public key used as a shared secret.
		const secret = new TextEncoder().encode(JSON.stringify(rsa.jwk));
		const forged = await new SignJWT(claims(now))
			.setProtectedHeader({ alg: 'HS256', kid: 'r1' })
			.sign(secret);
		expect(await refused(forged)).toBe('InvalidToken');
	});

	test('a provider with an unusable algorithm accepts nothing', async () => {
		const { refused, now } = setUp([customJwt(dataUrl(jwksOf(key)), 'HS256')]);
		expect(await refused(await key.sign(claims(now)))).toBe('NoAuthProvider');
	});
});

describe('key sets', () => {
	const URL_OWN = `${OWN}/api/auth/convex/jwks`;

	test('are fetched once, and again when a token names a key nobody knows yet', async () => {
		let served = jwksOf(key);
		const { auth, clock, fetched, refused } = setUp([customJwt(URL_OWN)], {
			[URL_OWN]: () => served,
		});
		for (let n = 0; n < 5; n++) await auth.verifyToken(await key.sign(claims(clock.now())));
		expect(fetched).toHaveLength(1);
		served = jwksOf(other);
		clock.advance(1_500);
		expect(await refused(await other.sign(claims(clock.now())))).toBeNull();
		expect(fetched).toHaveLength(2);
		// The key was withdrawn with the rotation.
		expect(await refused(await key.sign(claims(clock.now())))).toBe('InvalidToken');
	});

	test('made-up key ids do not become requests, one each', async () => {
		const remote = 'https://issuer.test/jwks';
		const { clock, fetched, refused } = setUp([customJwt(remote)], { [remote]: () => jwksOf(key) });
		for (let n = 0; n < 20; n++) {
			clock.advance(1_000);
			expect(await refused(await other.sign(claims(clock.now()), { kid: `x${n}` }))).toBe(
				'InvalidToken',
			);
		}
		expect(fetched).toHaveLength(1);
		clock.advance(30_000);
		await refused(await other.sign(claims(clock.now())));
		expect(fetched).toHaveLength(2);
	});

	test('that cannot be read are a passing trouble, not a bad token', async () => {
		const documents: Record<string, () => unknown> = {};
		const { auth, clock, refused } = setUp([customJwt('https://issuer.test/jwks')], documents);
		const token = await key.sign(claims(clock.now()));
		expect(await refused(token)).toBe('KeysUnavailable');
		documents['https://issuer.test/jwks'] = () => jwksOf(key);
		await expect(auth.verifyToken(token)).resolves.toBeTruthy();
	});
});

describe('OpenID Connect', () => {
	const discovery = `${ISSUER}/.well-known/openid-configuration`;
	const documents = (keys: () => Key[]) => ({
		[discovery]: () => ({ issuer: ISSUER, jwks_uri: `${ISSUER}/keys` }),
		[`${ISSUER}/keys`]: () => jwksOf(...keys()),
	});

	test.each(['RS256', 'EdDSA'])(
		'%s tokens are verified by discovery, claims are mapped',
		async (alg) => {
			const signer = await makeKey('o1', alg);
			const provider = { domain: 'issuer.test/', applicationID: AUDIENCE };
			const { auth, now } = setUp(
				[provider],
				documents(() => [signer]),
			);
			const token = await signer.sign(
				claims(now, {
					name: 'Ann',
					given_name: 'Ann',
					family_name: 'Lee',
					picture: 'https://x.test/a.png',
					email_verified: true,
					birthdate: '1990-01-01',
					locale: 'de',
					zoneinfo: 'Europe/Berlin',
					phone_number: '+49',
					updated_at: 0,
					address: { formatted: 'Street 1' },
					role: { name: 'admin' },
				}),
			);
			expect((await auth.verifyToken(token)).identity).toEqual({
				tokenIdentifier: `${ISSUER}|user-1`,
				issuer: ISSUER,
				subject: 'user-1',
				name: 'Ann',
				givenName: 'Ann',
				familyName: 'Lee',
				pictureUrl: 'https://x.test/a.png',
				emailVerified: true,
				birthday: '1990-01-01',
				language: 'de',
				timezone: 'Europe/Berlin',
				phoneNumber: '+49',
				updatedAt: '1970-01-01T00:00:00.000Z',
				address: 'Street 1',
				'role.name': 'admin',
			});
		},
	);

	test('ES256 is not accepted, nor a provider without an audience', async () => {
		const first = setUp(
			[{ domain: ISSUER, applicationID: AUDIENCE }],
			documents(() => [key]),
		);
		expect(await first.refused(await key.sign(claims(first.now)))).toBe('InvalidToken');
		const second = setUp(
			[{ domain: ISSUER }],
			documents(() => [key]),
		);
		expect(await second.refused(await key.sign(claims(second.now)))).toBe('NoAuthProvider');
	});
});

describe('Authorization header', () => {
	test('admin keys work only when configured, whole and exact', async () => {
		const adminKey = 'a-long-admin-key-of-ours';
		const { auth } = setUp([], {}, adminKey);
		const caller = await auth.callerFor(`Convex ${adminKey}`, FROM);
		expect(caller).toMatchObject({ isAdmin: true, identity: null });
		const act = Buffer.from(JSON.stringify({ issuer: 'i', subject: 's' })).toString('base64');
		expect((await auth.callerFor(`Convex ${adminKey}:${act}`, FROM)).identity).toEqual({
			issuer: 'i',
			subject: 's',
			tokenIdentifier: 'i|s',
		});
		for (const header of [`Convex ${adminKey}x`, 'Convex x', `Convex ${adminKey}:bm8=`]) {
			await expect(auth.callerFor(header, FROM)).rejects.toBeInstanceOf(AuthFailure);
		}
		await expect(setUp([]).auth.callerFor('Convex undefined', FROM)).rejects.toMatchObject({
			code: 'BadAdminKey',
		});
	});

	test('none is anonymous; anything else is refused and never repeated in the message', async () => {
		const { auth } = setUp([]);
		expect(await auth.callerFor(null, FROM)).toMatchObject({ identity: null, isAdmin: false });
		for (const header of ['Basic c2VjcmV0', 'Bearer secret-token', 'secret', 'Bearer']) {
			const error: unknown = await auth.callerFor(header, FROM).catch((reason: unknown) => reason);
			expect(error).toBeInstanceOf(AuthFailure);
			expect((error as Error).message).not.toContain('secret');
		}
	});
});
