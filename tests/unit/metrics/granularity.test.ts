import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	bucketEnd,
	bucketStart,
	bucketStarts,
	DAY_MS,
	granularities,
	HOUR_MS,
	localDaysBetween,
	localParts,
	periodOf,
	shiftLocal,
} from '../../../src/lib/metrics/granularity.ts';
import { offsetMsAt } from '../../../src/lib/metrics/timeZone.ts';
import { zones } from './zones.ts';

const zone = fc.constantFrom(...zones);
/** 2000 to 2037: every rule of the forty zones changed at least once in it. */
const instant = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2037, 11, 31) });

function hoursOfDay(year: number, month: number, day: number, timeZone: string): number {
	const noon =
		Date.UTC(year, month - 1, day, 12) - offsetMsAt(Date.UTC(year, month - 1, day, 12), timeZone);
	return (bucketEnd(noon, 'day', timeZone) - bucketStart(noon, 'day', timeZone)) / HOUR_MS;
}

describe('offsets', () => {
	it('agree with Intl at any instant, on both sides of every change', () => {
		const read = (at: number, timeZone: string) => {
			const format = new Intl.DateTimeFormat('en-US', {
				timeZone,
				hourCycle: 'h23',
				dateStyle: 'short',
				timeStyle: 'medium',
			});
			const part = Object.fromEntries(
				format.formatToParts(at).map((p) => [p.type, Number(p.value)]),
			);
			return [part.hour, part.minute, part.second];
		};
		fc.assert(
			fc.property(zone, instant, (timeZone, at) => {
				const { hour, minute, second } = localParts(at, timeZone);
				expect([hour, minute, second]).toEqual(read(at, timeZone));
			}),
			{ numRuns: 1500 },
		);
	});

	it('find a change to the second', () => {
		const change = Date.UTC(2026, 2, 29, 1);
		expect(offsetMsAt(change - 1, 'Europe/Berlin')).toBe(HOUR_MS);
		expect(offsetMsAt(change, 'Europe/Berlin')).toBe(2 * HOUR_MS);
	});
});

describe('buckets', () => {
	it('lie side by side and hold their instant, in 40 zones', () => {
		fc.assert(
			fc.property(zone, instant, fc.constantFrom(...granularities), (timeZone, at, granularity) => {
				const start = bucketStart(at, granularity, timeZone);
				const end = bucketEnd(at, granularity, timeZone);
				expect(start).toBeLessThanOrEqual(at);
				expect(end).toBeGreaterThan(at);
				expect(bucketStart(start, granularity, timeZone)).toBe(start);
				expect(bucketEnd(start, granularity, timeZone)).toBe(end);
				expect(bucketStart(end - 1, granularity, timeZone)).toBe(start);
				expect(bucketStart(end, granularity, timeZone)).toBe(end);
			}),
			{ numRuns: 4000 },
		);
	});

	it('nest: hours in days, days in weeks and months and years', () => {
		fc.assert(
			fc.property(zone, instant, (timeZone, at) => {
				for (const [inner, outer] of [
					['hour', 'day'],
					['day', 'week'],
					['day', 'month'],
				] as const) {
					const start = bucketStart(at, inner, timeZone);
					const last = bucketEnd(at, inner, timeZone) - 1;
					expect(bucketStart(start, outer, timeZone)).toBe(bucketStart(last, outer, timeZone));
				}
				const day = bucketStart(at, 'day', timeZone);
				const lastOfDay = bucketEnd(at, 'day', timeZone) - 1;
				expect(periodOf(day, 'year', timeZone)).toBe(periodOf(lastOfDay, 'year', timeZone));
				expect(periodOf(day, 'week', timeZone)).toBe(periodOf(lastOfDay, 'week', timeZone));
			}),
			{ numRuns: 3000 },
		);
	});

	it('begin days at local midnight, or at the first instant after a skipped one', () => {
		fc.assert(
			fc.property(zone, instant, (timeZone, at) => {
				const start = bucketStart(at, 'day', timeZone);
				const { hour, minute, second } = localParts(start, timeZone);
				if (hour === 0 && minute === 0 && second === 0) return;
				expect(offsetMsAt(start, timeZone)).not.toBe(offsetMsAt(start - 1, timeZone));
			}),
			{ numRuns: 2000 },
		);
	});

	it('know days of 23, 25, 23.5, 24.5 and 22 hours', () => {
		expect(hoursOfDay(2026, 3, 29, 'Europe/Berlin')).toBe(23);
		expect(hoursOfDay(2026, 10, 25, 'Europe/Berlin')).toBe(25);
		expect(hoursOfDay(2026, 10, 4, 'Australia/Lord_Howe')).toBe(23.5);
		expect(hoursOfDay(2026, 4, 5, 'Australia/Lord_Howe')).toBe(24.5);
		expect(hoursOfDay(2026, 3, 29, 'Antarctica/Troll')).toBe(22);
	});

	it('leave out 30 December 2011 in Samoa', () => {
		const starts = bucketStarts(
			Date.UTC(2011, 11, 28, 12),
			Date.UTC(2012, 0, 1, 12),
			'day',
			'Pacific/Apia',
		);
		const days = starts.map((start) => localParts(start, 'Pacific/Apia').day);
		expect(days).toEqual([28, 29, 31, 1, 2]);
		expect(bucketEnd(starts[1]!, 'day', 'Pacific/Apia')).toBe(starts[2]);
	});

	it('give the repeated hour two buckets and the skipped one none', () => {
		const autumn = bucketStarts(
			Date.UTC(2026, 9, 24, 22),
			Date.UTC(2026, 9, 25, 23),
			'hour',
			'Europe/Berlin',
		);
		expect(autumn.map((at) => localParts(at, 'Europe/Berlin').hour).slice(0, 6)).toEqual([
			0, 1, 2, 2, 3, 4,
		]);
		expect(autumn).toHaveLength(25);
		const spring = bucketStarts(
			Date.UTC(2026, 2, 28, 23),
			Date.UTC(2026, 2, 29, 22),
			'hour',
			'Europe/Berlin',
		);
		expect(spring.map((at) => localParts(at, 'Europe/Berlin').hour).slice(0, 4)).toEqual([
			0, 1, 3, 4,
		]);
	});

	it('keep a day whole whose clock went back over midnight', () => {
		// St. John's went from 00:01 back to 23:01: 29 October 2006 had begun and goes on.
		const begun = Date.UTC(2006, 9, 29, 2, 30);
		expect(localParts(begun, 'America/St_Johns').day).toBe(29);
		const again = begun + 30 * 60_000;
		expect(localParts(again, 'America/St_Johns').day).toBe(28);
		expect(bucketStart(again, 'day', 'America/St_Johns')).toBe(begun);
		expect(bucketEnd(begun, 'day', 'America/St_Johns')).toBe(Date.UTC(2006, 9, 30, 3, 30));
	});

	it('begin weeks on Monday and months on the first', () => {
		const at = Date.UTC(2026, 10, 20, 12);
		expect(new Date(bucketStart(at, 'week', 'UTC')).toISOString()).toBe('2026-11-16T00:00:00.000Z');
		expect(new Date(bucketStart(at, 'month', 'Asia/Kolkata')).toISOString()).toBe(
			'2026-10-31T18:30:00.000Z',
		);
	});

	it('refuse a range of too many buckets before counting them', () => {
		expect(() => bucketStarts(0, 200_000 * DAY_MS, 'hour', 'UTC', 5000)).toThrow(RangeError);
		expect(bucketStarts(0, 4999 * HOUR_MS, 'hour', 'UTC', 5000)).toHaveLength(4999);
	});

	it('refuse an unknown zone', () => {
		expect(() => bucketStart(0, 'day', 'Mars/Olympus')).toThrow(RangeError);
	});
});

describe('shiftLocal', () => {
	it('keeps the wall clock over a clock change, and the count of days', () => {
		const noon = Date.UTC(2026, 3, 2, 10);
		const earlier = shiftLocal(noon, -30, 'day', 'Europe/Berlin');
		expect(localParts(earlier, 'Europe/Berlin')).toMatchObject({ month: 3, day: 3, hour: 12 });
		expect(localDaysBetween(earlier, noon, 'Europe/Berlin')).toBe(30);
	});

	it('ends a month early that has no such day', () => {
		const shifted = shiftLocal(Date.UTC(2026, 2, 31, 5), -1, 'month', 'UTC');
		expect(new Date(shifted).toISOString()).toBe('2026-02-28T05:00:00.000Z');
	});

	it('lands behind a skipped hour and on the first of a repeated one', () => {
		const skipped = shiftLocal(Date.UTC(2026, 2, 28, 1, 30), 1, 'day', 'Europe/Berlin');
		expect(new Date(skipped).toISOString()).toBe('2026-03-29T01:00:00.000Z');
		const repeated = shiftLocal(Date.UTC(2026, 9, 24, 0, 30), 1, 'day', 'Europe/Berlin');
		expect(new Date(repeated).toISOString()).toBe('2026-10-25T00:30:00.000Z');
	});

	it('comes back where it was, but for skipped and repeated hours', () => {
		fc.assert(
			fc.property(zone, instant, fc.integer({ min: -800, max: 800 }), (timeZone, at, days) => {
				const there = shiftLocal(at, days, 'day', timeZone);
				const back = shiftLocal(there, -days, 'day', timeZone);
				expect(Math.abs(back - at)).toBeLessThanOrEqual(DAY_MS);
				if (localDaysBetween(there, back, timeZone) === -days) {
					expect(localDaysBetween(at, back, timeZone)).toBe(0);
				}
			}),
			{ numRuns: 1000 },
		);
	});
});
