import { describe, expect, it } from 'vitest';
import {
	isSparse,
	runsOf,
	sparkBars,
	sparkLine,
	splitBegun,
} from '../../../src/lib/charts/sparkline.ts';

const box = { width: 104, height: 44, pad: 2 };

describe('sparkLine', () => {
	it('draws a gap as a gap: two lines, nothing across', () => {
		const spark = sparkLine([1, 2, null, null, 3, 4], null, box);
		expect(spark.lines).toHaveLength(2);
		expect(spark.areas).toHaveLength(2);
		expect(spark.lines[0]!.match(/[ML]/g)).toHaveLength(2);
	});

	it('shows a lonely value as a dot', () => {
		const spark = sparkLine([null, 5, null, 1, 2], null, box);
		expect(spark.dots).toHaveLength(1);
		expect(spark.lines).toHaveLength(1);
	});

	it('marks a source as late when the last buckets are empty', () => {
		expect(sparkLine([1, 2, null], null, box).isLate).toBe(true);
		expect(sparkLine([1, null, 2], null, box).isLate).toBe(false);
	});

	it('shares one scale with the comparison, so that their heights compare', () => {
		const spark = sparkLine([10, 10], [0, 0], box);
		expect(spark.end!.y).toBe(2);
		expect(spark.compare[0]).toContain(' 42');
	});

	it('draws the step into a begun bucket apart from the line and its area', () => {
		const spark = sparkLine([10, 12, 11, 3], null, box, true);
		expect(spark.lines[0]!.match(/[ML]/g)).toHaveLength(3);
		expect(spark.begun!.match(/[ML]/g)).toHaveLength(2);
		expect(spark.begun).toContain(`${spark.end!.x} ${spark.end!.y}`);
		expect(sparkLine([10, 12, 11, 3], null, box).begun).toBeNull();
	});

	it('takes a late source for late, not for begun', () => {
		expect(sparkLine([10, 12, null], null, box, true)).toMatchObject({ begun: null, isLate: true });
	});

	it('leads to values too few to make a shape, and only to those', () => {
		expect(sparkLine([null, null, null, 5], null, box, true).lead).toBe('M2 22H102');
		expect(sparkLine([null, 1, 2, 3, 4], null, box).lead).toBeNull();
		expect(sparkLine([null, null, null, 5], [1, 2, 3, 4], box).lead).toBeNull();
		expect(sparkLine([null, null], null, box).lead).toBeNull();
	});

	it('has nothing to draw without data', () => {
		expect(sparkLine([null, null], null, box)).toMatchObject({
			lines: [],
			dots: [],
			end: null,
			isLate: false,
		});
	});

	it('stays inside its box', () => {
		const spark = sparkLine([-5, 100, 3], [200, -80, 1], box);
		const numbers = spark.lines
			.concat(spark.compare)
			.flatMap((d) => [...d.matchAll(/([\d.-]+) ([\d.-]+)/g)])
			.flatMap(([, x, y]) => [
				[Number(x), box.width],
				[Number(y), box.height],
			]);
		for (const [value, limit] of numbers) {
			expect(value!).toBeGreaterThanOrEqual(0);
			expect(value!).toBeLessThanOrEqual(limit!);
		}
	});
});

describe('sparkBars', () => {
	it('leaves the slot of a missing value empty and gives zero a foot', () => {
		const bars = sparkBars([4, null, 0, 8], box);
		expect(bars).toHaveLength(3);
		expect(bars[1]!.height).toBeGreaterThan(0);
		expect(bars[1]!.height).toBeLessThan(2);
		expect(bars[2]).toMatchObject({ isLast: true, height: 44 });
		expect(bars[0]!.height).toBe(22);
	});

	it('hangs negative values below the zero line', () => {
		const [up, down] = sparkBars([10, -10], box);
		expect(up!.y + up!.height).toBeCloseTo(22);
		expect(down!.y).toBeCloseTo(22);
	});
});

describe('splitBegun', () => {
	it('shares the last settled value, so that the two parts meet', () => {
		expect(splitBegun([1, 2, 3], true)).toEqual({ whole: [1, 2, null], begun: [null, 2, 3] });
	});

	it('leaves a value alone that nothing leads to', () => {
		expect(splitBegun([1, null, 3], true)).toEqual({ whole: [1, null, 3], begun: null });
		expect(splitBegun([3], true)).toEqual({ whole: [3], begun: null });
	});
});

describe('isSparse', () => {
	it('counts values, not slots', () => {
		expect(isSparse([null, null, 0, 0])).toBe(true);
		expect(isSparse([0, 0, 0, 0])).toBe(false);
	});
});

describe('runsOf', () => {
	it('finds the spans with data', () => {
		expect(runsOf([null, 1, 2, null, 3])).toEqual([
			{ start: 1, end: 2 },
			{ start: 4, end: 4 },
		]);
	});
});
