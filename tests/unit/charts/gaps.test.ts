import { describe, expect, it } from 'vitest';
import { gapSpans } from '../../../src/lib/charts/gaps.ts';

const DAY_MS = 86_400_000;
const starts = Array.from({ length: 8 }, (_, index) => index * DAY_MS);

describe('gapSpans', () => {
	it('spans from where the line ends to where it begins again and counts the missing days', () => {
		expect(gapSpans(starts, [1, 2, null, null, null, null, 3, 4], 'line')).toEqual([
			{ from: DAY_MS, to: 6 * DAY_MS, length: '4 d' },
		]);
	});

	it('covers the empty slots of bars, which are centred on their starts', () => {
		expect(gapSpans(starts, [1, null, 3, 4, 5, 6, 7, 8], 'bar')).toEqual([
			{ from: DAY_MS / 2, to: DAY_MS * 1.5, length: '1 d' },
		]);
	});

	it('does not call the time before the first and after the last value a gap', () => {
		expect(gapSpans(starts, [null, null, 1, 2, 3, null, null, null], 'line')).toEqual([]);
	});
});
