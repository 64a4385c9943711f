/** Ordered buckets for a chart. Null is "no data", all the way to the tooltip; nothing is ever carried or interpolated. */
import type { Merge, MetricKind } from './dataPoint.ts';
import { bucketEnd, type Granularity } from './granularity.ts';
import { valueOf, type Rollup } from './rollup.ts';

export interface Reading {
	kind: MetricKind;
	merge: Merge;
}

/**
 * Values for the buckets that begin at `starts`; a bucket without a rollup is null.
 * `rollups` are of the same granularity, ascending; `before` is the last one ahead of them, for running totals.
 */
export function fillSeries(
	starts: readonly number[],
	rollups: readonly Rollup[],
	{ kind, merge }: Reading,
	before: Rollup | null = null,
): (number | null)[] {
	let at = 0;
	let previous = before;
	return starts.map((start) => {
		while (at < rollups.length && rollups[at]!.start < start) previous = rollups[at++]!;
		const rollup = rollups[at];
		if (!rollup || rollup.start !== start) return null;
		const value = valueOf(rollup, kind, merge, previous);
		return Number.isFinite(value) ? value : null;
	});
}

export interface SeriesStats {
	first: number;
	last: number;
	min: number;
	max: number;
	sum: number;
	avg: number;
	/** Buckets with data. */
	count: number;
}

/** Figures over the buckets with data; null when there are none. */
export function statsOf(values: readonly (number | null)[]): SeriesStats | null {
	let stats: SeriesStats | null = null;
	for (const value of values) {
		if (value === null) continue;
		if (!stats)
			stats = { first: value, last: value, min: value, max: value, sum: 0, avg: 0, count: 0 };
		stats.last = value;
		stats.min = Math.min(stats.min, value);
		stats.max = Math.max(stats.max, value);
		stats.sum += value;
		stats.count++;
	}
	if (stats) stats.avg = stats.sum / stats.count;
	return stats;
}

export interface Gap {
	/** First instant without data. */
	from: number;
	to: number;
}

/** Spans without data between buckets with data. What lies before the first and after the last value is no gap. */
export function gapsOf(
	starts: readonly number[],
	values: readonly (number | null)[],
	granularity: Granularity,
	timeZone: string,
): Gap[] {
	const gaps: Gap[] = [];
	let lastWithData = -1;
	values.forEach((value, i) => {
		if (value === null) return;
		if (lastWithData >= 0 && i - lastWithData > 1) {
			gaps.push({ from: bucketEnd(starts[lastWithData]!, granularity, timeZone), to: starts[i]! });
		}
		lastWithData = i;
	});
	return gaps;
}

/**
 * Lines the earlier period up with this one, bucket by bucket. Periods may differ by a bucket (a DST hour, a month of 28
 * days): what is missing is null, what is too much is dropped.
 */
export function alignPrevious(
	values: readonly (number | null)[],
	length: number,
): (number | null)[] {
	return Array.from({ length }, (_, i) => values[i] ?? null);
}
