import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { admin, anonymous, openRunner, SITE_URL, valueOf, type Opened } from './support.ts';

const CONVEX = path.join(import.meta.dirname, '../../../node_modules/convex');
/** Well before any bundling, so that the bundles are kept. */
const LONG_AGO = new Date(Date.UTC(2026, 0, 1));

let base: string;
let app: Opened | null = null;
beforeEach(() => {
	base = mkdtempSync(path.join(tmpdir(), 'late-modules-'));
	for (const folder of ['node_modules', 'convex', 'data']) mkdirSync(path.join(base, folder));
	symlinkSync(CONVEX, path.join(base, 'node_modules/convex'), 'junction');
});
afterEach(async () => {
	await app?.close();
	app = null;
	rmSync(base, { recursive: true, force: true });
});

const IMPORTS = `import { actionGeneric as action, internalQueryGeneric as internalQuery, makeFunctionReference,
	httpActionGeneric as httpAction, httpRouter, queryGeneric as query } from 'convex/server';\n`;

function write(files: Record<string, string>): void {
	const folder = path.join(base, 'convex');
	for (const [name, text] of Object.entries(files)) {
		writeFileSync(path.join(folder, name), IMPORTS + text);
		utimesSync(path.join(folder, name), LONG_AGO, LONG_AGO);
	}
	for (const one of [base, folder]) utimesSync(one, LONG_AGO, LONG_AGO);
}

async function start(env: Record<string, string> = {}): Promise<Opened> {
	await app?.shutDown();
	const folder = path.join(base, 'convex');
	const dataDir = path.join(base, 'data');
	return (app = await openRunner('', { folder, dataDir, env, showErrors: true }));
}

const counted = (name: string) => `
	globalThis.counts ??= {}; globalThis.counts.${name} = (globalThis.counts.${name} ?? 0) + 1;
	export const count = query({ args: {}, handler: async () => globalThis.counts });`;

it('modules of kept bundles are imported when one of their functions is called, and once', async () => {
	write({ 'a.ts': counted('a'), 'b.ts': counted('b') });
	await start();
	const before = (await app!.value('a:count')) as Record<string, number>;
	await start();
	expect(await app!.value('a:count')).toEqual({ a: before.a! + 1, b: before.b });
	expect(await Promise.all([app!.value('b:count'), app!.value('b:count')])).toEqual([
		{ a: before.a! + 1, b: before.b! + 1 },
		{ a: before.a! + 1, b: before.b! + 1 },
	]);
});

it('a function that still runs after a push finds the modules of its version', async () => {
	const slow = `export const slow = action({ args: {}, handler: async (ctx) => {
		await new Promise((resolve) => setTimeout(resolve, 100));
		return ctx.runQuery(makeFunctionReference('b:say'), {});
	} });`;
	const said = (what: string) =>
		`export const say = query({ args: {}, handler: async () => '${what}' });`;
	write({ 'a.ts': slow, 'b.ts': said('one') });
	await start();
	await start();
	const running = app!.act('a:slow');
	write({ 'b.ts': said('two') });
	await app!.runner.push();
	expect(valueOf(await running)).toBe('one');
	expect(valueOf(await app!.act('a:slow'))).toBe('two');
});

it('HTTP actions are routed after a start without changes', async () => {
	write({
		'http.ts': `const http = httpRouter();
			http.route({ path: '/hi', method: 'GET', handler: httpAction(async () => new Response('hello')) });
			export default http;`,
	});
	const answer = async (at: string) => {
		const response = await app!.runner.runHttpAction(new Request(SITE_URL + at), anonymous);
		return [response.status, await response.text()];
	};
	for (let i = 0; i < 2; i++) {
		await start();
		expect(await answer('/hi')).toEqual([200, 'hello']);
		expect(await answer('/ho')).toEqual([404, 'No matching routes found']);
	}
});

it('a function that is declared otherwise than when it was bundled is refused', async () => {
	write({
		'a.ts': `const build = process.env.OPEN === 'yes' ? query : internalQuery;
			export const say = build({ args: {}, handler: async () => 'secret' });`,
	});
	await start({ OPEN: 'yes' });
	expect(await app!.value('a:say')).toBe('secret');
	await start({ OPEN: 'no' });
	await expect(app!.value('a:say')).rejects.toThrow('declared otherwise');
	await expect(app!.value('a:say', {}, admin)).rejects.toThrow('declared otherwise');
});
