import { describe, expect, test } from 'vitest';
import { ADMIN_KEY, asAdmin, foreignProject, post, serve, type Served } from './serveHarness.ts';

interface Case {
	path: string;
	method?: string;
	body?: string;
	headers?: Record<string, string>;
	status: number;
	/** Of a refusal. */
	code?: string;
}

const long = `{"path":"tasks:list","args":{"a":"${'x'.repeat(100)}"`;
const FUNCTIONS = ['/api/query', '/api/mutation', '/api/action', '/api/function'];

const CASES: Case[] = [
	...FUNCTIONS.flatMap((path): Case[] => [
		{ path, method: 'DELETE', headers: asAdmin, status: 405, code: 'MethodNotAllowed' },
		{ path, body: '{', headers: asAdmin, status: 400, code: 'BadJsonBody' },
		{ path, body: long, headers: asAdmin, status: 400, code: 'BadJsonBody' },
		{ path, body: '[]', headers: asAdmin, status: 400, code: 'BadRequest' },
		{ path, body: '{"path":"tasks:none","args":{}}', headers: asAdmin, status: 200 },
		{ path, body: '{"path":"","args":{}}', headers: asAdmin, status: 200 },
		{ path, body: '{"path":"../../x:y","args":{}}', headers: asAdmin, status: 200 },
		{ path, body: '{"path":"tasks:list"}', headers: { authorization: 'Convex x' }, status: 401 },
		{
			path,
			body: '{"path":"tasks:list","args":{}}',
			headers: { ...asAdmin, 'content-type': 'text/plain' },
			status: 200,
		},
	]),
	{ path: '/api/query', status: 400, method: 'GET' },
	{ path: '/api/query?path=tasks%3Alist&args=%7B%7D', method: 'GET', status: 200 },
	{ path: '/api/query?path=tasks%3Alist&args=%7B', method: 'GET', status: 400 },
	{ path: '/api/function', body: '{"path":"tasks:list","args":{}}', status: 403 },
	{ path: '/api/query_at_ts', body: '{"path":"tasks:list","args":{}}', status: 400 },
	{ path: '/api/query_at_ts', body: '{"path":"tasks:list","args":{},"ts":7}', status: 400 },
	{ path: '/api/run/tasks/list', body: '{}', status: 200 },
	{ path: '/api/run/tasks', body: '{}', status: 400 },
	{ path: '/api/run/%E0%A4%A/x', body: '{}', status: 400 },
	{ path: '/api/storage/none', method: 'GET', status: 404 },
	{ path: '/api/storage/upload?token=x', body: 'x', status: 401, code: 'StorageTokenInvalid' },
	{ path: '/api/sync', method: 'GET', status: 426 },
	{ path: '/api/1.48.0/sync', method: 'GET', status: 426 },
	{ path: '/api/debug_event', body: '{}', status: 200 },
	{ path: '/echo', body: 'x', status: 200 },
	{ path: '/', method: 'GET', status: 200 },
	{ path: '/version', method: 'GET', status: 200 },
	{ path: '/instance_name', method: 'GET', status: 200 },
	{ path: '/instance_version', method: 'GET', status: 200 },
	{ path: '/nothing', method: 'GET', status: 404, code: 'NotFound' },
	{ path: '/api/nothing', body: '{}', status: 404, code: 'NotFound' },
	{ path: '/api/%', method: 'GET', status: 404, code: 'NotFound' },
	{ path: '/http/none', method: 'GET', status: 404 },
	{ path: '/api/check_admin_key', method: 'GET', status: 403, code: 'BadDeployKey' },
	{ path: '/api/check_admin_key', method: 'GET', headers: asAdmin, status: 200 },
	{ path: '/api/list_environment_variables', method: 'GET', status: 403, code: 'BadDeployKey' },
	{ path: '/api/v1/list_environment_variables', method: 'GET', headers: asAdmin, status: 200 },
	{ path: '/api/v1/get_canonical_urls', method: 'GET', headers: asAdmin, status: 200 },
	{ path: '/api/stream_function_logs?cursor=0', method: 'GET', status: 403, code: 'BadDeployKey' },
	{ path: '/api/stream_function_logs?cursor=0', method: 'GET', headers: asAdmin, status: 200 },
	{ path: '/api/stream_function_logs?cursor=x', method: 'GET', headers: asAdmin, status: 400 },
	{ path: '/api/update_environment_variables', body: '{}', status: 403, code: 'BadDeployKey' },
	...['{', '{}', '{"changes":{}}', '{"changes":[{"value":"x"}]}'].map((body): Case => ({
		path: '/api/update_environment_variables',
		body,
		headers: asAdmin,
		status: 400,
	})),
];

describe('E3-6 every endpoint has a defined answer', () => {
	test('for each of the table: its status, its code, never a 500 and never a stack', async () => {
		const { url } = await serve(foreignProject());
		for (const { path, method = 'POST', body, headers = {}, status, code } of CASES) {
			const answer = await fetch(url + path, { method, headers, ...(body ? { body } : {}) });
			const text = await answer.text();
			const what = `${method} ${path} ${body?.slice(0, 60) ?? ''}: ${text}`;
			expect(answer.status, what).toBe(status);
			expect(text, what).not.toMatch(/\bat \S+ \(.+:\d+:\d+\)/);
			if (status >= 400 && !path.startsWith('/http/')) {
				expect(JSON.parse(text), what).toEqual({
					code: code ?? (expect.any(String) as string),
					message: expect.any(String) as string,
				});
			}
		}
	});

	test('a cursor that is not ours is InvalidCursor, in _system queries too', async () => {
		const { url } = await serve(foreignProject());
		const args = { table: 'tasks', paginationOpts: { cursor: 'nonsense', numItems: 3 } };
		const body = { path: '_system/cli/tableData', args };
		const answer = (await (await post(`${url}/api/query`, body, asAdmin)).json()) as object;
		expect(answer).toMatchObject({
			status: 'error',
			errorData: { isConvexSystemError: true, paginationError: 'InvalidCursor' },
		});
	});
});

describe('E3-6 the admin key has checks of its own', () => {
	const call = async (served: Served, path: string, authorization?: string) => {
		const headers: Record<string, string> = authorization ? { authorization } : {};
		const answer = await post(`${served.url}/api/query`, { path, args: {} }, headers);
		return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
	};
	const acting = (identity: unknown) =>
		`Convex ${ADMIN_KEY}:${Buffer.from(JSON.stringify(identity)).toString('base64')}`;

	test('only with it there are _system queries; it may act as a user', async () => {
		const served = await serve(foreignProject());
		const tables = '_system/cli/tables';
		expect((await call(served, tables)).body.errorMessage).toContain('Could not find public');
		expect((await call(served, tables, `Convex ${ADMIN_KEY}`)).body.value).toMatchObject({
			page: [{ name: 'tasks' }],
		});
		expect((await call(served, tables)).body.status).toBe('error');
		expect((await call(served, '_system/none', `Convex ${ADMIN_KEY}`)).body).toMatchObject({
			status: 'error',
		});
		const ann = acting({ issuer: 'https://issuer.test', subject: 'ann', name: 'Ann' });
		expect((await call(served, 'tasks:whoAmI', ann)).body.value).toBe('Ann');
		expect((await call(served, 'tasks:whoAmI', `convex ${ADMIN_KEY}`)).body.value).toBeNull();
		expect((await call(served, 'tasks:whoAmI')).body.value).toBeNull();
	});

	test('a wrong one is refused with the code of real deployments, whatever it looks like', async () => {
		const served = await serve(foreignProject());
		const wrong = [
			`${ADMIN_KEY}x`,
			ADMIN_KEY.slice(0, -1),
			ADMIN_KEY.slice('dev:'.length),
			`${ADMIN_KEY}:bm90IGpzb24=`,
			'x',
		];
		for (const key of wrong) {
			const { status, body } = await call(served, 'tasks:list', `Convex ${key}`);
			expect(status, key).toBe(401);
			expect(['BadAdminKey', 'InvalidAuthHeader'], key).toContain(body.code);
			expect(JSON.stringify(body)).not.toContain('0123456789abcdef');
		}
		expect((await call(served, 'tasks:list', `Convex ${wrong[0]}`)).body.code).toBe('BadAdminKey');
	});
});
