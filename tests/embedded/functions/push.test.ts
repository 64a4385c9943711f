import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasUseNode } from '../../../src/lib/server/embedded/bundles/entryPoints.ts';
import { openRunner, valueOf, type Opened } from './support.ts';

/** Inside node_modules, so that `convex/server` resolves as in a project. */
const BASE = path.join(import.meta.dirname, '..', '..', '..', 'node_modules', '.embedded-push-');

let folder: string;
let app: Opened | null = null;
beforeEach(() => {
	folder = mkdtempSync(BASE);
});
afterEach(async () => {
	await app?.close();
	app = null;
	rmSync(folder, { recursive: true, force: true });
});

const IMPORTS = `import { mutationGeneric as mutation, queryGeneric as query, actionGeneric as action } from 'convex/server';
import { v } from 'convex/values';\n`;

function write(files: Record<string, string>): void {
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
		writeFileSync(path.join(folder, name), text);
	}
}
const start = async () => (app = await openRunner('', { folder }));
const said = (version: string) =>
	`${IMPORTS}export const say = query({ args: {}, handler: async () => '${version}' });`;

describe('a push that fails', () => {
	const cases: [why: string, files: Record<string, string>, code: string, words: RegExp][] = [
		[
			'a syntax error',
			{ 'a.ts': 'export const x = ;' },
			'BundleFailed',
			/^a\.ts: Unexpected ";" \(a\.ts:1:18\)/,
		],
		[
			'a missing file',
			{ 'a.ts': `import './nothing.ts';` },
			'BundleFailed',
			/Could not resolve "\.\/nothing\.ts"/,
		],
		[
			'a Node built-in in the default runtime',
			{ 'a.ts': 'export const x = 1;', 'b/c.ts': `import fs from 'node:fs'; export const x = fs;` },
			'NodeBuiltinWithoutUseNode',
			/^b\/c\.ts: It imports "node:fs".*"use node"/,
		],
		[
			'a Node built-in reached through another file',
			{
				'lib.util.ts': `export { join } from 'path';`,
				'a.ts': `export { join } from './lib.util';`,
			},
			'NodeBuiltinWithoutUseNode',
			/^a\.ts: It reaches lib\.util\.ts, which imports "path"/,
		],
		[
			'a query in a "use node" file',
			{ 'a.ts': `'use node';\n${said('x')}` },
			'InvalidFunction',
			/^a: `say` is a query\. Only actions/,
		],
		[
			'"use node" in http.ts',
			{ 'http.ts': `'use node';\nexport default 1;` },
			'UseNodeNotAllowed',
			/^http\.ts/,
		],
		[
			'two files of one module',
			{ 'a.ts': said('x'), 'a.js': 'export const x = 1;' },
			'DuplicateModule',
			/^a\.ts/,
		],
		['a name Convex refuses', { 'some-file.ts': said('x') }, 'InvalidModulePath', /"some-file"/],
		[
			'an error while loading',
			{ 'a.ts': `export const x = null.y;` },
			'ImportFailed',
			/^a: .*TypeError/,
		],
		[
			'arguments that are no object',
			{ 'a.ts': `${IMPORTS}export const f = query({ args: v.string(), handler: async () => 1 });` },
			'InvalidFunction',
			/args/,
		],
		[
			'a schema that is none',
			{ 'schema.ts': `export default {};` },
			'InvalidSchema',
			/defineSchema/,
		],
		[
			'a router that is none',
			{ 'http.ts': `export default {};` },
			'InvalidHttpRouter',
			/httpRouter/,
		],
		[
			'a cron of a function that does not exist',
			{
				'crons.ts': `import { cronJobs, makeFunctionReference } from 'convex/server';
					const crons = cronJobs(); crons.interval('tick', { seconds: 5 }, makeFunctionReference('a:nothing'));
					export default crons;`,
			},
			'InvalidCrons',
			/"tick" runs a:nothing, which does not exist/,
		],
		[
			'a cron expression that is none',
			{
				'a.ts': `${IMPORTS}export const m = mutation({ args: {}, handler: async () => null });`,
				'crons.ts': `import { cronJobs, makeFunctionReference } from 'convex/server';
					const crons = cronJobs(); crons.cron('tick', '61 * * * *', makeFunctionReference('a:m'));
					export default crons;`,
			},
			'InvalidCrons',
			/"tick"/,
		],
		[
			'a component that is none',
			{ 'convex.config.ts': 'export default 5;' },
			'InvalidComponent',
			/defineApp/,
		],
	];

	it.each(cases)('names the file and the reason: %s', async (_why, files, code, words) => {
		write(files);
		await expect(start()).rejects.toMatchObject({
			name: 'PushError',
			code,
			message: expect.stringMatching(words),
		});
	});

	it('leaves the version before serving, and its data alone', async () => {
		write({ 'a.ts': said('one') });
		const { runner } = await start();
		const before = runner.version();
		let pushes = 0;
		runner.onPush(() => pushes++);
		write({ 'a.ts': 'export const x = ;' });
		await expect(runner.push()).rejects.toMatchObject({ code: 'BundleFailed', file: 'a.ts' });
		expect(await app!.value('a:say')).toBe('one');
		expect(runner.version()).toBe(before);
		expect(pushes).toBe(0);
	});

	it('refuses a schema that existing documents violate', async () => {
		const schema = (type: string) =>
			`import { defineSchema, defineTable } from 'convex/server'; import { v } from 'convex/values';
			export default defineSchema({ things: defineTable({ size: ${type} }) });`;
		const add = `${IMPORTS}export const add = mutation({ args: { size: v.any() }, handler: (ctx, { size }) => ctx.db.insert('things', { size }) });`;
		write({ 'a.ts': add, 'schema.ts': schema('v.any()') });
		const { runner } = await start();
		valueOf(await app!.mutate('a:add', { size: 'big' }));
		write({ 'schema.ts': schema('v.number()') });
		await expect(runner.push()).rejects.toMatchObject({ code: 'SchemaViolation' });
		valueOf(await app!.mutate('a:add', { size: 'still any' }));
	});
});

describe('a push that works', () => {
	it('swaps the functions and tells who listens', async () => {
		write({ 'a.ts': said('one') });
		const { runner } = await start();
		const before = runner.version();
		let pushes = 0;
		runner.onPush(() => pushes++);
		write({ 'a.ts': said('two'), 'b/deep.ts': said('deep') });
		const report = await runner.push();
		expect(report).toMatchObject({ version: before + 1, functions: 2, components: [''] });
		expect(await app!.value('a:say')).toBe('two');
		expect(await app!.value('b/deep:say')).toBe('deep');
		expect(pushes).toBe(1);
	});

	it('lets a function finish on the version it started on', async () => {
		const waiting = (version: string) => `${IMPORTS}
			import { makeFunctionReference } from 'convex/server';
			export const slow = action({ args: {}, handler: async (ctx) => {
				await new Promise((resolve) => setTimeout(resolve, 100));
				return ctx.runQuery(makeFunctionReference('a:say'), {});
			} });
			export const say = query({ args: {}, handler: async () => '${version}' });`;
		write({ 'a.ts': waiting('one') });
		const { runner } = await start();
		const slow = app!.act('a:slow');
		write({ 'a.ts': waiting('two') });
		await runner.push();
		expect(valueOf(await slow)).toBe('one');
		expect(valueOf(await app!.act('a:slow'))).toBe('two');
	});

	it('skips what the official bundler skips', async () => {
		write({
			'a.ts': said('one'),
			'a.test.ts': 'export {}; throw new Error("a test");',
			'_generated/api.js': 'throw new Error("generated");',
			'.hidden.ts': 'export {}; throw 1',
			'with space.ts': said('x'),
			'types.ts': 'interface Nothing {}',
			'notes.md': '# no code',
			'nested/convex.config.ts': 'export default 1;',
			'nested/inner.ts': 'export {}; throw new Error("a component’s");',
		});
		const { runner } = await start();
		expect(await runner.push()).toMatchObject({ functions: 1 });
	});

	it('lets a caught dynamic import of a built-in fail as on Convex', async () => {
		write({
			'a.ts': `${IMPORTS}export const f = query({ args: {}, handler: async () => {
				try { await import('node:crypto'); return 'there'; } catch (error) { return error.message; }
			} });`,
		});
		await start();
		expect(await app!.value('a:f')).toContain('"node:crypto" needs Node');
	});

	it('has async_hooks in the default runtime, as Convex has', async () => {
		write({
			'a.ts': `${IMPORTS}import { AsyncLocalStorage } from 'node:async_hooks';
				const storage = new AsyncLocalStorage();
				export const f = query({ args: {}, handler: (ctx) => storage.run('inside', async () => {
					await ctx.db.query('nothing').collect();
					return storage.getStore();
				}) });`,
		});
		await start();
		expect(await app!.value('a:f')).toBe('inside');
	});

	it('offers it as a global, so that libraries keep overlapping requests apart', async () => {
		// How the sign-in component's library chooses: without the global it shares one variable between all requests.
		write({
			'a.ts': `${IMPORTS}
				class OneVariable { run(value, f) { this.value = value; return f(); } getStore() { return this.value; } }
				const Storage = globalThis.AsyncLocalStorage ?? OneVariable;
				const request = new Storage();
				export const f = action({ args: { who: v.string() }, handler: (_ctx, { who }) => request.run(who, async () => {
					await crypto.subtle.digest('SHA-256', new Uint8Array(1 << 16));
					return request.getStore();
				}) });`,
		});
		await start();
		const who = ['one', 'two', 'three'];
		const outcomes = await Promise.all(who.map((name) => app!.act('a:f', { who: name })));
		expect(outcomes.map(valueOf)).toEqual(who);
	});
});

describe('"use node"', () => {
	it.each([
		[`"use node";`, true],
		[`'use node'\nimport x from 'y';`, true],
		[`// first\n/* second\n */ "use strict"; "use node";`, true],
		[`\uFEFF"use node"`, true],
		[`import 'y'; "use node";`, false],
		[`// "use node"`, false],
		[`const text = "use node";`, false],
		[``, false],
	])('is found among the directives only: %j', (source, expected) => {
		expect(hasUseNode(source)).toBe(expected);
	});
});
