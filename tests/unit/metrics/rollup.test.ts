import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toColumns } from '../../../src/lib/metrics/dataPoint.ts';
import { DAY_MS, HOUR_MS } from '../../../src/lib/metrics/granularity.ts';
import { regroup, rollupHours, valueOf, type Rollup } from '../../../src/lib/metrics/rollup.ts';
import { zones } from './zones.ts';

/** Around every kind of clock change of the forty zones. */
const edges = [
	Date.UTC(2026, 2, 29),
	Date.UTC(2026, 9, 25),
	Date.UTC(2026, 2, 8),
	Date.UTC(2026, 10, 1),
	Date.UTC(2026, 3, 5),
	Date.UTC(2026, 9, 4),
	Date.UTC(2011, 11, 30),
	Date.UTC(2006, 9, 29),
	Date.UTC(2026, 1, 15),
];
const at = fc.oneof(
	fc
		.tuple(fc.constantFrom(...edges), fc.integer({ min: -36 * HOUR_MS, max: 36 * HOUR_MS }))
		.map(([e, d]) => e + d),
	fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2026, 11, 31) }),
);
const points = fc.array(fc.record({ at, value: fc.integer({ min: -1000, max: 1000 }) }), {
	minLength: 1,
	maxLength: 120,
});
const total = (rollups: readonly Rollup[]) => rollups.reduce((sum, one) => sum + one.sum, 0);
const count = (rollups: readonly Rollup[]) => rollups.reduce((sum, one) => sum + one.count, 0);

describe('sums agree', () => {
	it('of months, weeks, days, hours and points, in 40 zones and over every clock change', () => {
		fc.assert(
			fc.property(fc.constantFrom(...zones), points, (timeZone, raw) => {
				const columns = toColumns(raw);
				const sum = columns.values.reduce((a, b) => a + b, 0);
				const hours = rollupHours(columns, timeZone);
				const days = regroup(hours, 'day', timeZone);
				for (const level of [
					hours,
					days,
					regroup(days, 'week', timeZone),
					regroup(days, 'month', timeZone),
				]) {
					expect(total(level)).toBe(sum);
					expect(count(level)).toBe(columns.ats.length);
					expect(level.map((one) => one.start)).toEqual(
						[...new Set(level.map((one) => one.start))].sort((a, b) => a - b),
					);
				}
			}),
			{ numRuns: 1500 },
		);
	});

	it('of the growth of a running total, however it is cut', () => {
		fc.assert(
			fc.property(fc.constantFrom(...zones), points, (timeZone, raw) => {
				const columns = toColumns(raw.map((p) => ({ ...p, value: Math.abs(p.value) })));
				const grown = columns.values.reduce((sum, v, i) => {
					const before = columns.values[i - 1];
					return before === undefined ? 0 : sum + (v >= before ? v - before : v);
				}, 0);
				const hours = rollupHours(columns, timeZone);
				const days = regroup(hours, 'day', timeZone);
				for (const level of [hours, days, regroup(days, 'week', timeZone)]) {
					const shown = level.map((one, i) =>
						valueOf(one, 'cumulative', 'last', level[i - 1] ?? null),
					);
					expect(shown.reduce((a, b) => a + b, 0)).toBe(grown);
				}
			}),
			{ numRuns: 500 },
		);
	});

	it('of a year by brute force: each day is the sum of the points with its date', () => {
		const zone = 'Europe/Berlin';
		const raw = Array.from({ length: 9000 }, (_, i) => ({
			at: Date.UTC(2026, 0, 1) + i * 3_599_000,
			value: (i * 37) % 101,
		}));
		const date = new Intl.DateTimeFormat('sv-SE', { timeZone: zone });
		const expected = new Map<string, number>();
		for (const p of raw)
			expected.set(date.format(p.at), (expected.get(date.format(p.at)) ?? 0) + p.value);
		const days = regroup(rollupHours(toColumns(raw), zone), 'day', zone);
		expect(new Map(days.map((day) => [date.format(day.start), day.sum]))).toEqual(expected);
	});
});

describe('a rollup', () => {
	const hour = rollupHours(
		toColumns([
			{ at: 30, value: 4 },
			{ at: 10, value: 9 },
			{ at: 20, value: -1 },
		]),
		'UTC',
	)[0]!;

	it('keeps count, sum, extremes, first and last in order of time', () => {
		expect(hour).toEqual({
			start: 0,
			count: 3,
			sum: 12,
			min: -1,
			max: 9,
			first: 9,
			last: 4,
			lastAt: 30,
			rise: -1 + 5,
		});
	});

	it('shows what its kind and merge rule say', () => {
		const shown = (merge: 'sum' | 'avg' | 'min' | 'max' | 'last') =>
			valueOf(hour, 'gauge', merge, null);
		expect([shown('sum'), shown('avg'), shown('min'), shown('max'), shown('last')]).toEqual([
			12, 4, -1, 9, 4,
		]);
		expect(valueOf(hour, 'delta', 'last', null)).toBe(12);
	});

	it('counts a total that was restarted from 0', () => {
		const columns = toColumns([5, 8, 2, 6].map((value, i) => ({ at: i, value })));
		expect(rollupHours(columns, 'UTC')[0]!.rise).toBe(3 + 2 + 4);
	});

	it('bridges a gap of days in a running total', () => {
		const days = regroup(
			rollupHours(
				toColumns([
					{ at: 0, value: 100 },
					{ at: 5 * DAY_MS, value: 130 },
				]),
				'UTC',
			),
			'day',
			'UTC',
		);
		expect(valueOf(days[1]!, 'cumulative', 'last', days[0]!)).toBe(30);
	});

	it('loses no cents to the order of adding', () => {
		const tenths = Array.from({ length: 1000 }, (_, i) => ({ at: i * HOUR_MS, value: 0.1 }));
		const days = regroup(rollupHours(toColumns(tenths), 'UTC'), 'day', 'UTC');
		expect(regroup(days, 'month', 'UTC').reduce((sum, month) => sum + month.sum, 0)).toBeCloseTo(
			100,
			12,
		);
	});

	it('stays finite where a sum overflows', () => {
		const huge = toColumns([0, 1, 2].map((i) => ({ at: i, value: Number.MAX_VALUE })));
		expect(rollupHours(huge, 'UTC')[0]!.sum).toBe(Number.MAX_VALUE);
	});
});
