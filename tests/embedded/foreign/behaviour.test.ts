/** What programs written for Convex count on, and folders nobody here wrote have taught. */
import { expect, it } from 'vitest';
import { failureOf, settle, ManualClock, valueOf } from '../functions/support.ts';
import { pushProject } from './project.ts';

const COUNTED = `
	import { mutation, query, action } from './_generated/server';
	export const forgotten = mutation(async (ctx) => {
		const id = await ctx.db.insert('things', {});
		const lost = ctx.db.get('no id' as any);
		return await ctx.db.get(id);
	});
	export const handled = mutation(async (ctx) => {
		await ctx.db.insert('things', {});
		return await ctx.db.get('no id' as any).catch(() => 'handled');
	});
	export const thrownLater = action(async () => {
		await new Promise(() => setTimeout(() => { throw new Error('Yikes'); }, 1));
	});
	export const count = query(async (ctx) => (await ctx.db.query('things').collect()).length);`;

it('E3-3 a rejection nobody awaits fails its mutation, which then writes nothing', async () => {
	const app = await pushProject({ 'convex/counted.ts': COUNTED });
	expect(failureOf(await app.mutate('counted:forgotten')).message).toContain('Unable to decode ID');
	expect(await app.value('counted:count')).toBe(0);
	expect(valueOf(await app.mutate('counted:handled'))).toBe('handled');
	expect(await app.value('counted:count')).toBe(1);
});

it('E3-3 an error thrown where nobody can catch it fails the action at once', async () => {
	const node = `'use node';\n${COUNTED.replaceAll(/mutation\(|query\(/g, 'action(')}`;
	const app = await pushProject({ 'convex/counted.ts': COUNTED, 'convex/inNode.ts': node });
	expect(failureOf(await app.act('counted:thrownLater')).message).toContain('Yikes');
	expect(failureOf(await app.act('inNode:thrownLater')).message).toContain(
		'uncaughtException: Yikes',
	);
});

const JOBS = `
	import { internalAction, internalMutation, mutation, query } from './_generated/server';
	import { internal } from './_generated/api';
	import { makeFunctionReference } from 'convex/server';
	export const schedule = mutation(async (ctx, { name, delayMs = 0 }: any) =>
		ctx.scheduler.runAfter(delayMs, makeFunctionReference<'mutation'>(name), {}));
	export const at = mutation(async (ctx, { ts }: any) => ctx.scheduler.runAt(ts, internal.jobs.noop));
	export const cancel = mutation(async (ctx, { id }: any) => ctx.scheduler.cancel(id));
	export const states = query(async (ctx) =>
		(await ctx.db.system.query('_scheduled_functions').collect()).map(({ name, state }) =>
			[name, state.kind]));
	export const noop = internalMutation(async () => {});
	export const parent = internalAction(async (ctx) => {
		const [{ _id }] = await ctx.runQuery(internal.jobs.mine);
		await ctx.runMutation(internal.jobs.cancelInternally, { id: _id });
		await ctx.scheduler.runAfter(0, internal.jobs.noop);
	});
	export const mine = query(async (ctx) => ctx.db.system.query('_scheduled_functions').collect());
	export const cancelInternally = internalMutation(async (ctx, { id }: any) => ctx.scheduler.cancel(id));`;

it('E3-1 what may be scheduled, and when, is refused in Convex’s words', async () => {
	const clock = new ManualClock();
	const app = await pushProject({ 'convex/jobs.ts': JOBS }, { clock });
	const refusal = async (name: string, args: object) =>
		failureOf(await app.mutate(name, args as never)).message;
	const YEAR_MS = 365 * 24 * 3_600_000;
	expect(await refusal('jobs:at', { ts: clock.now() + 6 * YEAR_MS })).toContain(
		'is more than 5 years in the future',
	);
	expect(await refusal('jobs:at', { ts: clock.now() - 6 * YEAR_MS })).toContain(
		'is more than 5 years in the past',
	);
	expect(await refusal('jobs:schedule', { name: 'nowhere:default' })).toContain(
		'Attempted to schedule function at nonexistent path: nowhere.js',
	);
	expect(await refusal('jobs:schedule', { name: 'jobs:nothing' })).toContain(
		'no exported function nothing found in the file: jobs.js. Did you forget to export it?',
	);
	expect(await refusal('jobs:schedule', { name: '@#@!odd:default' })).toContain(
		'can only contain alphanumeric characters, underscores, or periods',
	);
	valueOf(await app.mutate('jobs:at', { ts: clock.now() - 4 * YEAR_MS }));
});

it('E3-1 a query may be scheduled and fails when it runs', async () => {
	const clock = new ManualClock();
	const app = await pushProject({ 'convex/jobs.ts': JOBS }, { clock });
	await app.runner.startScheduler();
	valueOf(await app.mutate('jobs:schedule', { name: 'jobs:states' }));
	await clock.advance(1_000);
	expect(await app.value('jobs:states')).toEqual([['jobs.js:states', 'failed']]);
});

it('E3-1 what a canceled job schedules is canceled too; a job long gone may be canceled', async () => {
	const clock = new ManualClock();
	const app = await pushProject({ 'convex/jobs.ts': JOBS }, { clock });
	await app.runner.startScheduler();
	const id = valueOf(await app.mutate('jobs:schedule', { name: 'jobs:parent' }));
	await clock.advance(1_000);
	await settle(200);
	expect(await app.value('jobs:states')).toEqual([
		['jobs.js:parent', 'canceled'],
		['jobs.js:noop', 'canceled'],
	]);
	await clock.advance(8 * 24 * 3_600_000);
	expect(await app.value('jobs:states')).toEqual([]);
	valueOf(await app.mutate('jobs:cancel', { id }));
});

it('E3-1 functions that do not exist are named as Convex names them', async () => {
	const app = await pushProject({ 'convex/jobs.ts': JOBS });
	const message = async (name: string) => failureOf((await app.query(name)).outcome).message;
	expect(await message('typo')).toContain("Could not find public function for 'typo'. Did you");
	expect(await message('deep/typo:fn')).toContain("'deep/typo:fn'. Did you forget to run `npx");
});

it('E3-1 a job is named after its file, as Convex documents it', async () => {
	const clock = new ManualClock();
	const app = await pushProject(
		{
			'convex/jobs.ts': JOBS,
			'convex/deep/mail.ts': `
				import { internalMutation } from '../_generated/server';
				export const send = internalMutation(async (ctx) => void (await ctx.db.insert('sent', {})));`,
		},
		{ clock },
	);
	await app.runner.startScheduler();
	await app.mutate('jobs:schedule', { name: 'deep/mail:send' });
	await clock.advance(10);
	expect(await app.value('jobs:states')).toEqual([['deep/mail.js:send', 'success']]);
});
