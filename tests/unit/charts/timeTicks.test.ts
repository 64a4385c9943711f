import { describe, expect, it } from 'vitest';
import { LABEL_GAP_PX, timeTicks } from '../../../src/lib/charts/timeTicks.ts';

const at = (iso: string) => Date.parse(iso);
const ZONE = 'Europe/Berlin';

function gapsPx(ticks: { at: number }[], from: number, to: number, width: number) {
	return ticks.slice(1).map((tick, index) => ((tick.at - ticks[index]!.at) / (to - from)) * width);
}

describe('timeTicks', () => {
	const spans: [string, string, string][] = [
		['a day', '2026-11-19T23:00Z', '2026-11-20T23:00Z'],
		['a week', '2026-11-13T23:00Z', '2026-11-20T12:42Z'],
		['30 days', '2026-10-21T22:00Z', '2026-11-20T12:42Z'],
		['90 days', '2026-08-22T22:00Z', '2026-11-20T12:42Z'],
		['a year', '2025-11-20T23:00Z', '2026-11-20T12:42Z'],
		['four years', '2022-11-20T23:00Z', '2026-11-20T12:42Z'],
	];
	for (const [name, start, end] of spans) {
		for (const width of [280, 640, 1100]) {
			it(`keeps labels of ${name} apart at ${width} px`, () => {
				const [from, to] = [at(start), at(end)];
				const ticks = timeTicks(from, to, width, ZONE);
				expect(ticks.length).toBeGreaterThan(0);
				expect(ticks.every((tick) => tick.at >= from && tick.at <= to)).toBe(true);
				// The clock set back and short months take a few px from one gap.
				const nearest = Math.min(LABEL_GAP_PX, ...gapsPx(ticks, from, to, width));
				expect(nearest).toBeGreaterThan(LABEL_GAP_PX * 0.88);
			});
		}
	}

	it('labels midnights of the zone, also across the clock change of 25 October', () => {
		const ticks = timeTicks(at('2026-10-23T22:00Z'), at('2026-10-27T23:00Z'), 500, ZONE);
		expect(ticks.map((tick) => tick.label)).toEqual([
			'24 Oct',
			'25 Oct',
			'26 Oct',
			'27 Oct',
			'28 Oct',
		]);
		expect(ticks.map((tick) => new Date(tick.at).getUTCHours())).toEqual([22, 22, 23, 23, 23]);
	});

	it('names hours within a day and the date at midnight', () => {
		const ticks = timeTicks(at('2026-11-19T23:00Z'), at('2026-11-20T22:59Z'), 500, ZONE);
		expect(ticks.map((tick) => tick.label)).toEqual(['20 Nov', '06:00', '12:00', '18:00']);
	});

	it('never labels more finely than a bucket', () => {
		const month = 30 * 86_400_000;
		const ticks = timeTicks(at('2026-08-31T22:00Z'), at('2026-11-20T12:00Z'), 1000, ZONE, month);
		expect(ticks.map((tick) => tick.label)).toEqual(['Sep', 'Oct', 'Nov']);
	});

	it('has no ticks for an empty range or before it has a width', () => {
		expect(timeTicks(5, 5, 500, ZONE)).toEqual([]);
		expect(timeTicks(0, 1e9, 0, ZONE)).toEqual([]);
	});
});
