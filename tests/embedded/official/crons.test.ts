import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, ManualClock, openRunner, valueOf, type Opened } from '../functions/support.ts';

/** A Monday, noon. */
const START = Date.UTC(2026, 0, 5, 12, 0, 0);
const HOUR = 3_600_000;
const clock = new ManualClock(START);
let app: Opened;
beforeAll(async () => {
	app = await openRunner('official/crons', { clock, showErrors: true });
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

const ticks = async (label: string) => (await app.value('timers:ticks', { label })) as number[];
const since = (label: string) => ticks(label).then((all) => all.map((at) => at - START));

describe('@convex-dev/crons, mounted twice', () => {
	it('E3-2 registers intervals and cron specs at run time', async () => {
		valueOf(await app.mutate('timers:every', { which: 'first', name: 'often', ms: 1_000 }));
		const spec = { which: 'first', name: 'hourly', cronspec: '30 * * * *' };
		valueOf(await app.mutate('timers:at', spec));
		const there = { cronspec: '0 9 * * *', tz: 'America/New_York' };
		valueOf(await app.mutate('timers:at', { which: 'second', name: 'there', ...there }));
		expect(await app.value('timers:list', { which: 'first' })).toEqual([
			'often interval',
			'hourly cron',
		]);
		expect(await app.value('timers:list', { which: 'second' })).toEqual(['there cron']);
		await clock.advance(3_500);
		expect(await since('often')).toEqual([1_000, 2_000, 3_000]);
	});

	it('E3-2 refuses a name twice, but not in the other instance', async () => {
		const again = { which: 'first', name: 'often', ms: 5_000 };
		expect(failureOf(await app.mutate('timers:every', again)).message).toContain('already exists');
		const bad = { which: 'first', name: 'bad', cronspec: 'now and then' };
		expect(failureOf(await app.mutate('timers:at', bad)).message).toContain('Invalid cronspec');
		valueOf(await app.mutate('timers:every', { ...again, which: 'second', ms: 3_600_000 }));
	});

	it('E3-2 deletes at run time; the others go on, each in its own time zone', async () => {
		valueOf(await app.mutate('timers:remove', { which: 'first', name: 'often' }));
		expect(await app.value('timers:get', { which: 'first', name: 'often' })).toBeNull();
		const before = (await ticks('often')).length;
		await clock.advance(2 * HOUR + 10_000);
		// The second instance's own 'often', every hour.
		expect((await ticks('often')).length).toBe(before + 2);
		expect(await since('hourly')).toEqual([HOUR / 2, HOUR * 1.5]);
		expect(await since('there')).toEqual([2 * HOUR]);
	});
});
