import { expect } from 'vitest';
import type { Case, Returned } from './backend.ts';

export const systemTableCases: Case[] = [
	{
		name: 'jobs are documents of a system table, and of no other door',
		async run(t) {
			const id = await t.mutation('jobs:schedule', { text: 'later', delayMs: 60_000 });
			const job = await t.query('system:systemGet', { id });
			expect(job).toMatchObject({
				_id: id,
				args: [{ text: 'later' }],
				state: { kind: 'pending' },
				scheduledTime: expect.any(Number),
			});
			expect(job.name).toMatch(/^jobs(\.js)?:work$/);
			expect(await t.query('system:systemTable', { table: '_scheduled_functions' })).toEqual([job]);
			expect(await t.query('system:systemNormalize', { table: '_scheduled_functions', id })).toBe(
				id,
			);
			await expect(
				t.query('system:userTable', { table: '_scheduled_functions' }),
			).rejects.toThrow();
		},
	},
	{
		name: 'system tables are read-only, and apart from the app’s',
		skip: { convexTest: 'convex-test 0.0.60 lets db.get and writes reach system tables' },
		async run(t) {
			const job = await t.mutation('jobs:schedule', { text: 'later', delayMs: 60_000 });
			const item = await t.mutation('docs:insert', { table: 'items', value: {} });
			await expect(t.query('docs:get', { id: job })).rejects.toThrow('db.system');
			await expect(t.query('system:systemGet', { id: item })).rejects.toThrow('db.system');
			await expect(t.mutation('docs:patch', { id: job, value: {} })).rejects.toThrow('read-only');
			await expect(t.mutation('docs:replace', { id: job, value: {} })).rejects.toThrow('read-only');
			await expect(t.mutation('docs:remove', { id: job })).rejects.toThrow('read-only');
			const value = {};
			await expect(
				t.mutation('docs:insert', { table: '_scheduled_functions', value }),
			).rejects.toThrow('read-only');
			await expect(t.query('system:systemTable', { table: 'items' })).rejects.toThrow();
		},
	},
];

export const fileCases: Case[] = [
	{
		name: 'a stored file is read back with its type, and is a document',
		async run(t) {
			const id = await t.action('system:store', { text: 'ünï', type: 'text/x-test' });
			expect(await t.action('system:read', { id })).toEqual({
				text: 'ünï',
				type: 'text/x-test',
				size: 5,
			});
			const [file] = await t.query('system:systemTable', { table: '_storage' });
			expect(file).toMatchObject({ _id: id, size: 5 });
			expect(file.sha256).toBe('6XWlKZTYj8fHvxbFR3ecbQ482VTzvay6MyyIWKX/TVg=');
			expect(await t.query('system:url', { id })).toMatch(/^https?:/);
		},
	},
	{
		name: 'the document of a stored file has its content type',
		skip: { convexTest: 'convex-test 0.0.60 keeps no content type' },
		async run(t) {
			await t.action('system:store', { text: 'a', type: 'text/x-test' });
			await t.action('system:store', { text: 'b' });
			const files = await t.query('system:systemTable', { table: '_storage' });
			expect(files.map(({ contentType }: Returned) => contentType)).toEqual([
				'text/x-test',
				undefined,
			]);
		},
	},
	{
		name: 'a deleted file is gone; a mutation that fails deletes nothing',
		async run(t) {
			const id = await t.action('system:store', { text: 'a' });
			await expect(t.mutation('system:forget', { id, fail: true })).rejects.toThrow();
			expect((await t.action('system:read', { id })).text).toBe('a');
			await t.mutation('system:forget', { id });
			expect(await t.action('system:read', { id })).toBeNull();
			expect(await t.query('system:url', { id })).toBeNull();
			expect(await t.query('system:systemGet', { id })).toBeNull();
			await expect(t.mutation('system:forget', { id })).rejects.toThrow();
		},
	},
];

export const handleCases: Case[] = [
	{
		name: 'handles call what they were made of, internal functions too',
		async run(t) {
			const double = await t.query('system:handleOf', { name: 'system:double' });
			expect(double).toMatch(/^function:\/\//);
			const call = { handle: double, args: { n: 21 }, isQuery: true };
			expect(await t.mutation('system:callHandle', call)).toBe(42);
			const write = await t.query('system:handleOf', { name: 'system:write' });
			await t.mutation('system:callHandle', {
				handle: write,
				args: { text: 'by handle' },
				isQuery: false,
			});
			await t.mutation('system:scheduleHandle', { handle: write, args: { text: 'scheduled' } });
			await t.runScheduled();
			expect(await t.query('nested:marks')).toEqual(['by handle', 'scheduled']);
		},
	},
	{
		name: 'an action calls everything',
		async run(t) {
			expect(await t.action('system:callAll', { text: 'hello' })).toEqual([8, 'hello', ['hello']]);
		},
	},
];

export const httpCases: Case[] = [
	{
		name: 'a request arrives as it was sent, a response as it was made',
		async run(t) {
			const body = new Uint8Array([0, 255, 128]);
			const response = await t.fetch('/echo?q=1', {
				method: 'POST',
				body,
				headers: { 'x-kind': 'bytes' },
			});
			expect(response.status).toBe(201);
			expect(response.headers.get('x-seen')).toBe('POST /echo 1');
			expect(response.headers.get('x-kind')).toBe('bytes');
			expect(new Uint8Array(await response.arrayBuffer())).toEqual(body);
		},
	},
	{
		name: 'exact paths win over prefixes, longer prefixes over shorter ones',
		async run(t) {
			const text = async (path: string) => (await t.fetch(path)).text();
			expect(await text('/under/anything/at/all')).toBe('prefix');
			expect(await text('/under/deeper/x')).toBe('longer prefix');
			expect(await text('/under/exact')).toBe('{"exact":true}');
		},
	},
	{
		name: 'what has no route is not found: another path, another method',
		async run(t) {
			expect((await t.fetch('/nowhere')).status).toBe(404);
			expect((await t.fetch('/echo')).status).toBe(404);
			expect((await t.fetch('/under')).status).toBe(404);
		},
	},
	{
		name: 'an HTTP action writes and reads; an empty answer is empty',
		async run(t) {
			const written = await t.fetch('/write', { method: 'POST', body: 'by http' });
			expect(await written.json()).toEqual(['by http']);
			const empty = await t.fetch('/empty', { method: 'DELETE' });
			expect([empty.status, await empty.text()]).toEqual([204, '']);
		},
	},
];
