import { afterEach, describe, expect, test } from 'vitest';
import { edgesHarness, type EdgesHarness } from './edgesHarness.ts';
import { claims, customJwt, dataUrl, jwksOf, makeKey } from './tokens.ts';

const open: EdgesHarness[] = [];
const start = async (given: Parameters<typeof edgesHarness>[0] = {}) => {
	const harness = await edgesHarness(given);
	open.push(harness);
	return harness;
};
afterEach(async () => {
	await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const ADMIN_KEY = 'an admin key of the tests'.replaceAll(' ', '-');
const call = (path: string, args: unknown = {}, more: object = {}) => ({
	path,
	args: [args],
	format: 'convex_encoded_json',
	...more,
});

describe('function endpoints', () => {
	test('query, mutation, action, function and run answer like a real deployment', async () => {
		const { post, runner } = await start({ adminKey: ADMIN_KEY });
		const asAdmin = { authorization: `Convex ${ADMIN_KEY}` };
		const json = async (path: string, body: unknown) => {
			const headers = path === '/api/function' ? asAdmin : {};
			return (await post(path, body, headers)).json();
		};
		expect(await json('/api/mutation', call('cells:set', { cell: 1, value: 7 }))).toEqual({
			status: 'success',
			value: 7,
			logLines: [],
		});
		expect(await json('/api/query', call('cells:get', { cell: 1 }))).toMatchObject({ value: 7 });
		expect(await json('/api/query', { path: 'cells:get', args: { cell: 1 } })).toMatchObject({
			value: 7,
		});
		expect(await json('/api/action', call('act:echo', { a: 1 }))).toMatchObject({
			value: { a: 1 },
		});
		expect(
			await json('/api/function', { path: 'cells:set', args: { cell: 2, value: 1 } }),
		).toMatchObject({
			value: 1,
		});
		expect(await json('/api/run/act/echo', { args: { b: 2 } })).toMatchObject({ value: { b: 2 } });
		expect(runner.cells.get(2)).toBe(1);
		const refused = await post('/api/function', { path: 'cells:set', args: { cell: 3, value: 1 } });
		expect(refused.status).toBe(403);
		expect(await refused.json()).toMatchObject({ code: 'BadDeployKey' });
		expect(runner.cells.has(3)).toBe(false);
	});

	test('a failing function is status 200 with the error, data only when there is some', async () => {
		const { post } = await start();
		const query = await post('/api/query', call('boom:boom'));
		expect(query.status).toBe(200);
		expect(await query.json()).toEqual({
			status: 'error',
			errorMessage: 'Server Error',
			errorData: { reason: 'boom' },
			logLines: [],
		});
		const mutation = await post('/api/mutation', call('boom:boom'));
		expect(await mutation.json()).toEqual({
			status: 'error',
			errorMessage: 'Server Error',
			logLines: [],
		});
	});

	test('GET /api/query, plain format, query_ts and query_at_ts', async () => {
		const { post, origin, runner } = await start();
		runner.write(1, { big: { $integer: 'BQAAAAAAAAA=' }, nan: { $float: 'AAAAAAAA+H8=' } });
		const params = new URLSearchParams({ path: 'cells:get', args: '{"cell":1}', format: 'json' });
		const plain = await fetch(`${origin}/api/query?${params}`);
		expect(await plain.json()).toMatchObject({ value: { big: '5', nan: 'NaN' } });
		const { ts } = (await (await post('/api/query_ts', '')).json()) as { ts: string };
		const at = await post('/api/query_at_ts', call('cells:get', { cell: 1 }, { ts }));
		expect(await at.json()).toMatchObject({ status: 'success' });
		for (const bad of [undefined, 'x', '/////////38=']) {
			const answer = await post('/api/query_at_ts', call('cells:get', { cell: 1 }, { ts: bad }));
			expect(answer.status).toBe(400);
		}
	});

	test('bad requests have defined answers, never a 500 and never a stack', async () => {
		const { post, raw } = await start({ adminKey: ADMIN_KEY });
		const asAdmin = { authorization: `Convex ${ADMIN_KEY}` };
		const deep = '['.repeat(5_000) + ']'.repeat(5_000);
		const bodies: unknown[] = [
			'{',
			'',
			'null',
			'[]',
			'"x"',
			{},
			{ path: 1 },
			{ path: 'a:b', args: 1 },
			{ path: 'a:b', args: [1] },
			{ path: 'a:b', args: [{}, {}] },
			{ path: 'a:b', args: {}, format: 'xml' },
			`{"path":"a:b","args":[{"a":${deep}}]}`,
		];
		for (const body of bodies) {
			for (const path of ['/api/query', '/api/mutation', '/api/action', '/api/function']) {
				const answer = await post(path, body, path === '/api/function' ? asAdmin : {});
				const text = await answer.text();
				expect(answer.status, `${path} ${JSON.stringify(body).slice(0, 60)}`).toBe(400);
				expect(JSON.parse(text)).toEqual({
					code: expect.stringMatching(/^Bad/) as string,
					message: expect.any(String) as string,
				});
				expect(text).not.toMatch(/\bat .+:\d+/);
			}
		}
		expect((await raw('/api/mutation')).status).toBe(405);
		expect((await raw('/api/query', { method: 'DELETE' })).status).toBe(405);
		expect((await raw('/api/query')).status).toBe(400);
		expect((await raw('/api/run/%E0%A4%A', { method: 'POST' })).status).toBe(400);
		expect((await raw('/api/run/one', { method: 'POST' })).status).toBe(400);
		expect((await raw('/api/1.2.3/sync')).status).toBe(426);
		expect((await raw('/api/storage/none')).status).toBe(404);
	});

	test('an engine that fails is a 500 that tells nothing; the log has it', async () => {
		const { post, runner, logged } = await start();
		runner.beforeQuery = () => Promise.reject(new Error('disk /data is gone'));
		const answer = await post('/api/query', call('cells:get'));
		expect(answer.status).toBe(500);
		expect(await answer.text()).not.toContain('/data');
		expect(logged.join()).toContain('disk /data is gone');
	});

	test('repeated queries are answered from shared results', async () => {
		const { post, runner } = await start();
		for (let n = 0; n < 5; n++)
			await (await post('/api/query', call('cells:get', { cell: 1 }))).text();
		expect(runner.evaluated).toHaveLength(1);
	});

	test('SEC-63 a body over the limit is refused, declared or not', async () => {
		const { post, raw, runner } = await start({ maxBodyBytes: 1_000 });
		const declared = await raw('/api/mutation', {
			method: 'POST',
			headers: { 'content-length': '100000000' },
			body: 'x',
		});
		expect(declared.status).toBe(413);
		let sent = 0;
		function* endless() {
			for (; sent < 50_000_000; sent += 1_000) yield Buffer.alloc(1_000, 97);
		}
		const chunked = await raw('/api/mutation', { method: 'POST', body: endless() });
		expect(chunked.status).toBe(413);
		expect(sent).toBeLessThan(10_000_000);
		const action = await raw('/api/auth/x', { method: 'POST', body: 'x'.repeat(2_000) });
		expect(action.status).toBe(413);
		expect(runner.httpRequests).toEqual([]);
		const good = await post('/api/mutation', call('cells:set', { cell: 1, value: 1 }));
		expect(good.status).toBe(200);
	});
});

describe('credentials', () => {
	test('a token is verified, a bad one is 401 before anything runs', async () => {
		const { post, runner } = await start();
		const key = await makeKey('k1');
		runner.providers = [customJwt(dataUrl(jwksOf(key)))];
		const token = await key.sign(claims(Date.now(), { name: 'Ann' }));
		const good = await post('/api/query', call('me:name'), { authorization: `Bearer ${token}` });
		expect(await good.json()).toMatchObject({ value: 'Ann' });
		const before = runner.evaluated.length;
		for (const authorization of ['Bearer x.y.z', 'Bearer', 'Basic abc', 'Convex guess']) {
			const bad = await post('/api/query', call('me:name'), { authorization });
			expect(bad.status, authorization).toBe(401);
			expect(await bad.json()).toHaveProperty('code');
		}
		expect(runner.evaluated).toHaveLength(before);
		expect(await (await post('/api/query', call('me:name'))).json()).toMatchObject({ value: null });
	});

	test('keys of the deployment itself are read in process', async () => {
		const harness = await start();
		const key = await makeKey('k1', 'RS256');
		const { runner, origin, post } = harness;
		runner.providers = [customJwt(`${origin}/api/auth/convex/jwks`, 'RS256')];
		runner.respondHttp = () => Response.json(jwksOf(key));
		const token = await key.sign(claims(Date.now(), { name: 'Ann' }));
		const answer = await post('/api/query', call('me:name'), { authorization: `Bearer ${token}` });
		expect(await answer.json()).toMatchObject({ value: 'Ann' });
		expect(new URL(runner.httpRequests[0]!.request.url).pathname).toBe('/api/auth/convex/jwks');
	});
});

describe('origins', () => {
	const page = 'https://page.test';

	test('CORS mirrors the origin for the API and leaves HTTP actions to the app', async () => {
		const { post, raw } = await start();
		const answer = await post('/api/query', call('cells:get'), { origin: page });
		expect(answer.headers.get('access-control-allow-origin')).toBe(page);
		const refused = await post('/api/query', '{', { origin: page });
		expect(refused.headers.get('access-control-allow-origin')).toBe(page);
		const preflight = await raw('/api/mutation', {
			method: 'OPTIONS',
			headers: { origin: page, 'access-control-request-headers': 'authorization,content-type' },
		});
		expect(preflight.status).toBe(204);
		expect(preflight.headers).toMatchObject({
			'access-control-allow-origin': page,
			'access-control-allow-credentials': 'true',
			'access-control-allow-headers': 'authorization,content-type',
			'access-control-max-age': '86400',
		});
		const action = await raw('/api/auth/x', { headers: { origin: page } });
		expect(action.headers['access-control-allow-origin']).toBeUndefined();
	});

	test('with a list, other pages get no permission', async () => {
		const { post, raw, origin } = await start({ allowedOrigins: ['https://friend.test'] });
		const allow = async (from: string) =>
			(await post('/api/query', call('cells:get'), { origin: from })).headers.get(
				'access-control-allow-origin',
			);
		expect(await allow(page)).toBeNull();
		expect(await allow('null')).toBeNull();
		expect(await allow('https://friend.test')).toBe('https://friend.test');
		expect(await allow(origin)).toBe(origin);
		const preflight = await raw('/api/query', { method: 'OPTIONS', headers: { origin: page } });
		expect(preflight.status).toBe(403);
	});
});
