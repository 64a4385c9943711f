import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolder, httpClient } from '../clients/clientHarness.ts';
import { failureOf, ManualClock, openRunner, valueOf, type Opened } from '../functions/support.ts';
import { api, serveLimits } from './served.ts';

interface Token {
	header: { alg: string; typ: string; kid: string };
	payload: Record<string, unknown>;
	signed: Buffer;
	signature: Buffer;
}

function read(token: string): Token {
	const [header, payload, signature] = token.split('.') as [string, string, string];
	const json = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
	return {
		header: json(header),
		payload: json(payload),
		signed: Buffer.from(`${header}.${payload}`),
		signature: Buffer.from(signature, 'base64url'),
	};
}

function isSignedBy(token: Token, keys: { keys: (JsonWebKey & { kid: string })[] }): boolean {
	const jwk = keys.keys.find(({ kid }) => kid === token.header.kid);
	if (!jwk) return false;
	const key = createPublicKey({ key: jwk, format: 'jwk' });
	return verify('sha256', token.signed, { key, dsaEncoding: 'ieee-p1363' }, token.signature);
}

describe('ctx.auth.signJwt', () => {
	const clock = new ManualClock();
	let app: Opened;
	beforeAll(async () => {
		app = await openRunner('limits', { clock, showErrors: true });
	});
	afterAll(() => app.close());
	const sign = (args: object) => app.mutate('meta:sign', args as never);

	it('E3-1 sets issuer and times, and keeps the claims it is given', async () => {
		const claims = { sub: 'ada', roles: ['admin'], nested: { a: 1 } };
		const token = read(valueOf(await sign({ claims, expiresInSeconds: 60 })) as string);
		const iat = Math.floor(clock.now() / 1000);
		expect(token.header).toMatchObject({ alg: 'ES256', typ: 'JWT' });
		expect(token.payload).toEqual({
			...claims,
			iss: 'http://app.example.test',
			iat,
			exp: iat + 60,
		});
	});

	it.each(['iss', 'iat', 'exp', 'nbf', 'convexUser', 'CVX', 'cvx_a'])(
		'E3-1 refuses the reserved claim %s',
		async (name) => {
			const failure = failureOf(await sign({ claims: { [name]: 1 }, expiresInSeconds: 60 }));
			expect(failure).toMatchObject({ code: 'InvalidJwtClaims' });
			expect(failure.message).toContain(`"${name}" is reserved`);
		},
	);

	it.each([0, 3_601, 1.5, -1])('E3-1 refuses a lifetime of %s seconds', async (seconds) => {
		const failure = failureOf(await sign({ expiresInSeconds: seconds }));
		expect(failure.code).toBe('InvalidJwtLifetime');
	});
});

describe('the keys of the deployment', () => {
	it('E3-1 are published, check its tokens, and outlive a restart', async () => {
		const dataDir = dataFolder();
		const first = await serveLimits({ dataDir });
		const signed = await httpClient(first.origin).mutation(api.meta!.sign!, {
			claims: { sub: 'ada' },
			expiresInSeconds: 3_600,
		});
		const token = read(signed as string);
		expect(token.payload.iss).toBe(first.origin);
		const keysOf = async (origin: string) => {
			const response = await fetch(`${origin}/.well-known/jwks.json`);
			expect(response.status).toBe(200);
			return (await response.json()) as { keys: (JsonWebKey & { kid: string })[] };
		};
		const keys = await keysOf(first.origin);
		expect(keys.keys.some((key) => 'd' in key)).toBe(false);
		expect(isSignedBy(token, keys)).toBe(true);
		// The control: another text under the same signature.
		expect(isSignedBy({ ...token, signed: Buffer.from('other') }, keys)).toBe(false);
		await first.close();
		const second = await serveLimits({ dataDir });
		expect(isSignedBy(token, await keysOf(second.origin))).toBe(true);
	}, 30_000);

	it('E3-1 are good for signing in with the deployment’s own tokens', async () => {
		const { origin } = await serveLimits({ env: { OWN_TOKENS: 'yes' } });
		const client = httpClient(origin);
		const token = await client.mutation(api.meta!.sign!, {
			claims: { sub: 'ada', aud: 'limits', name: 'Ada' },
			expiresInSeconds: 60,
		});
		client.setAuth(token as string);
		expect(await client.query(api.meta!.whoAmI!, {})).toMatchObject({ subject: 'ada' });
	}, 30_000);
});
