/** Folders as other people keep them: without generated code, with settings and packages of their own. */
import { describe, expect, it } from 'vitest';
import { failureOf, valueOf } from '../functions/support.ts';
import { pushProject } from './project.ts';

const HELLO = `
	import { query } from './_generated/server';
	export const hello = query({ args: {}, handler: async () => 'hello' });`;
const CALLER = `
	import { action } from '../_generated/server.js';
	import { api, internal } from '../_generated/api.js';
	import type { Doc } from '../_generated/dataModel';
	export const call = action({
		args: {},
		handler: async (ctx) => [
			await ctx.runQuery(api.hello.hello, {}),
			await ctx.runMutation(internal.hidden.write, {}),
		],
	});`;
const HIDDEN = `
	import { internalMutation, env } from './_generated/server';
	export const write = internalMutation(async (ctx) => {
		await ctx.db.insert('anything', {});
		return env.CONVEX_SITE_URL;
	});`;

describe('generated code', () => {
	it('E3-6 a folder without any is pushed: builders, references and env are there', async () => {
		const app = await pushProject({
			'convex/hello.ts': HELLO,
			'convex/hidden.ts': HIDDEN,
			'convex/deep/caller.ts': CALLER,
		});
		expect(valueOf(await app.act('deep/caller:call'))).toEqual([
			'hello',
			'http://app.example.test',
		]);
	});

	it('E3-6 what an old version generated does not count, types alone neither', async () => {
		const app = await pushProject({
			'convex/_generated/server.js': `throw new Error('an old version generated this');`,
			'convex/_generated/server.d.ts': `export declare const query: unknown;`,
			'convex/_generated/api.d.ts': `export declare const api: unknown;`,
			'convex/hello.ts': HELLO,
			'convex/hidden.ts': HIDDEN,
			'convex/deep/caller.ts': CALLER,
		});
		expect(valueOf(await app.act('deep/caller:call'))).toHaveLength(2);
	});

	it('E3-6 it is found through path aliases of tsconfig.json too', async () => {
		const paths = { '@convex/*': ['./convex/*'], '~/*': ['./*'] };
		const app = await pushProject({
			'tsconfig.json': `{ // with comments\n"compilerOptions": {"paths": ${JSON.stringify(paths)},},}`,
			'shared/greeting.ts': `export const greeting = 'from beside the folder';`,
			'convex/hello.ts': `
				import { query } from '@convex/_generated/server';
				import { greeting } from '~/shared/greeting';
				export default query({ args: {}, handler: async () => greeting });`,
			'convex/caller.ts': `
				import { api } from '~/convex/_generated/api';
				import { action } from '~/convex/_generated/server';
				export const call = action(async (ctx) => ctx.runQuery(api.hello.default));`,
		});
		expect(valueOf(await app.act('caller:call'))).toBe('from beside the folder');
	});

	it('E3-2 a component in the project needs none either', async () => {
		const app = await pushProject({
			'convex/convex.config.ts': `
				import { defineApp } from 'convex/server';
				import counter from './counter/convex.config';
				const app = defineApp();
				app.use(counter);
				export default app;`,
			'convex/counter/convex.config.ts': `
				import { defineComponent } from 'convex/server';
				export default defineComponent('counter');`,
			'convex/counter/count.ts': `
				import { mutation } from './_generated/server';
				export const up = mutation(async (ctx) => {
					await ctx.db.insert('ups', {});
					return (await ctx.db.query('ups').collect()).length;
				});`,
			'convex/app.ts': `
				import { components } from './_generated/api';
				import { mutation } from './_generated/server';
				export const up = mutation((ctx) => ctx.runMutation(components.counter.count.up, {}));`,
		});
		valueOf(await app.mutate('app:up'));
		expect(valueOf(await app.mutate('app:up'))).toBe(2);
	});
});

describe('files', () => {
	it('E3-6 JavaScript only: schema, router, crons', async () => {
		const app = await pushProject({
			'convex/schema.js': `
				import { defineSchema, defineTable } from 'convex/server';
				import { v } from 'convex/values';
				export default defineSchema({ notes: defineTable({ text: v.string() }) });`,
			'convex/notes.js': `
				import { mutation } from './_generated/server';
				export const add = mutation((ctx, { text }) => ctx.db.insert('notes', { text }));`,
			'convex/crons.js': `
				import { cronJobs } from 'convex/server';
				import { internal } from './_generated/api';
				const crons = cronJobs();
				crons.interval('add', { hours: 1 }, internal.notes.add, { text: 'cron' });
				export default crons;`,
		});
		valueOf(await app.mutate('notes:add', { text: 'a' }));
		expect(failureOf(await app.mutate('notes:add', { text: 1 })).message).toContain(
			'does not match the schema',
		);
	});

	it('E3-6 JSX, JSON and text are bundled; tests, declarations and odd names are not looked at', async () => {
		const app = await pushProject({
			'convex/mail.tsx': `
				import { query } from './_generated/server';
				import settings from './settings.json';
				import footer from './footer.txt';
				const Mail = ({ to }: { to: string }) => <p className="mail">{to}</p>;
				export const draft = query(async () => {
					const { type, props } = (<Mail to={settings.to} />).type({ to: settings.to });
					return [type, props.children, footer];
				});`,
			'convex/settings.json': '{"to":"someone"}',
			'convex/footer.txt': 'bye',
			'convex/mail.test.ts': `import 'nothing-of-the-kind'; export {};`,
			'convex/mail.stories.tsx': `import 'nothing-of-the-kind'; export {};`,
			'convex/types.d.ts': `export type A = import('nothing-of-the-kind').A;`,
			'convex/notes about it.ts': `import 'nothing-of-the-kind'; export {};`,
			'convex/.hidden.ts': `import 'nothing-of-the-kind'; export {};`,
			'convex/empty.ts': `// nothing is exported yet, so this is no module\nnot even code`,
			'convex/README.md': '# read me',
		});
		expect(await app.value('mail:draft')).toEqual(['p', 'someone', 'bye']);
	});

	it('E3-6 WebAssembly is imported as a compiled module', async () => {
		// (module (func (export "answer") (result i32) i32.const 42))
		const wasm = Buffer.from(
			'0061736d010000000105016000017f03020100070a0106616e7377657200000a06010400412a0b',
			'hex',
		);
		const app = await pushProject({
			'convex/lib/answer.wasm': wasm,
			'convex/deep.ts': `
				import { query } from './_generated/server';
				import module from './lib/answer.wasm';
				export const answer = query(async () =>
					(new WebAssembly.Instance(module).exports.answer as () => number)());`,
		});
		expect(await app.value('deep:answer')).toBe(42);
	});

	it('E3-6 a schema that is not enforced takes any document, and still makes indexes', async () => {
		const app = await pushProject({
			'convex/schema.ts': `
				import { defineSchema, defineTable } from 'convex/server';
				import { v } from 'convex/values';
				export default defineSchema(
					{ notes: defineTable({ text: v.string() }).index('by_text', ['text']) },
					{ schemaValidation: false, strictTableNameTypes: false },
				);`,
			'convex/notes.ts': `
				import { mutation } from './_generated/server';
				export const odd = mutation(async (ctx) => {
					await ctx.db.insert('notes', { text: 7 } as any);
					await ctx.db.insert('unheard' as any, { of: true });
					const found = await ctx.db.query('notes').withIndex('by_text', (q) => q.eq('text', 7 as any)).collect();
					return found.length;
				});`,
		});
		expect(valueOf(await app.mutate('notes:odd'))).toBe(1);
	});
});
