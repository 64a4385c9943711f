import { afterEach, describe, expect, test } from 'vitest';
import { edgesHarness, type EdgesHarness } from './edgesHarness.ts';

const open: EdgesHarness[] = [];
const start = async (given: Parameters<typeof edgesHarness>[0] = {}) => {
	const harness = await edgesHarness(given);
	open.push(harness);
	return harness;
};
afterEach(async () => {
	await Promise.all(open.splice(0).map((harness) => harness.close()));
});

describe('HTTP actions', () => {
	test('are reached under the given prefixes unchanged and under /http without it', async () => {
		const { raw, runner, origin } = await start();
		await raw('/api/auth/session?x=1');
		await raw('/.well-known/openid-configuration');
		await raw('/http/hooks/stripe?y=2');
		await raw('/http/');
		expect(runner.httpRequests.map(({ request }) => request.url)).toEqual([
			`${origin}/api/auth/session?x=1`,
			`${origin}/.well-known/openid-configuration`,
			`${origin}/hooks/stripe?y=2`,
			`${origin}/`,
		]);
	});

	test('other paths, and paths that only look like ours, are left to the pages', async () => {
		const { raw, runner } = await start();
		const paths = [
			'/',
			'/api',
			'/api/other',
			'/api/authx',
			'/httpx',
			'/api/queryx',
			'/api/runx',
			'//evil.test/api/query',
			'/API/query',
			'/constructor',
			'/api/embedded/stats/x',
		];
		for (const path of paths) expect((await raw(path)).status, path).toBe(299);
		expect(runner.httpRequests).toEqual([]);
	});

	test('status, repeated cookies, streams and bodies pass through', async () => {
		const { raw, runner } = await start();
		runner.respondHttp = async (request) => {
			const text = await request.text();
			const headers = new Headers({ 'x-method': request.method });
			headers.append('set-cookie', 'a=1; HttpOnly');
			headers.append('set-cookie', 'b=2');
			const body = new ReadableStream<Uint8Array>({
				async start(controller) {
					for (const part of [text, '-', 'end']) {
						controller.enqueue(Buffer.from(part));
						await new Promise((resolve) => setImmediate(resolve));
					}
					controller.close();
				},
			});
			return new Response(body, { status: 207, headers });
		};
		const answer = await raw('/http/x', { method: 'PUT', body: 'hello' });
		expect(answer).toMatchObject({ status: 207, body: 'hello-end' });
		expect(answer.headers['set-cookie']).toEqual(['a=1; HttpOnly', 'b=2']);
		expect(answer.headers['x-method']).toBe('PUT');
		const head = await raw('/http/x', { method: 'HEAD' });
		expect(head).toMatchObject({ status: 207, body: '' });
	});

	test('an Authorization header of another scheme does not fail the request', async () => {
		const { raw, runner } = await start();
		for (const authorization of ['Basic abc', 'Bearer nonsense', 'x']) {
			const answer = await raw('/api/auth/x', { headers: { authorization } });
			expect(answer.status).toBe(404);
			const { request, identity } = runner.httpRequests.at(-1)!;
			expect(identity).toBeNull();
			expect(request.headers.get('authorization')).toBe(authorization);
		}
	});

	test('SEC-51 what only a proxy may say is not believed from others', async () => {
		const forged = {
			'x-forwarded-for': '203.0.113.9, 203.0.113.10',
			'x-forwarded-host': 'evil.test',
			'x-forwarded-proto': 'https',
			'x-better-auth-forwarded-host': 'evil.test',
			'x-better-auth-forwarded-proto': 'https',
			forwarded: 'for=203.0.113.9',
			host: 'evil.test',
		};
		const { raw, runner, origin } = await start();
		await raw('/api/auth/x', { headers: forged });
		const { request } = runner.httpRequests[0]!;
		expect(request.url).toBe(`${origin}/api/auth/x`);
		expect(request.headers.get('x-forwarded-for')).toBe('127.0.0.1');
		for (const name of [
			'x-forwarded-host',
			'x-forwarded-proto',
			'x-better-auth-forwarded-host',
			'x-better-auth-forwarded-proto',
			'forwarded',
		]) {
			expect(request.headers.get(name), name).toBeNull();
		}
		const behind = await start({ trustProxy: true });
		await behind.raw('/api/auth/x', { headers: forged });
		const trusted = behind.runner.httpRequests[0]!.request.headers;
		expect(trusted.get('x-forwarded-for')).toBe('203.0.113.10');
		expect(trusted.get('x-better-auth-forwarded-host')).toBeNull();
	});

	test('an action that throws is a 500 that tells nothing', async () => {
		const { raw, runner } = await start();
		runner.respondHttp = () => {
			throw new Error('secret');
		};
		const answer = await raw('/api/auth/x');
		expect(answer.status).toBe(500);
		expect(answer.body).not.toContain('secret');
	});
});

describe('in process', () => {
	test('fetch speaks the same API; whom it is for is an argument, not a header', async () => {
		const { edges, origin, runner } = await start();
		const query = await edges.fetch(
			new Request(`${origin}/api/query`, {
				method: 'POST',
				body: JSON.stringify({ path: 'cells:get', args: [{ cell: 1 }] }),
			}),
		);
		expect(await query.json()).toMatchObject({ status: 'success', value: null });
		const headers = { 'x-forwarded-for': '203.0.113.9' };
		await edges.fetch(new Request(`${origin}/api/auth/x`, { headers }));
		await edges.fetch(new Request(`${origin}/api/auth/x`, { headers }), { ip: '192.0.2.7' });
		const seen = runner.httpRequests.map(({ request }) => request.headers.get('x-forwarded-for'));
		expect(seen).toEqual([null, '192.0.2.7']);
		expect((await edges.fetch(new Request(`${origin}/nothing`))).status).toBe(404);
	});

	test('the server’s numbers are at an address only functions know, never on the network', async () => {
		const path = '/api/embedded/stats/secret-of-this-start';
		const { edges, origin, raw } = await start({
			serverStats: { path, read: () => ({ memoryBytes: 5 }) },
		});
		const answer = await edges.fetchAsFunction(new Request(origin + path));
		expect(await answer.json()).toEqual({ memoryBytes: 5 });
		const guess = await edges.fetchAsFunction(new Request(`${origin}/api/embedded/stats/guess`));
		expect(guess.status).toBe(404);
		expect((await edges.fetch(new Request(origin + path))).status).toBe(404);
		expect((await raw(path)).status).toBe(299);
	});
});
