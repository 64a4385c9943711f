import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisFor, extentOf, linear, niceStep } from '../../../src/lib/charts/scales.ts';

describe('linear', () => {
	it('maps ends to ends and the middle to the middle, downwards too', () => {
		const y = linear({ min: 10, max: 30 }, 200, 0);
		expect([y(10), y(20), y(30)]).toEqual([200, 100, 0]);
	});

	it('puts a flat series in the middle instead of dividing by zero', () => {
		expect(linear({ min: 5, max: 5 }, 0, 40)(5)).toBe(20);
	});
});

describe('extentOf', () => {
	it('spans all columns and leaves nulls out', () => {
		expect(extentOf([null, 4, null], [9, -2], null)).toEqual({ min: -2, max: 9 });
	});

	it('is null without a number: no data is not zero', () => {
		expect(extentOf([null, null])).toBeNull();
	});
});

describe('niceStep', () => {
	it('counts in 1, 2, 2.5 and 5', () => {
		expect([0.9, 1.1, 2.1, 3, 6, 0.03].map((rough) => niceStep(rough))).toEqual([
			1, 2, 2.5, 5, 10, 0.05,
		]);
	});

	it('never halves what comes in whole numbers', () => {
		expect([0.2, 1.2, 2.3].map((rough) => niceStep(rough, true))).toEqual([1, 2, 5]);
	});
});

describe('axisFor', () => {
	it('cuts the axis of a line far from zero and says so', () => {
		const axis = axisFor({ min: 40_300, max: 52_000 }, { fromZero: false });
		expect(axis.isCut).toBe(true);
		expect(axis.min).toBeLessThanOrEqual(40_300);
		expect(axis.min).toBeGreaterThan(30_000);
	});

	it('keeps zero where the data comes close to it', () => {
		expect(axisFor({ min: 3, max: 40 }, { fromZero: false })).toMatchObject({
			min: 0,
			isCut: false,
		});
	});

	it('always starts bars at zero', () => {
		expect(axisFor({ min: 900, max: 1000 }, { fromZero: true }).min).toBe(0);
	});

	it('does not go beyond 100 %', () => {
		const axis = axisFor({ min: 99.2, max: 99.98 }, { fromZero: false, ceiling: 100 });
		expect(axis.max).toBeLessThanOrEqual(100);
		expect(axis.ticks.every((tick) => tick <= 100)).toBe(true);
	});

	it('gives an axis to a single value and to no data at all', () => {
		const flat = axisFor({ min: 7, max: 7 }, { fromZero: false });
		expect(flat.min).toBeLessThan(7);
		expect(flat.max).toBeGreaterThan(7);
		expect(axisFor({ min: 0, max: 0 }, { fromZero: true })).toMatchObject({ min: 0, max: 1 });
		expect(axisFor(null, { fromZero: true }).ticks.length).toBeGreaterThan(1);
	});

	it('holds any data between ascending ticks, with 3 to 7 lines', () => {
		const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
		fc.assert(
			fc.property(value, value, fc.boolean(), (a, b, fromZero) => {
				const extent = { min: Math.min(a, b), max: Math.max(a, b) };
				fc.pre(extent.max - extent.min > 1e-12 + Math.max(Math.abs(a), Math.abs(b)) * 1e-6);
				const axis = axisFor(extent, { fromZero });
				const slack = (axis.max - axis.min) * 1e-6;
				expect(axis.min - slack).toBeLessThanOrEqual(extent.min);
				expect(axis.max + slack).toBeGreaterThanOrEqual(extent.max);
				expect(
					axis.ticks.every((tick, index) => index === 0 || tick > axis.ticks[index - 1]!),
				).toBe(true);
				expect(axis.ticks.length).toBeGreaterThanOrEqual(3);
				expect(axis.ticks.length).toBeLessThanOrEqual(7);
			}),
		);
	});
});
