import { describe, expect, it } from 'vitest';
import {
	metricQuery,
	parseMetricView,
	resolveView,
	stepView,
	zoomTo,
	type MetricView,
} from '../../../src/routes/(app)/metrics/[series]/view.ts';

const NOW = Date.parse('2026-11-20T12:42:00Z');
const ZONE = 'Europe/Berlin';
const HOUR_MS = 3_600_000;
const plain: MetricView = {
	range: 30,
	granularity: null,
	compare: true,
	isTable: false,
	fromZero: false,
};
const parse = (query: string) => parseMetricView(new URLSearchParams(query));

describe('the address of a metric page', () => {
	it('is bare for the default view and says every other choice', () => {
		expect(metricQuery(plain)).toBe('');
		const view: MetricView = {
			range: { from: NOW - 50 * HOUR_MS, to: NOW },
			granularity: 'hour',
			compare: false,
			isTable: true,
			fromZero: true,
		};
		expect(parse(metricQuery(view))).toEqual(view);
		expect(parse(metricQuery({ ...plain, range: 90 })).range).toBe(90);
	});

	it('takes nonsense for the default', () => {
		for (const query of [
			'range=13',
			'from=9&to=3',
			'from=1',
			'from=abc&to=1',
			'by=second',
			`from=1&to=${NOW}`,
		]) {
			expect(parse(query)).toEqual(plain);
		}
	});
});

describe('resolveView', () => {
	it('ends with the running bucket, so the question does not change every second', () => {
		const first = resolveView(plain, NOW, ZONE);
		expect(first).toMatchObject({ granularity: 'day', to: Date.parse('2026-11-20T23:00:00Z') });
		expect(resolveView(plain, NOW + HOUR_MS, ZONE)).toEqual(first);
	});

	it('begins at a local midnight', () => {
		expect(resolveView(plain, NOW, ZONE).from).toBe(Date.parse('2026-10-21T22:00:00Z'));
	});

	it('does not ask for a granularity the range cannot have', () => {
		expect(resolveView({ ...plain, range: 365, granularity: 'hour' }, NOW, ZONE).granularity).toBe(
			'week',
		);
		expect(resolveView({ ...plain, range: 7, granularity: 'day' }, NOW, ZONE).granularity).toBe(
			'day',
		);
	});
});

describe('zoomTo', () => {
	it('keeps the dragged span and lets it choose its granularity', () => {
		const zoomed = zoomTo(NOW - 100 * HOUR_MS, NOW, { ...plain, granularity: 'week' });
		expect(zoomed).toMatchObject({
			range: { from: NOW - 100 * HOUR_MS, to: NOW },
			granularity: null,
		});
	});

	it('widens a span too narrow to show, and drops an empty one', () => {
		const zoomed = zoomTo(NOW - HOUR_MS, NOW, plain)!.range as { from: number; to: number };
		expect(zoomed.to - zoomed.from).toBe(3 * HOUR_MS);
		expect(zoomTo(NOW, NOW, plain)).toBeNull();
	});
});

describe('stepView', () => {
	it('goes to the span before and comes back to now', () => {
		const earlier = stepView(plain, -1, NOW, ZONE);
		const range = earlier.range as { from: number; to: number };
		expect(range.to).toBe(resolveView(plain, NOW, ZONE).from);
		expect((range.to - range.from) / (24 * HOUR_MS)).toBeCloseTo(30, 1);
		expect(stepView(stepView(earlier, 1, NOW, ZONE), 1, NOW, ZONE).range).toBe(30);
	});
});
