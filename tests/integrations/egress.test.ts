import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { integrationTesters } from '../../src/lib/server/integrations/index.ts';
import { createHttpClient } from '../../src/lib/server/integrations/sdk/httpClient.ts';
import { createRedactor } from '../../src/lib/server/integrations/sdk/redaction.ts';
import type { FetchLike, Json } from '../../src/lib/server/integrations/sdk/index.ts';
import { startCanary, type Canary } from './support/canary.ts';
import { testEnvironment } from './support/environment.ts';

let canary: Canary;
let target: Canary;
beforeEach(async () => {
	canary = await startCanary();
	target = await startCanary();
});
afterEach(async () => {
	await canary.close();
	await target.close();
});

const secret = 'ghp_canary_0123456789';

/** The connection test of Prometheus: the path a person takes an address through. */
async function testAddress(baseUrl: string, allowedHosts: string[] = [], authId = 'bearer') {
	const values: Record<string, Json> = {
		baseUrl,
		queries: [{ name: 'Up', query: 'sum(up)' }],
		...(authId === 'bearer' ? { token: secret } : {}),
	};
	const environment = testEnvironment({ allowedHosts });
	const outcome = await integrationTesters['prometheus']!({ authId, values }, environment);
	expect(JSON.stringify([outcome, environment.reports])).not.toContain(secret);
	return outcome;
}

const codeOf = (outcome: Awaited<ReturnType<typeof testAddress>>): string =>
	outcome.ok ? 'ok' : outcome.failure.code;

describe('a private address entered as a base URL', () => {
	const spellings: [string, (port: number) => string][] = [
		['SEC-1', (port) => `http://127.0.0.1:${port}`],
		['SEC-1', (port) => `http://localhost:${port}`],
		['SEC-1', (port) => `http://127.1:${port}`],
		['SEC-1', (port) => `http://0.0.0.0:${port}`],
		['SEC-1', (port) => `http://0:${port}`],
		['SEC-2', (port) => `http://2130706433:${port}`],
		['SEC-2', (port) => `http://0x7f000001:${port}`],
		['SEC-2', (port) => `http://0177.0.0.1:${port}`],
		['SEC-2', (port) => `http://127.0.0.1.:${port}`],
		['SEC-3', (port) => `http://[::1]:${port}`],
		['SEC-3', (port) => `http://[::]:${port}`],
		['SEC-4', (port) => `http://[::ffff:127.0.0.1]:${port}`],
		['SEC-4', (port) => `http://[64:ff9b::7f00:1]:${port}`],
		['SEC-5', (port) => `http://10.0.0.1:${port}`],
		['SEC-8', (port) => `http://１２７.0.0.1:${port}`],
		['SEC-8', (port) => `http://127。0。0。1:${port}`],
	];
	it.each(spellings.map(([id, spell]) => ({ id, spell, text: spell(4000) })))(
		'$id $text is refused before anything is sent, with or without credentials',
		async ({ spell }) => {
			for (const authId of ['bearer', 'none']) {
				const outcome = await testAddress(spell(target.port), [], authId);
				expect(codeOf(outcome)).toBe('PRIVATE_ADDRESS');
				expect(outcome).toMatchObject({ failure: { field: 'baseUrl', host: expect.any(String) } });
			}
			expect(target.hits).toEqual([]);
		},
	);

	it('SEC-5 is called once the owner allowed that host and port, which the error names', async () => {
		const refused = await testAddress(target.url);
		const host = refused.ok ? '' : refused.failure.host!;
		expect(host).toBe(target.host);
		await testAddress(target.url, [host]);
		expect(target.hits.length).toBe(1);
	});

	it('SEC-6 metadata services are refused, allowed or not', async () => {
		const outcome = await testAddress('http://169.254.169.254', ['169.254.169.254:80']);
		expect(codeOf(outcome)).toBe('ADDRESS_FORBIDDEN');
	});

	it.each([
		'http://user:pass@127.0.0.1',
		'http://good.example#@127.0.0.1',
		'http://good.example\\@127.0.0.1',
		'file:///etc/passwd',
		'gopher://127.0.0.1',
	])('SEC-14 %s is refused', async (url) => {
		expect(codeOf(await testAddress(url))).toMatch(/^(URL_INVALID|PROPERTY_INVALID)$/);
	});
});

describe('redirects', () => {
	const redirect = (to: string, status = 302) => {
		canary.answer = (_, response) => response.writeHead(status, { location: to }).end();
	};

	it.each([301, 302, 303, 307, 308])(
		'SEC-10 %i to a private address is refused',
		async (status) => {
			redirect(`${target.url}/x`, status);
			expect(codeOf(await testAddress(canary.url, [canary.host]))).toBe('PRIVATE_ADDRESS');
			expect([canary.hits.length, target.hits.length]).toEqual([1, 0]);
		},
	);

	it('SEC-10 to a metadata service is refused', async () => {
		redirect('http://169.254.169.254/latest/meta-data');
		expect(codeOf(await testAddress(canary.url, [canary.host]))).toBe('ADDRESS_FORBIDDEN');
	});

	it('SEC-10 ends after five hops', async () => {
		redirect(`${canary.url}/again`);
		expect(codeOf(await testAddress(canary.url, [canary.host]))).toBe('TOO_MANY_REDIRECTS');
		expect(canary.hits.length).toBe(6);
	});

	it('SEC-10 from https to http is refused', async () => {
		// The answer of a server with a certificate, without needing one.
		const dialled: string[] = [];
		const secure: FetchLike = async (url) => {
			dialled.push(url);
			return new Response(null, { status: 302, headers: { location: 'http://example.com/' } });
		};
		const client = createHttpClient({
			fetch: secure,
			clock: { now: () => 0 },
			baseUrl: 'https://example.com',
			allowedHosts: [],
			authHeaders: {},
			redactor: createRedactor({ secrets: [], names: [] }),
		});
		await expect(client.json({ path: '/x' })).rejects.toMatchObject({ code: 'REDIRECT_DOWNGRADE' });
		expect(dialled).toEqual(['https://example.com/x']);
	});

	it.each([302, 307])(
		'SEC-11 %i to another host leaves credentials and body behind',
		async (status) => {
			redirect(`${target.url}/x`, status);
			const client = createHttpClient({
				fetch: (url, init) => fetch(url, init),
				clock: { now: () => 0 },
				baseUrl: canary.url,
				allowedHosts: [canary.host, target.host],
				authHeaders: { 'x-api-key': secret },
				redactor: createRedactor({ secrets: [secret], names: [] }),
			});
			await client.json({
				path: '/x',
				method: 'POST',
				body: { key: secret },
				headers: { cookie: secret },
			});
			expect(JSON.stringify(canary.hits)).toContain(secret);
			expect(target.hits.length).toBe(1);
			expect(JSON.stringify(target.hits)).not.toContain(secret);
		},
	);

	it('SEC-11 within the host keeps them', async () => {
		canary.answer = (hit, response) =>
			hit.url === '/api/v1/status/buildinfo'
				? response.writeHead(307, { location: '/moved' }).end()
				: response.writeHead(401).end();
		await testAddress(canary.url, [canary.host]);
		expect(canary.hits.map((hit) => hit.headers.authorization)).toEqual(
			Array(2).fill(`Bearer ${secret}`),
		);
	});
});

describe('ways around the guard', () => {
	it('SEC-13 no integration calls fetch by itself', () => {
		const room = path.resolve(import.meta.dirname, '../../src/lib/server/integrations');
		const files = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((file) =>
			file.endsWith('.ts'),
		);
		expect(files.length).toBeGreaterThan(20);
		const callers = files.filter((file) => {
			const code = readFileSync(path.join(room, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
			return /(?<![.\w])fetch\s*\(|globalThis|XMLHttpRequest|WebSocket\b|EventSource/.test(code);
		});
		// The method of that name which integrations are given: declared in one, written in the other.
		expect(callers.sort()).toEqual(['sdk/http.ts', 'sdk/httpClient.ts']);
	});

	it('tells the deployment which hosts its own lookup may let through', async () => {
		let seen: unknown;
		const values = { baseUrl: 'http://nas.lan:9090', queries: [{ name: 'Up', query: 'up' }] };
		const environment = testEnvironment({
			allowedHosts: ['nas.lan:9090'],
			fetch: async (_, init) => {
				seen = init.egress;
				const error = Object.assign(new Error(), {
					code: 'EGRESS_PRIVATE_ADDRESS',
					address: '10.0.0.9',
				});
				throw new TypeError('fetch failed', { cause: error });
			},
		});
		const outcome = await integrationTesters['prometheus']!(
			{ authId: 'none', values },
			environment,
		);
		expect(seen).toEqual({ allow: ['nas.lan:9090'] });
		expect(outcome).toMatchObject({ failure: { code: 'PRIVATE_ADDRESS', host: 'nas.lan:9090' } });
	});
});
