import { describe, expect, it } from 'vitest';
import { toColumns } from '../../../src/lib/metrics/dataPoint.ts';
import { bucketStarts, DAY_MS } from '../../../src/lib/metrics/granularity.ts';
import {
	granularityChoices,
	granularityOf,
	previousRange,
	rangeOfDays,
} from '../../../src/lib/metrics/range.ts';
import { regroup, rollupHours } from '../../../src/lib/metrics/rollup.ts';
import { alignPrevious, fillSeries, gapsOf, statsOf } from '../../../src/lib/metrics/series.ts';

const daysOf = (values: (number | null)[], timeZone = 'UTC') => {
	const points = values.flatMap((value, i) =>
		value === null ? [] : [{ at: i * DAY_MS + 1, value }],
	);
	return regroup(rollupHours(toColumns(points), timeZone), 'day', timeZone);
};
const starts = (count: number) => Array.from({ length: count }, (_, i) => i * DAY_MS);

describe('filling', () => {
	it('leaves a gap a gap: never 0, never carried, never interpolated', () => {
		const rollups = daysOf([1, null, null, 4]);
		expect(fillSeries(starts(5), rollups, { kind: 'gauge', merge: 'last' })).toEqual([
			1,
			null,
			null,
			4,
			null,
		]);
		expect(fillSeries(starts(5), rollups, { kind: 'delta', merge: 'sum' })).toEqual([
			1,
			null,
			null,
			4,
			null,
		]);
	});

	it('differences a running total against the last bucket with data, before the range as well', () => {
		const rollups = daysOf([100, null, 130, 150]);
		const reading = { kind: 'cumulative', merge: 'last' } as const;
		expect(fillSeries(starts(4), rollups, reading)).toEqual([0, null, 30, 20]);
		expect(fillSeries(starts(4).slice(2), rollups.slice(1), reading, rollups[0])).toEqual([30, 20]);
	});

	it('finds gaps between data only', () => {
		const values = [null, 1, null, null, 4, 5, null];
		expect(gapsOf(starts(7), values, 'day', 'UTC')).toEqual([{ from: 2 * DAY_MS, to: 4 * DAY_MS }]);
	});

	it('counts only buckets with data', () => {
		expect(statsOf([null, 2, 6, null, 1])).toEqual({
			first: 2,
			last: 1,
			min: 1,
			max: 6,
			sum: 9,
			avg: 3,
			count: 3,
		});
		expect(statsOf([null])).toBeNull();
	});

	it('lines an earlier period of another length up', () => {
		expect(alignPrevious([1, 2], 3)).toEqual([1, 2, null]);
		expect(alignPrevious([1, 2, 3, 4], 3)).toEqual([1, 2, 3]);
	});
});

describe('ranges', () => {
	const now = Date.UTC(2026, 10, 20, 12, 30);
	const zone = 'Europe/Berlin';

	it('of 30 days end now and hold today', () => {
		const range = rangeOfDays(30, now, zone);
		expect(new Date(range.from).toISOString()).toBe('2026-10-21T22:00:00.000Z');
		expect(bucketStarts(range.from, range.to, 'day', zone)).toHaveLength(30);
	});

	it('are compared with as many days, up to the same time of day', () => {
		const before = previousRange(rangeOfDays(30, now, zone), 'day', zone);
		expect(new Date(before.from).toISOString()).toBe('2026-09-21T22:00:00.000Z');
		expect(new Date(before.to).toISOString()).toBe('2026-10-21T11:30:00.000Z');
		expect(bucketStarts(before.from, before.to, 'day', zone)).toHaveLength(30);
	});

	it('of whole months are compared with the months before', () => {
		const range = { from: Date.UTC(2026, 2, 1), to: Date.UTC(2026, 4, 1) };
		expect(previousRange(range, 'month', 'UTC')).toEqual({
			from: Date.UTC(2026, 0, 1),
			to: Date.UTC(2026, 2, 1),
		});
		const one = { from: Date.UTC(2026, 2, 1), to: Date.UTC(2026, 3, 1) };
		expect(previousRange(one, 'month', 'UTC')).toEqual({
			from: Date.UTC(2026, 1, 1),
			to: Date.UTC(2026, 2, 1),
		});
	});

	it('imply a granularity a chart can draw', () => {
		const of = (days: number) => granularityOf({ from: 0, to: days * DAY_MS });
		expect([1, 7, 30, 90, 365, 730, 1460].map(of)).toEqual([
			'hour',
			'hour',
			'day',
			'day',
			'week',
			'week',
			'month',
		]);
		expect(granularityChoices({ from: 0, to: 30 * DAY_MS })).toEqual(['hour', 'day', 'week']);
	});
});
