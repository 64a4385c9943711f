import { describe, expect, it } from 'vitest';
import { toCsv } from '../../../src/lib/charts/csv.ts';
import {
	exactValue,
	exportRows,
	headlineOf,
	isWholeUnit,
	rowsOf,
	statsRow,
	type SeriesAnswer,
} from '../../../src/routes/(app)/metrics/[series]/series.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-16T23:00:00Z');
const starts = [0, 1, 2, 3].map((day) => START + day * DAY_MS);

function answer(more: object = {}, series: object = {}): SeriesAnswer {
	return {
		series: {
			name: 'MRR',
			context: 'acme',
			unit: { currency: 'EUR' },
			kind: 'gauge',
			direction: 'up',
			timeZone: 'Europe/Berlin',
			...series,
		},
		granularity: 'day',
		starts,
		values: [100_00, null, 120_00, 150_50],
		previous: { from: START - 4 * DAY_MS, to: START, values: [80_00, 90_00, 100_00, 120_00] },
		stats: {
			first: 100_00,
			last: 150_50,
			min: 100_00,
			max: 150_50,
			sum: 370_50,
			avg: 123_50,
			count: 3,
		},
		isLastPartial: true,
		gaps: [],
		...more,
	} as unknown as SeriesAnswer;
}

describe('headlineOf', () => {
	const level = { value: 150_50, at: 30, previous: 120_00, previousAt: 10, change: 0.25 };

	it('is the level as the deployment read it, compared only when asked for', () => {
		expect(headlineOf(answer({ level }))).toEqual(level);
		expect(headlineOf(answer({ level, previous: null }))).toEqual({
			...level,
			previous: null,
			previousAt: null,
			change: null,
		});
	});

	it('is the total of an amount', () => {
		expect(headlineOf(answer({}, { kind: 'delta' }))).toMatchObject({
			value: 370_50,
			previous: 390_00,
			at: null,
		});
	});

	it('is no number without data, never zero', () => {
		expect(
			headlineOf(answer({ values: [null, null, null, null] }, { kind: 'delta' })).value,
		).toBeNull();
	});
});

describe('rowsOf', () => {
	it('puts each bucket beside its counterpart; a gap stays a gap', () => {
		const rows = rowsOf(answer());
		expect(rows[1]).toEqual({
			start: starts[1],
			value: null,
			previousStart: START - 3 * DAY_MS,
			previous: 90_00,
			change: null,
		});
		expect(rows[0]!.change).toBeCloseTo(0.25);
	});
});

describe('exportRows', () => {
	it('gives money in its major unit, days of the workspace and empty cells for no data', () => {
		expect(toCsv(exportRows(answer()))).toBe(
			'\uFEFF"day starting, Europe/Berlin",MRR (EUR),Earlier period,"MRR (EUR), earlier period"\r\n' +
				'2026-11-17,100,2026-11-13,80\r\n2026-11-18,,2026-11-14,90\r\n2026-11-19,120,2026-11-15,100\r\n2026-11-20,150.5,2026-11-16,120\r\n',
		);
	});

	it('has two columns without a comparison', () => {
		expect(exportRows(answer({ previous: null }))[0]).toHaveLength(2);
	});

	it('lets no metric name run as a formula', () => {
		expect(
			toCsv(exportRows(answer({ previous: null }, { name: '=cmd()', unit: 'count' }))),
		).toContain("'=cmd()");
	});
});

describe('statsRow', () => {
	it('adds up amounts and shows the ends of levels', () => {
		expect(statsRow(answer()).map((stat) => stat.label)).toEqual([
			'First',
			'Last, so far',
			'Lowest',
			'Highest',
			'Average a day',
			'Days with data',
		]);
		expect(statsRow(answer({}, { kind: 'delta' }))[0]).toEqual({
			label: 'Total',
			value: '€370.50',
		});
		expect(statsRow(answer()).at(-1)!.value).toBe('3 of 4');
	});
});

describe('isWholeUnit', () => {
	it('has no tick at half a person or half a cent', () => {
		expect(isWholeUnit('count', [1, 2, null])).toBe(true);
		expect(isWholeUnit('count', [1, 2.5])).toBe(false);
		expect(isWholeUnit({ currency: 'EUR' }, [1])).toBe(true);
		expect(isWholeUnit('ms', [1])).toBe(false);
	});
});

describe('exactValue', () => {
	it('keeps the digits of an average that mean something', () => {
		expect(exactValue(63.294554, { unit: 'count', merge: 'avg' })).toBe('63.2946');
		expect(exactValue(1_234_567.8, { unit: 'count', merge: 'avg' })).toBe('1,234,568');
		expect(exactValue(null, { unit: 'count', merge: 'avg' })).toBe('–');
	});

	it('keeps all of what was read', () =>
		expect(exactValue(63.294554, { unit: 'count', merge: 'last' })).toBe('63.294554'));
});
