import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ConvexClient, ConvexHttpClient } from 'convex/browser';
import { anyApi } from 'convex/server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../storage/helpers.ts';
import { unzip } from './exportSupport.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const TARGET = path.join(ROOT, 'src/tools/targets/convex.ts');
const ADMIN_KEY = 'an-admin-key-of-some-length';
const FUNCTIONS = {
	'schema.ts': `import { defineSchema, defineTable } from 'convex/server';
import { v } from 'convex/values';
export default defineSchema({ notes: defineTable({ text: v.string(), n: v.optional(v.number()) }).index('by_text', ['text']) });
`,
	'notes.ts': `import { mutation, query, action } from './_generated/server';
export const add = mutation({ handler: (ctx, { text }) => ctx.db.insert('notes', { text }) });
export const list = query({ handler: async (ctx) => (await ctx.db.query('notes').collect()).map(({ text }) => text) });
export const find = query({ handler: async (ctx, { text }) => (await ctx.db.query('notes').withIndex('by_text', (q) => q.eq('text', text)).collect()).length });
export const store = action({ handler: (ctx, { text }) => ctx.storage.store(new Blob([text], { type: 'text/plain' })) });
export const urlOf = query({ handler: (ctx, { id }) => ctx.storage.getUrl(id) });
`,
	'_generated/server.js': `export { mutationGeneric as mutation, queryGeneric as query, actionGeneric as action } from 'convex/server';
`,
};

function functionsFolder(): string {
	const project = temporaryFolder();
	symlinkSync(path.join(ROOT, 'node_modules'), path.join(project, 'node_modules'));
	for (const [name, source] of Object.entries(FUNCTIONS)) {
		const file = path.join(project, 'convex', name);
		mkdirSync(path.dirname(file), { recursive: true });
		writeFileSync(file, source);
	}
	return path.join(project, 'convex');
}

interface Ended {
	code: number;
	/** The last line of standard output, parsed. */
	result: Record<string, unknown>;
	/** The last line of standard error, parsed; {} when it is not JSON. */
	failure: Record<string, unknown>;
}

/** One command, to its end. */
function convex(...args: string[]): Promise<Ended> {
	const env = { ...process.env, CONVEX_ADMIN_KEY: ADMIN_KEY };
	return new Promise((resolve) => {
		execFile(process.execPath, [TARGET, ...args], { env }, (error, stdout, stderr) => {
			const parse = (text: string) => {
				try {
					return JSON.parse(text.trim().split('\n').at(-1)!) as Record<string, unknown>;
				} catch {
					return {};
				}
			};
			const code = error ? Number(error.code ?? 1) : 0;
			resolve({ code, result: parse(stdout), failure: parse(stderr) });
		});
	});
}

/** A served deployment; ended by signal, as an operator would. */
async function serve(
	data: string,
	functions: string,
): Promise<{ url: string; stop(): Promise<void> }> {
	const child = spawn(
		process.execPath,
		[TARGET, 'serve', '--functions', functions, '--data', data, '--port', '0'],
		{
			env: { ...process.env, CONVEX_ADMIN_KEY: ADMIN_KEY },
			stdio: ['ignore', 'pipe', 'pipe'],
		},
	);
	const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
	onTestFinished(() => void child.kill('SIGKILL'));
	let errors = '';
	child.stderr.on('data', (chunk) => (errors += String(chunk)));
	for await (const line of createInterface({ input: child.stdout })) {
		const { url } = JSON.parse(line) as { url: string };
		return {
			url,
			async stop() {
				child.kill('SIGTERM');
				await ended;
			},
		};
	}
	throw new Error(errors);
}

const texts = (url: string) => new ConvexHttpClient(url).query(anyApi.notes!.list!, {});

describe('E3-6 commands', () => {
	test('E3-6 a served deployment is exported, imported elsewhere, backed up and restored', async () => {
		const functions = functionsFolder();
		const [data, otherData, thirdData, out] = Array.from({ length: 4 }, temporaryFolder) as [
			string,
			string,
			string,
			string,
		];
		const first = await serve(data, functions);
		const client = new ConvexHttpClient(first.url);
		await client.mutation(anyApi.notes!.add!, { text: 'one' });
		const fileId = (await client.action(anyApi.notes!.store!, { text: 'bytes' })) as string;

		const online = path.join(out, 'online.zip');
		const offline = path.join(out, 'offline.zip');
		expect(
			await convex('export', '--url', first.url, '--path', online, '--include-file-storage'),
		).toMatchObject({ code: 0, result: { status: 'done', path: online } });
		// Another process, while the server runs.
		await convex('export', '--data', data, '--path', offline, '--include-file-storage');
		expect(readFileSync(offline).equals(readFileSync(online))).toBe(true);
		expect(Object.keys(await unzip(online))).toContain(`_storage/${fileId}.txt`);
		const backup = path.join(out, 'backup.zip');
		expect(await convex('backup', '--url', first.url, '--to', backup)).toMatchObject({
			code: 0,
			result: { note: expect.stringContaining('keys/') as string },
		});
		expect(await convex('check', '--data', data)).toMatchObject({ code: 0, result: { ok: true } });
		await first.stop();

		const second = await serve(otherData, functions);
		const live = new ConvexClient(second.url);
		onTestFinished(() => live.close());
		const seen: unknown[] = [];
		live.onUpdate(anyApi.notes!.list!, {}, (found) => seen.push(found));
		await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toEqual([]);
		expect(await convex('import', online, '--url', second.url)).toMatchObject({
			code: 0,
			result: { documents: 1, files: 1, written: { notes: 1, _storage: 1 } },
		});
		// A live query of before the import.
		await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toEqual(['one']);
		const copy = new ConvexHttpClient(second.url);
		expect(await copy.query(anyApi.notes!.find!, { text: 'one' })).toBe(1);
		const address = (await copy.query(anyApi.notes!.urlOf!, { id: fileId })) as string;
		expect(await (await fetch(address)).text()).toBe('bytes');
		expect(await convex('import', online, '--url', second.url)).toMatchObject({
			code: 1,
			failure: { code: 'TableNotEmpty' },
		});
		await copy.mutation(anyApi.notes!.add!, { text: 'two' });
		expect(await texts(second.url)).toEqual(['one', 'two']);
		expect(await convex('restore', '--data', otherData, '--from', backup, '--force')).toMatchObject(
			{
				code: 1,
				failure: { code: 'StoreInUse' },
			},
		);
		expect(await convex('import', online, '--data', otherData)).toMatchObject({
			code: 1,
			failure: { code: 'StoreInUse' },
		});
		await second.stop();

		expect(await convex('restore', '--data', thirdData, '--from', backup)).toMatchObject({
			code: 0,
		});
		const third = await serve(thirdData, functions);
		expect(await texts(third.url)).toEqual(['one']);
		await third.stop();
	}, 120_000);

	test('E3-6 strangers are refused, and so is what cannot be meant', async () => {
		const served = await serve(temporaryFolder(), functionsFolder());
		for (const operation of ['export', 'backup', 'import']) {
			const response = await fetch(`${served.url}/api/operate/${operation}`, { method: 'POST' });
			expect(response.status).toBe(403);
		}
		expect(await convex('export', '--path', 'x')).toMatchObject({ failure: { code: 'BadUsage' } });
		expect(await convex('check', '--data', temporaryFolder())).toMatchObject({
			code: 1,
			failure: { code: 'NoSuchStore' },
		});
		expect(await convex('import', 'nowhere.zip', '--url', served.url)).toMatchObject({
			failure: { code: 'NoSuchFile' },
		});
		const odd = path.join(temporaryFolder(), 'notes.jsonl');
		writeFileSync(odd, '{"text":"fits"}\n{"text":3}\n');
		expect(await convex('import', odd, '--table', 'notes', '--url', served.url)).toMatchObject({
			code: 1,
			failure: { code: 'SchemaMismatch' },
		});
		expect(await texts(served.url)).toEqual([]);
		await served.stop();
	}, 60_000);
});
