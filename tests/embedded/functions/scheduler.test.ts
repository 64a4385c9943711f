import { afterEach, describe, expect, it } from 'vitest';
import {
	readCrons,
	nextRunMs,
	type CronSpec,
} from '../../../src/lib/server/embedded/scheduler/cronSpecs.ts';
import { DueQueue } from '../../../src/lib/server/embedded/scheduler/dueQueue.ts';
import { failureOf, ManualClock, openRunner, settle, valueOf, type Opened } from './support.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Monday at noon. */
const START = Date.UTC(2026, 0, 5, 12);

let clock = new ManualClock(START);
const opened: Opened[] = [];
afterEach(async () => {
	const last = opened.splice(0).at(-1);
	await last?.close();
	clock = new ManualClock(START);
});

async function open(dataDir?: string): Promise<Opened> {
	const app = await openRunner('schedule', { clock, ...(dataDir ? { dataDir } : {}) });
	opened.push(app);
	await app.runner.startScheduler();
	return app;
}

const plan = async (app: Opened, what: string, inMs: number, name = what) =>
	valueOf(await app.mutate('work:plan', { what, atMs: clock.now() + inMs, name })) as string;
const names = async (
	app: Opened,
	only: RegExp = /^(?!every|hourly|daily|weekly|expression|slow)/,
) =>
	((await app.value('work:list')) as [string, number][])
		.map(([name]) => name)
		.filter((name) => only.test(name));

describe('scheduled functions', () => {
	it('run in the order they are due, at their time', async () => {
		const app = await open();
		await plan(app, 'done', 3_000, 'third');
		await plan(app, 'done', 1_000, 'first');
		await plan(app, 'done', 2_000, 'second');
		await clock.advance(999);
		expect(await names(app)).toEqual([]);
		await clock.advance(5_000);
		expect(await names(app)).toEqual(['first', 'second', 'third']);
	});

	it('are months away without overflowing a timer', async () => {
		const app = await open();
		await plan(app, 'done', 40 * DAY, 'far');
		await clock.advance(DAY);
		expect(await names(app)).toEqual([]);
	}, 60_000);

	it('run for nobody, and know that they were scheduled', async () => {
		const app = await open();
		await plan(app, 'who', 0);
		await clock.advance(10);
		expect(await names(app)).toEqual(['who true true']);
	});

	it('survive a restart once: pending ones run, actions cut short have failed', async () => {
		const first = await open();
		await plan(first, 'done', 2_000, 'pending');
		await plan(first, 'hang', 0, 'cut');
		await clock.advance(100);
		expect(await names(first)).toEqual(['cut started']);
		const stopped = first.shutDown();
		await clock.advance(6_000);
		await stopped;
		const second = await open(first.dataDir);
		await clock.advance(10);
		expect(await names(second)).toEqual(['cut started', 'pending']);
		const states = Object.fromEntries((await second.value('work:states')) as [string, string][]);
		expect(states).toMatchObject({ pending: 'success', cut: 'failed' });
		expect(second.events.some(({ event }) => event === 'scheduler.actionLost')).toBe(true);
	});

	it('can be canceled, by actions and by the running mutation itself', async () => {
		const app = await open();
		const id = await plan(app, 'done', 1_000, 'never');
		valueOf(await app.act('work:cancel', { id }));
		await plan(app, 'cancelSelf', 1_000);
		await clock.advance(2_000);
		expect(await names(app)).toEqual([]);
		expect(await app.value('work:states')).toEqual([
			['never', 'canceled'],
			['cancelSelf', 'canceled'],
		]);
	});

	it('are limited per transaction', async () => {
		const app = await open();
		expect(failureOf(await app.mutate('work:many', { count: 1_001 })).code).toBe(
			'TooManyScheduled',
		);
		valueOf(await app.mutate('work:many', { count: 100 }));
		await clock.advance(10);
		await settle(300);
		expect(await names(app)).toHaveLength(100);
	});

	it('E3-3 fail when they stopped the thread, unless they had ended by then', async () => {
		const app = await open();
		const done = await plan(app, 'done', 1_000, 'done');
		const waiting = await plan(app, 'done', HOUR, 'waiting');
		await clock.advance(2_000);
		await app.runner.failJob(done, 'too late');
		await app.runner.failJob(waiting, 'it held the thread');
		const states = JSON.stringify(await app.value('work:states'));
		expect(states).toContain('success');
		expect(states).toContain('failed');
		await clock.advance(2 * HOUR);
		expect(await names(app)).toEqual(['done']);
	});

	it('are forgotten a week after they ended', async () => {
		const app = await open();
		await plan(app, 'done', 0, 'old');
		await clock.advance(10);
		await clock.advance(6 * DAY);
		expect(await app.value('work:states')).toEqual([['old', 'success']]);
		await clock.advance(DAY + 2 * HOUR);
		expect(await app.value('work:states')).toEqual([]);
	}, 120_000);

	it('do not run in a deployment whose scheduler was not started', async () => {
		const app = await openRunner('schedule', { clock });
		opened.push(app);
		await plan(app, 'done', 0, 'waits');
		await clock.advance(1_000);
		expect(await names(app)).toEqual([]);
		await app.runner.startScheduler();
		await clock.advance(1);
		expect(await names(app)).toEqual(['waits']);
	});
});

describe('crons', () => {
	const runs = async (app: Opened, name: string) =>
		((await app.value('work:list')) as [string, number][])
			.filter(([done]) => done === name)
			.map(([, at]) => at - START);

	it('run at their times', async () => {
		const app = await open();
		await clock.advance(20 * MINUTE);
		expect(await runs(app, 'every')).toEqual([0, 10 * MINUTE, 20 * MINUTE]);
		await clock.advance(16 * HOUR);
		expect(await runs(app, 'hourly')).toHaveLength(16);
		expect((await runs(app, 'hourly'))[0]).toBe(30 * MINUTE);
		expect(await runs(app, 'daily')).toEqual([15 * HOUR + 15 * MINUTE]);
		expect(await runs(app, 'weekly')).toEqual([13 * HOUR]);
		expect(await runs(app, 'expression')).toEqual([6 * HOUR]);
	}, 60_000);

	it('leave out what they missed, and keep their rhythm over a restart', async () => {
		const first = await open();
		await clock.advance(11 * MINUTE);
		await first.shutDown();
		await clock.advance(33 * MINUTE);
		const second = await open(first.dataDir);
		await clock.advance(7 * MINUTE);
		expect(await runs(second, 'every')).toEqual([0, 10 * MINUTE, 50 * MINUTE]);
		expect(await runs(second, 'hourly')).toEqual([]);
	});

	it('never run twice at once', async () => {
		const app = await open();
		await clock.advance(8 * HOUR + 7 * MINUTE);
		expect(await names(app, /^slow/)).toEqual(['slow started']);
		expect(app.events.filter(({ event }) => event === 'cron.skipped')).toHaveLength(1);
		(globalThis as unknown as Record<symbol, () => void>)[Symbol.for('test.release')]!();
		await settle();
		await clock.advance(4 * MINUTE);
		expect(await names(app, /^slow/)).toEqual(['slow started', 'slow ended', 'slow started']);
		(globalThis as unknown as Record<symbol, () => void>)[Symbol.for('test.release')]!();
		await settle();
	}, 60_000);
});

describe('schedules', () => {
	const spec = (schedule: object): CronSpec => {
		const json = JSON.stringify({ job: { name: 'a:b', args: [{}], schedule } });
		return readCrons({ isCrons: true, export: () => json })[0]!;
	};
	const next = (schedule: object, after: string) =>
		new Date(nextRunMs(spec(schedule), Date.parse(after), null)).toISOString().slice(0, 16);

	it.each([
		[
			{ type: 'monthly', day: 31, hourUTC: 4, minuteUTC: 5 },
			'2026-02-01T00:00Z',
			'2026-03-31T04:05',
		],
		[
			{ type: 'weekly', dayOfWeek: 'sunday', hourUTC: 0, minuteUTC: 0 },
			'2026-01-05T12:00Z',
			'2026-01-11T00:00',
		],
		[{ type: 'cron', cron: '0 0 29 2 *' }, '2026-01-01T00:00Z', '2028-02-29T00:00'],
		[{ type: 'daily', hourUTC: 23, minuteUTC: 59 }, '2026-01-05T23:59Z', '2026-01-06T23:59'],
	])('%j after %s is %s', (schedule, after, expected) => {
		expect(next(schedule, after)).toBe(expected);
	});

	it('picks one minute per job when none is given', () => {
		const one = next({ type: 'hourly' }, '2026-01-05T12:00Z');
		expect(next({ type: 'hourly' }, '2026-01-05T12:00Z')).toBe(one);
	});

	it.each([
		{ type: 'cron', cron: 'never' },
		{ type: 'cron', cron: '0 0 30 2 *' },
	])('refuses %j', (schedule) => {
		expect(() => spec(schedule)).toThrow(expect.objectContaining({ code: 'InvalidCrons' }));
	});
});

describe('a queue of due things', () => {
	it('keeps one timer and the order, and waits while paused', async () => {
		const seen: string[] = [];
		const queue = new DueQueue<string>(clock, (item) => void seen.push(item));
		queue.add(START + 20, 'b');
		queue.add(START + 10, 'a');
		queue.add(START + 20, 'c');
		queue.pause(true);
		await clock.advance(15);
		expect(seen).toEqual([]);
		queue.pause(false);
		await clock.advance(0);
		expect(seen).toEqual(['a']);
		await clock.advance(10);
		expect(seen).toEqual(['a', 'b', 'c']);
		queue.add(START, 'late');
		queue.clear();
		await clock.advance(10);
		expect(seen).toEqual(['a', 'b', 'c']);
	});
});
