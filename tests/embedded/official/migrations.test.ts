import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { admin, failureOf, openRunner, valueOf, type Opened } from '../functions/support.ts';
import { until } from './until.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('official/migrations', { showErrors: true });
	await app.runner.startScheduler();
	valueOf(await app.mutate('backfill:addPeople', { ages: [3, 9, 15, 18, 30, 45, 60, 70] }));
}, 120_000);
afterAll(() => app?.close());

interface Status {
	state: string;
	processed: number;
	isDone: boolean;
	error?: string;
}
const people = async () => (await app.value('backfill:people')) as string[];
const status = async (name: string) =>
	(await app.value('backfill:status', { name })) as unknown as Status;
const done = (name: string) =>
	until(
		() => status(name),
		({ isDone }) => isDone,
	);
const run = (name: string, args: Record<string, string | boolean | null>) =>
	app.mutate(`backfill:${name}`, args, admin);

describe('@convex-dev/migrations, mounted twice', () => {
	it('E3-2 tries one batch without writing', async () => {
		const before = await people();
		const outcome = valueOf(
			await run('run', { fn: 'setAdult', dryRun: true }),
		) as unknown as Record<string, unknown>;
		expect(JSON.stringify(outcome)).toContain('setAdult');
		expect(await people()).toEqual(before);
		expect(await status('setAdult')).toMatchObject({ processed: 0, isDone: false });
	});

	it('E3-2 runs batch after batch, and a second run has nothing to do', async () => {
		valueOf(await run('run', { fn: 'setAdult' }));
		expect(await done('setAdult')).toMatchObject({ state: 'success', processed: 8 });
		expect(await people()).toEqual(
			[3, 9, 15, 18, 30, 45, 60, 70].map((age) => `${age} ${age >= 18} ?`),
		);
		const again = valueOf(await app.mutate('backfill:start', { name: 'setAdult' }));
		expect(again).toMatchObject({ state: 'success', processed: 8 });
	});

	it('E3-2 runs several one after the other, each over its own range', async () => {
		valueOf(await run('runAll', { reset: true }));
		expect(await done('setTitle')).toMatchObject({ processed: 5 });
		expect((await people()).filter((line) => line.endsWith('adult'))).toHaveLength(5);
		valueOf(await app.mutate('backfill:startSerially'));
	});

	it('E3-2 stops at a failure, says why, and is not done', async () => {
		valueOf(await app.mutate('backfill:start', { name: 'failing' }));
		const failed = await until(
			() => status('failing'),
			({ state }) => state === 'failed',
		);
		expect(failed).toMatchObject({ isDone: false, processed: 0 });
		expect(failed.error).toContain('fifteen');
		expect((await people()).filter((line) => line.endsWith('half done'))).toEqual([]);
		expect(valueOf(await app.mutate('backfill:cancel', { name: 'failing' }))).toMatchObject({
			state: 'failed',
		});
		failureOf(await app.mutate('backfill:cancel', { name: 'unheardOf' }));
	});

	it('E3-2 runs in the second instance, scheduled or from an action', async () => {
		const both = valueOf(await app.act('backfill:complete', { name: 'forgetTitle' }));
		expect(both).toMatchObject({ isDone: true, processed: 8 });
		expect((await people()).every((line) => line.endsWith('?'))).toBe(true);
		expect(await status('forgetTitle')).toMatchObject({ processed: 0, state: 'unknown' });
		expect(valueOf(await app.mutate('backfill:startSecond'))).toMatchObject({ isDone: true });
	});

	it('E3-2 is canceled between two batches and goes on where it was', async () => {
		const canceled = await app.mutate('backfill:startThenCancel', { name: 'setTitle' });
		expect(valueOf(canceled)).toMatchObject({ state: 'canceled', processed: 2 });
		expect(await status('setTitle')).toMatchObject({ isDone: false, processed: 2 });
		valueOf(await app.mutate('backfill:start', { name: 'setTitle' }));
		expect(await done('setTitle')).toMatchObject({ state: 'success', processed: 5 });
	});
});
