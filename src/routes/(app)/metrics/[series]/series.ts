/** From the backend's answer to what the page shows. Pure: the page only lays it out. */
import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../../../convex/_generated/api.js';
import {
	changeOf,
	currencyExponent,
	formatValue,
	isInPoints,
	unitLabel,
} from '../../../../lib/metrics/format.ts';
import type { Unit } from '../../../../lib/metrics/dataPoint.ts';
import { formatBucket, formatIso } from '../../../../lib/metrics/formatTime.ts';
import { bucketStarts, type Granularity } from '../../../../lib/metrics/granularity.ts';
import { alignPrevious, statsOf } from '../../../../lib/metrics/series.ts';

export type SeriesAnswer = NonNullable<FunctionReturnType<typeof api.metrics.series>>;

/** One bucket with its counterpart of the earlier period. */
export interface Row {
	start: number;
	value: number | null;
	previousStart: number | null;
	previous: number | null;
	/** As changeOf returns it. */
	change: number | null;
}

export function rowsOf(answer: SeriesAnswer): Row[] {
	const { timeZone, unit } = answer.series;
	const before = answer.previous
		? bucketStarts(answer.previous.from, answer.previous.to, answer.granularity, timeZone)
		: [];
	const previous = alignPrevious(answer.previous?.values ?? [], answer.starts.length);
	return answer.starts.map((start, index) => {
		const value = answer.values[index] ?? null;
		return {
			start,
			value,
			previousStart: before[index] ?? null,
			previous: previous[index] ?? null,
			change: changeOf(value, previous[index] ?? null, unit),
		};
	});
}

/** The figure at the head of the page: a level's last value, an amount's total. */
export interface Headline {
	value: number | null;
	previous: number | null;
	change: number | null;
	/** When the value was read; null for totals. */
	at: number | null;
	/** When the earlier value was read; null for totals. */
	previousAt: number | null;
}

export function headlineOf(answer: SeriesAnswer): Headline {
	const { unit } = answer.series;
	if (answer.level) {
		const { value, at, previous, previousAt, change } = answer.level;
		const isCompared = answer.previous !== null;
		return {
			value,
			at,
			previous: isCompared ? previous : null,
			previousAt: isCompared ? previousAt : null,
			change: isCompared ? change : null,
		};
	}
	const value = statsOf(answer.values)?.sum ?? null;
	const previous = statsOf(answer.previous?.values ?? [])?.sum ?? null;
	return { value, previous, change: changeOf(value, previous, unit), at: null, previousAt: null };
}

/** An average keeps so many digits; what follows is dust of the division, not knowledge. */
const AVERAGE_DIGITS = 6;

/** A bucket's value with every digit that means something. */
export function exactValue(
	value: number | null,
	{ unit, merge }: Pick<SeriesAnswer['series'], 'unit' | 'merge'>,
): string {
	if (value === null || merge !== 'avg') return formatValue(value, unit, 'exact');
	const kept =
		Math.abs(value) >= 10 ** AVERAGE_DIGITS
			? Math.round(value)
			: Number(value.toPrecision(AVERAGE_DIGITS));
	return formatValue(kept, unit, 'exact');
}

export interface Stat {
	label: string;
	value: string;
}

const bucketWords: Record<Granularity, string> = {
	hour: 'hour',
	day: 'day',
	week: 'week',
	month: 'month',
};

/** The row of figures under the chart; all over the buckets shown. */
export function statsRow(answer: SeriesAnswer): Stat[] {
	const { stats, series, granularity, values, isLastPartial } = answer;
	const say = (value: number | null) => exactValue(value, series);
	const word = bucketWords[granularity];
	const filled = `${stats?.count ?? 0} of ${values.length}`;
	const ends: Stat[] =
		series.kind === 'gauge'
			? [
					{ label: 'First', value: say(stats?.first ?? null) },
					{
						label: isLastPartial && values.at(-1) !== null ? 'Last, so far' : 'Last',
						value: say(stats?.last ?? null),
					},
				]
			: [{ label: 'Total', value: say(stats?.sum ?? null) }];
	return [
		...ends,
		{ label: 'Lowest', value: say(stats?.min ?? null) },
		{ label: 'Highest', value: say(stats?.max ?? null) },
		{ label: `Average a ${word}`, value: formatValue(stats?.avg ?? null, series.unit) },
		{ label: `${word[0]!.toUpperCase()}${word.slice(1)}s with data`, value: filled },
	];
}

/** A value as a number for a file: money in the currency's major unit, shares in percent. */
export function exportValue(value: number | null, unit: Unit): number | null {
	if (value === null) return null;
	if (typeof unit === 'object') return value / 10 ** currencyExponent(unit.currency);
	return unit === 'ratio' ? value * 100 : value;
}

/** Head and rows of the export. Text goes through csvCell like everything else. */
export function exportRows(answer: SeriesAnswer): (string | number | null)[][] {
	const { series, granularity } = answer;
	const unit = unitLabel(series.unit);
	const name = `${series.name}${unit ? ` (${unit})` : ''}`;
	const head = [`${granularity} starting, ${series.timeZone}`, name];
	if (answer.previous) head.push('Earlier period', `${name}, earlier period`);
	const body = rowsOf(answer).map((row) => {
		const cells: (string | number | null)[] = [
			formatIso(row.start, granularity, series.timeZone),
			exportValue(row.value, series.unit),
		];
		if (answer.previous) {
			cells.push(
				row.previousStart === null
					? null
					: formatIso(row.previousStart, granularity, series.timeZone),
				exportValue(row.previous, series.unit),
			);
		}
		return cells;
	});
	return [head, ...body];
}

/** Units that come in whole numbers have no tick between them: counts, and money in its minor unit. */
export function isWholeUnit(unit: Unit, values: readonly (number | null)[]): boolean {
	if (typeof unit === 'object') return true;
	return unit === 'count' && values.every((value) => value === null || Number.isInteger(value));
}

/** A share cannot exceed the whole, unless the data says otherwise. */
export function ceilingOf(unit: Unit): number | undefined {
	if (!isInPoints(unit)) return undefined;
	return unit === 'ratio' ? 1 : 100;
}

/** "Tue 20 Oct 2026": a bucket as the tooltip and the table name it. */
export const bucketName = (at: number, answer: SeriesAnswer) =>
	formatBucket(at, answer.granularity, answer.series.timeZone);
