import { execFile } from 'node:child_process';
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BundleStore } from '../../../src/lib/server/embedded/bundles/bundleStore.ts';
import { openRunner, type Opened } from './support.ts';

const CONVEX = path.join(import.meta.dirname, '../../../node_modules/convex');
/** Well before any bundling: what changes while it runs is another matter. */
const LONG_AGO = new Date(Date.UTC(2026, 0, 1));

let base: string;
let app: Opened | null = null;
beforeEach(() => {
	base = mkdtempSync(path.join(tmpdir(), 'bundle-store-'));
	mkdirSync(path.join(base, 'node_modules'));
	symlinkSync(CONVEX, path.join(base, 'node_modules/convex'), 'junction');
});
afterEach(async () => {
	await app?.close();
	app = null;
	rmSync(base, { recursive: true, force: true });
});

const IMPORTS = `import { queryGeneric as query } from 'convex/server';\n`;
const said = (what: string) =>
	`${IMPORTS}export const say = query({ args: {}, handler: async () => ${what} });`;

function write(files: Record<string, string>, changedAt = LONG_AGO): void {
	for (const [name, text] of Object.entries(files)) {
		const file = path.join(base, name);
		mkdirSync(path.dirname(file), { recursive: true });
		writeFileSync(file, text);
		utimesSync(file, changedAt, changedAt);
	}
	for (const folder of [base, ...foldersIn(base)]) utimesSync(folder, LONG_AGO, LONG_AGO);
}

function foldersIn(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isDirectory())
		.map((entry) => path.join(entry.parentPath, entry.name));
}

const functionsFolder = () => path.join(base, 'data', 'functions');
const open = async () => {
	const store = new BundleStore(functionsFolder());
	const bundles = await store.open(path.join(base, 'convex'));
	store.keep(bundles);
	return bundles;
};

const PROJECT = {
	'convex/a.ts': said('1'),
	'convex/b.ts': `import { two } from '../lib/two';\nimport 'installed';\n${said('two')}`,
	'convex/plain.ts': 'interface Nothing {}',
	'convex/convex.config.ts': `import { defineApp } from 'convex/server';
		import part from '../part/convex.config';
		const app = defineApp(); app.use(part); export default app;`,
	'lib/two.js': 'export const two = 2;',
	'part/convex.config.ts': `import { defineComponent } from 'convex/server'; export default defineComponent('part');`,
	'part/c.ts': said('3'),
	'node_modules/installed/index.js': 'globalThis.installed = 1;',
	'package.json': '{"type":"module"}',
	'tsconfig.json': '{"extends":"./base.json"}',
	'base.json': '{}',
};

describe('bundles in the data folder', () => {
	it('are taken as they are when nothing has changed', async () => {
		write(PROJECT);
		expect(await open()).toMatchObject({ wasBundled: true });
		const again = await open();
		expect(again.wasBundled).toBe(false);
		expect(again.definitions.map(({ modules }) => modules.map(({ module }) => module))).toEqual([
			['a', 'b'],
			['c'],
		]);
	});

	const changes: [what: string, files: Record<string, string>][] = [
		['a function', { 'convex/a.ts': said('9') }],
		['what a function imports', { 'lib/two.js': 'export const two = 9;' }],
		['a function of a component', { 'part/c.ts': said('9') }],
		[
			'which components are mounted',
			{ 'part/convex.config.ts': `${PROJECT['part/convex.config.ts']};;` },
		],
		['an installed package', { 'node_modules/installed/index.js': 'globalThis.installed = "9";' }],
		['what is installed', { 'node_modules/.package-lock.json': '{}' }],
		['a new file', { 'convex/deep/new.ts': said('9') }],
		['a file that gets its first function', { 'convex/plain.ts': said('9') }],
		['a file that is now found before another', { 'lib/two.ts': 'export const two = 9;' }],
		['settings of the package', { 'package.json': '{"type":"module","sideEffects":false}' }],
		['settings of the compiler', { 'base.json': '{"compilerOptions":{"alwaysStrict":true}}' }],
		['settings for one folder', { 'convex/tsconfig.json': '{}' }],
	];
	it.each(changes)('are made anew after a change: %s', async (_what, files) => {
		write(PROJECT);
		await open();
		write(files);
		expect(await open()).toMatchObject({ wasBundled: true });
		expect(await open()).toMatchObject({ wasBundled: false });
	});

	it('are made anew after a file is gone', async () => {
		write(PROJECT);
		await open();
		rmSync(path.join(base, 'convex/a.ts'));
		const { wasBundled, definitions } = await open();
		expect(wasBundled).toBe(true);
		expect(definitions[0]!.modules.map(({ module }) => module)).toEqual(['b']);
	});

	it('are not made anew when a source is only written again', async () => {
		write(PROJECT);
		await open();
		write({ 'convex/a.ts': PROJECT['convex/a.ts'] }, new Date());
		expect(await open()).toMatchObject({ wasBundled: false });
	});

	it('serve once when a file may have changed while they were made', async () => {
		write(PROJECT);
		write({ 'lib/two.js': 'export const two = 2;' }, new Date(Date.now() + 60_000));
		expect(await open()).toMatchObject({ wasBundled: true });
		expect(await open()).toMatchObject({ wasBundled: true });
	});

	it('are made anew when nobody found them fit to serve', async () => {
		write(PROJECT);
		const store = new BundleStore(functionsFolder());
		await store.open(path.join(base, 'convex'));
		expect(await open()).toMatchObject({ wasBundled: true });
	});

	it('are made anew when they are damaged', async () => {
		write(PROJECT);
		const { folder, definitions } = await open();
		const file = path.join(folder, definitions[0]!.subfolder, 'a.js');
		// As a power failure leaves a file that was not flushed: its size, and nothing in it.
		writeFileSync(file, Buffer.alloc(statSync(file).size));
		expect(await open()).toMatchObject({ wasBundled: true });
		const manifest = path.join(
			functionsFolder(),
			readdirSync(functionsFolder())[0]!,
			'manifest.json',
		);
		writeFileSync(manifest, '{"app":');
		expect(await open()).toMatchObject({ wasBundled: true });
	});

	it('do not pile up', async () => {
		write(PROJECT);
		mkdirSync(path.join(functionsFolder(), 'of-an-older-version/v1'), { recursive: true });
		for (const what of ['1', '2', '3']) {
			write({ 'convex/a.ts': said(what) });
			const { folder } = await open();
			expect(readdirSync(functionsFolder())).toEqual([path.basename(folder)]);
		}
		write({ 'convex/a.ts': 'export const x = ;' });
		await expect(open()).rejects.toMatchObject({ code: 'BundleFailed' });
		expect(readdirSync(functionsFolder())).toHaveLength(1);
	});
});

describe('a deployment that starts again', () => {
	const start = async () => {
		await app?.shutDown();
		app = await openRunner('', {
			folder: path.join(base, 'convex'),
			dataDir: path.join(base, 'data'),
		});
		return app;
	};

	it('runs the functions as they are now', async () => {
		write({ 'convex/a.ts': said(`'one'`), 'data/none': '' });
		await start();
		const { runner } = await start();
		expect(await app!.value('a:say')).toBe('one');
		expect(await runner.push()).toMatchObject({ wasBundled: false, version: 2 });
		expect(await app!.value('a:say')).toBe('one');
		write({ 'convex/a.ts': said(`'two'`) });
		expect(await runner.push()).toMatchObject({ wasBundled: true, version: 3 });
		expect(await app!.value('a:say')).toBe('two');
		write({ 'convex/a.ts': said(`'six'`) });
		await start();
		expect(await app!.value('a:say')).toBe('six');
		expect(readdirSync(functionsFolder())).toHaveLength(1);
	});

	it('may have no functions at all', async () => {
		write({ 'convex/readme.md': '', 'data/none': '' });
		const { runner } = await start();
		expect(await runner.push()).toMatchObject({ functions: 0, wasBundled: false });
	});

	it('forgets the bundles of a push that failed, and keeps those that serve', async () => {
		write({ 'convex/a.ts': said(`'one'`), 'data/none': '' });
		const { runner } = await start();
		const serving = readdirSync(functionsFolder());
		write({ 'convex/a.ts': 'export const x = null.y;' });
		await expect(runner.push()).rejects.toMatchObject({ code: 'ImportFailed' });
		expect(readdirSync(functionsFolder())).toEqual(serving);
	});

	it('takes the same bundles in another process, without the bundler', async () => {
		write({ 'convex/a.ts': said(`'one'`), 'data/none': '' });
		const main = path.join(import.meta.dirname, 'bundleStoreMain.ts');
		const run = async () => {
			const { stdout } = await promisify(execFile)(process.execPath, [main, base]);
			return JSON.parse(stdout) as { said: string; folders: string[]; usesEsbuild: boolean };
		};
		const first = await run();
		expect(first).toMatchObject({ said: 'one', usesEsbuild: true });
		expect(await run()).toEqual({ ...first, usesEsbuild: false });
	});
});
