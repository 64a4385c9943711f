import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
	api,
	convexCommand,
	eventually,
	foreignProject,
	httpClient,
	officialCli,
	serve,
	socketClient,
	type Running,
} from './serveHarness.ts';

/** Standard output of a command that must succeed. */
async function output(running: Running): Promise<string> {
	expect(await running.ended, running.stderr()).toBe(0);
	return running.stdout().trim();
}

test('E3-6 the official CLI runs public and internal functions, as an administrator and as a user', async () => {
	const project = foreignProject();
	const { url } = await serve(project);
	const run = (...args: string[]) => output(officialCli(project, url, ['run', ...args]));
	await run('tasks:add', '{"text":"from the CLI"}');
	expect(JSON.parse(await run('tasks:list'))).toEqual(['from the CLI']);
	expect(JSON.parse(await run('backend/tasks.ts:list'))).toEqual(['from the CLI']);
	expect(await run('tasks:addElsewhere')).toMatch(/^"[a-z0-9]{31,}"$/);
	expect(await run('tasks:whoAmI')).toBe('');
	expect(await run('tasks:whoAmI', '{}', '--identity', '{"name":"Ann"}')).toBe('"Ann"');
	const failing = officialCli(project, url, ['run', 'tasks:fail']);
	expect(await failing.ended).toBe(1);
	expect(failing.stderr()).toContain('Uncaught Error: a secret reason');
	const missing = officialCli(project, url, ['run', 'tasks:none']);
	expect(await missing.ended).toBe(1);
	expect(missing.stderr()).toContain('tasks:addElsewhere');
});

test('E3-6 the official CLI lists tables and prints documents', async () => {
	const project = foreignProject();
	const { url } = await serve(project);
	const data = (...args: string[]) => output(officialCli(project, url, ['data', ...args]));
	expect(await data()).toBe('tasks');
	// The list was asked for before: a table made meanwhile must appear in it.
	await output(officialCli(project, url, ['run', 'tasks:addElsewhere']));
	expect(await data()).toBe('others\ntasks');
	for (let n = 0; n < 3; n++) await httpClient(url).mutation(api.tasks.add, { text: `#${n}` });
	const newest = await data('tasks', '--limit', '2', '--format', 'jsonLines');
	expect(newest.split('\n').map((line) => (JSON.parse(line) as { text: string }).text)).toEqual([
		'#2',
		'#1',
	]);
	expect(await data('tasks', '--order', 'asc', '--limit', '1')).toContain('"#0"');
	const empty = officialCli(project, url, ['data', '_storage']);
	await empty.ended;
	expect(empty.stderr()).toContain('There are no documents in this table.');
});

test('E3-6 variables change while it runs: functions and live queries follow, a restart keeps them', async () => {
	const project = foreignProject();
	const envFile = path.join(project.folder, 'first.env');
	writeFileSync(envFile, 'NAME=Ann\nOTHER=1\n');
	const flags = ['--env-file', envFile];
	const served = await serve(project, flags);
	const { url } = served;
	const env = (...args: string[]) => output(officialCli(project, url, ['env', ...args]));
	const seen: unknown[] = [];
	const live = socketClient(url);
	live.onUpdate(api.tasks.greeting, {}, (value: unknown) => void seen.push(value));
	await eventually(() => expect(seen).toEqual(['Hi Ann']));
	await env('set', 'NAME', 'Bob');
	await eventually(() => expect(seen.at(-1)).toBe('Hi Bob'));
	expect(await httpClient(url).query(api.tasks.greeting, {})).toBe('Hi Bob');
	expect(await env('get', 'NAME')).toBe('Bob');
	await env('remove', 'OTHER');
	await env('set', 'KEPT', 'a "b" c');
	expect((await env('list', '--include-values')).split('\n')).toEqual(['KEPT=a "b" c', 'NAME=Bob']);
	const refused = officialCli(project, url, ['env', 'set', 'CONVEX_SITE_URL', 'x']);
	expect(await refused.ended).not.toBe(0);
	expect(refused.stderr()).toContain('EnvVarNameForbidden');
	served.child.kill('SIGTERM');
	await served.ended;
	// The file's values are written again; what it does not name stays as it was set.
	const again = await serve(project, flags);
	expect(await httpClient(again.url).query(api.tasks.greeting, {})).toBe('Hi Ann');
	expect(await output(officialCli(project, again.url, ['env', 'get', 'KEPT']))).toBe('a "b" c');
});

test('E3-6 what env set has changed survives a function that never ends', async () => {
	const project = foreignProject();
	const envFile = path.join(project.folder, 'first.env');
	writeFileSync(envFile, 'NAME=Ann\n');
	const served = await serve(project, ['--env-file', envFile]);
	await output(officialCli(project, served.url, ['env', 'set', 'NAME', 'Bob']));
	await expect(httpClient(served.url).query(api.tasks.neverEnds, {})).rejects.toThrow();
	await eventually(() => expect(served.stderr()).toContain('"event":"engine.replaced"'));
	expect(await httpClient(served.url).query(api.tasks.greeting, {})).toBe('Hi Bob');
});

test('E3-6 a variable the functions cannot do without is not removed', async () => {
	const project = foreignProject();
	writeFileSync(
		path.join(project.folder, 'backend/auth.config.ts'),
		`if (!process.env.NAME) throw new Error('NAME is needed');
		export default { providers: [] };`,
	);
	const envFile = path.join(project.folder, 'first.env');
	writeFileSync(envFile, 'NAME=Ann\n');
	const { url } = await serve(project, ['--env-file', envFile]);
	const removing = officialCli(project, url, ['env', 'remove', 'NAME']);
	expect(await removing.ended).not.toBe(0);
	expect(removing.stderr()).toContain('NAME is needed');
	expect(await httpClient(url).query(api.tasks.greeting, {})).toBe('Hi Ann');
	expect(await output(officialCli(project, url, ['env', 'get', 'NAME']))).toBe('Ann');
});

test('E3-6 the official CLI follows executions: lines, errors, successes, HTTP actions', async () => {
	const project = foreignProject();
	const { url, siteUrl } = await serve(project);
	await httpClient(url).mutation(api.tasks.add, { text: 'before' });
	const flags = ['logs', '--success', '--history', '10'];
	const logs = officialCli(project, url, flags);
	await eventually(() => expect(logs.stdout()).toContain("'adding' 'before'"));
	await httpClient(url).mutation(api.tasks.add, { text: 'live' });
	await httpClient(url)
		.query(api.tasks.fail, {})
		.catch(() => {});
	await fetch(`${siteUrl}/hello`);
	await eventually(() => {
		expect(logs.stdout()).toContain("M(tasks:add)] [LOG] 'adding' 'live'");
		expect(logs.stdout()).toMatch(/M\(tasks:add\)\] Function executed in \d+ ms/);
		expect(logs.stdout()).toContain('Q(tasks:fail)] Uncaught Error: a secret reason');
		expect(logs.stdout()).toContain('H(GET /hello)] Function executed');
	});
});

test('E3-6 npm run convex -- run|data|env|logs are the same by way of URL and key', async () => {
	const project = foreignProject();
	const { url } = await serve(project);
	const ours = (...args: string[]) => convexCommand(args, { CONVEX_URL: url });
	await output(ours('run', 'tasks:add', '{"text":"x"}'));
	expect(JSON.parse(await output(ours('run', 'tasks:list')))).toEqual(['x']);
	expect(await output(ours('data'))).toBe('tasks');
	await output(ours('env', 'set', 'NAME', 'Eve'));
	expect(await output(ours('env', 'get', 'NAME'))).toBe('Eve');
	const logs = ours('logs', '--history', '10');
	await eventually(() => expect(logs.stdout()).toContain("'adding' 'x'"));
	const wrong = convexCommand(['data', '--url', url], { CONVEX_ADMIN_KEY: 'guess' });
	expect(await wrong.ended).toBe(1);
	expect(JSON.parse(wrong.stderr())).toMatchObject({ code: 'BadAdminKey' });
	const nobody = convexCommand(['data', '--url', 'http://127.0.0.1:9']);
	expect(await nobody.ended).toBe(1);
	expect(JSON.parse(nobody.stderr())).toMatchObject({ code: 'Unreachable' });
	expect(await output(convexCommand(['help']))).toContain('serve');
	expect(await output(convexCommand(['data', '--help']))).toContain('usage: npm run convex');
});
