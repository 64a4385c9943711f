import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
	api,
	convexCommand,
	eventually,
	foreignProject,
	httpClient,
	post,
	serve,
	socketClient,
	whenDone,
} from './serveHarness.ts';

test('E3-6 serve runs a foreign project and prints exactly one line of JSON', async () => {
	const project = foreignProject();
	const envFile = path.join(project.folder, '.env.convex');
	writeFileSync(envFile, 'NAME="Ann Lee"\nCONVEX_SITE_URL=http://wrong.test\n');
	const served = await serve(project, ['--site-port', '0', '--env-file', envFile]);
	expect(served.ready).toMatchObject({ status: 'ready', functions: 11, components: [''] });
	const client = httpClient(served.url);
	expect(await client.query(api.tasks.greeting, {})).toBe('Hi Ann Lee');
	expect(await client.query(api.tasks.addresses, {})).toEqual({
		cloud: served.url,
		site: served.siteUrl,
	});
	const live = socketClient(served.url);
	const seen: unknown[] = [];
	live.onUpdate(api.tasks.list, {}, (value: unknown) => void seen.push(value));
	await eventually(() => expect(seen).toEqual([[]]));
	await client.mutation(api.tasks.add, { text: 'one' });
	await eventually(() => expect(seen.at(-1)).toEqual(['one']));
	expect(served.stdout().match(/\n/g)).toHaveLength(1);
	for (const line of served.stderr().trim().split('\n')) JSON.parse(line);
});

test('E3-6 on the site port every path is an HTTP action; the main port has them below /http/', async () => {
	const served = await serve(foreignProject());
	const text = async (url: string, init?: RequestInit) => (await fetch(url, init)).text();
	expect(await text(`${served.siteUrl}/hello`)).toBe('hello');
	expect(await text(`${served.siteUrl}/api/query`, { method: 'POST', body: 'x' })).toBe('echo x');
	expect(await text(`${served.url}/http/hello`)).toBe('hello');
	const missing = await fetch(`${served.siteUrl}/version`);
	expect([missing.status, await missing.text()]).toEqual([404, 'No matching routes found']);
	expect((await fetch(`${served.url}/hello`)).status).toBe(404);
	const client = httpClient(served.url);
	expect(await client.action(api.tasks.fetchOwnSite, {})).toBe('hello');
});

test('E3-6 without a site port CONVEX_SITE_URL is /http of the main port', async () => {
	const served = await serve(foreignProject(), []);
	expect(served.siteUrl).toBe(`${served.url}/http`);
	expect(await (await fetch(`${served.siteUrl}/hello`)).text()).toBe('hello');
	expect(await httpClient(served.url).action(api.tasks.fetchOwnSite, {})).toBe('hello');
});

test('E3-6 fetch of actions reaches this machine, unless egress is guarded', async () => {
	const neighbour = createServer((_request, response) => response.end('neighbour'));
	await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
	whenDone(() => neighbour.close());
	const url = `http://127.0.0.1:${(neighbour.address() as AddressInfo).port}/`;
	const open = await serve(foreignProject());
	expect(await httpClient(open.url).action(api.tasks.fetchText, { url })).toBe('200 neighbour');
	const guarded = await serve(foreignProject(), ['--guard-egress']);
	await expect(httpClient(guarded.url).action(api.tasks.fetchText, { url })).rejects.toThrow(
		'is a private address',
	);
});

test('E3-6 clients see what failed, unless it is production', async () => {
	const development = httpClient((await serve(foreignProject())).url);
	await expect(development.query(api.tasks.fail, {})).rejects.toThrow('a secret reason');
	const production = httpClient((await serve(foreignProject(), ['--production'])).url);
	const error = await production.query(api.tasks.fail, {}).catch((reason: Error) => reason);
	expect(error.message).toContain('Server Error');
	expect(error.message).not.toContain('a secret reason');
	await expect(production.mutation(api.tasks.refuse, {})).rejects.toMatchObject({
		data: { code: 'REFUSED' },
	});
});

test('E3-6 a signal ends it with 0, and the next start has the data', async () => {
	const project = foreignProject();
	for (const [round, signal] of (['SIGTERM', 'SIGINT'] as const).entries()) {
		const served = await serve(project);
		await httpClient(served.url).mutation(api.tasks.add, { text: signal });
		expect(await httpClient(served.url).query(api.tasks.list, {})).toHaveLength(round + 1);
		// A socket and a waiting poll must not hold it up.
		const live = socketClient(served.url);
		await live.query(api.tasks.list, {});
		served.child.kill(signal);
		expect(await served.ended).toBe(0);
	}
});

test('E3-6 --watch loads changed functions; sockets stay', async () => {
	const project = foreignProject();
	const served = await serve(project, ['--watch']);
	const seen: unknown[] = [];
	const live = socketClient(served.url);
	live.onUpdate(api.tasks.greeting, {}, (value: unknown) => void seen.push(value));
	await eventually(() => expect(seen).toEqual(['Hi nobody']));
	writeFileSync(
		path.join(project.folder, 'backend/tasks.ts'),
		`import { queryGeneric as query } from 'convex/server';
		export const greeting = query({ args: {}, handler: async () => 'changed' });`,
	);
	await eventually(() => expect(seen.at(-1)).toBe('changed'));
});

test('E3-6 a start that fails says so in one line and ends with 1', async () => {
	const project = foreignProject();
	const failing = async (args: string[], env: Record<string, string> = {}) => {
		const running = convexCommand(['serve', ...args], env);
		expect(await running.ended).toBe(1);
		expect(running.stdout()).toBe('');
		const last = running.stderr().trim().split('\n').at(-1)!;
		return JSON.parse(last) as { code: string; message: string };
	};
	const flags = ['--functions', project.folder, '--port', '0', '--data'];
	expect(await failing(['--nonsense'])).toMatchObject({ code: 'BadUsage' });
	expect(await failing(['--functions', project.folder])).toMatchObject({ code: 'BadUsage' });
	expect(await failing(['--functions', `${project.folder}/none`, '--data', 'x'])).toMatchObject({
		code: 'NoFunctions',
	});
	expect(await failing([...flags, project.dataDir, '--port', 'x'])).toMatchObject({
		code: 'BadUsage',
	});
	expect(
		await failing([...flags, project.dataDir, '--production'], { CONVEX_ADMIN_KEY: 'short' }),
	).toMatchObject({ code: 'AdminKeyTooShort' });
	const served = await serve(project);
	expect(await failing([...flags, project.dataDir])).toMatchObject({ code: 'StoreInUse' });
	const taken = new URL(served.url).port;
	const other = path.join(project.folder, 'other');
	expect(await failing([...flags, other, '--port', taken])).toMatchObject({ code: 'PORT_TAKEN' });
	rmSync(path.join(project.folder, 'node_modules/greeting'), { recursive: true });
	expect(await failing([...flags, other])).toMatchObject({
		message: expect.stringContaining('greeting') as string,
	});
});

test('E3-6 without an admin key nobody is an administrator', async () => {
	const served = await serve(foreignProject(), [], { CONVEX_ADMIN_KEY: '' });
	for (const key of ['', 'x', 'undefined']) {
		const answer = await post(
			`${served.url}/api/function`,
			{ path: 'tasks:addElsewhere', args: {} },
			key === '' ? {} : { authorization: `Convex ${key}` },
		);
		expect(answer.status).toBe(key === '' ? 403 : 401);
	}
});
