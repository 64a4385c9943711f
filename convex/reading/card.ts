/** One card of the overview: the number, what it is compared with, and its shape. */
import type { Infer } from 'convex/values';
import { changeOf } from '../../src/lib/metrics/format.ts';
import { bucketStarts, type Granularity } from '../../src/lib/metrics/granularity.ts';
import { previousRange, type Range } from '../../src/lib/metrics/range.ts';
import { regroup, type Rollup } from '../../src/lib/metrics/rollup.ts';
import { alignPrevious, fillSeries } from '../../src/lib/metrics/series.ts';
import type { Doc } from '../_generated/dataModel.js';
import type { ReadCtx } from '../sync/claim.ts';
import { readLevel } from './level.ts';
import { readBefore, readSpan, readStored, totalOf } from './rollups.ts';
import type { vCard } from './shapes.ts';
import { healthOfSeries, iconOf, nameOf, type Source } from './sources.ts';

export interface CardAsk {
	range: Range;
	rangeDays: number;
	isCompared: boolean;
}

type Stored = 'hour' | 'day';

/** A week has shape by the hour, a year by the week. */
function sparkOf(rangeDays: number): { stored: Stored; shown: Granularity } {
	if (rangeDays <= 7) return { stored: 'hour', shown: 'hour' };
	return { stored: 'day', shown: rangeDays <= 100 ? 'day' : 'week' };
}

/** Reads each stored rollup of the two periods once. */
export async function readCard(
	ctx: ReadCtx,
	series: Doc<'series'>,
	state: Doc<'seriesStates'> | null,
	source: Source | null,
	{ range, rangeDays, isCompared }: CardAsk,
): Promise<Infer<typeof vCard>> {
	const { stored, shown } = sparkOf(rangeDays);
	const { timeZone, kind, unit } = series;
	const earlier = previousRange(range, 'day', timeZone);
	const rollups = await readStored(ctx, series, stored, earlier.from, range.to);
	const own = rollups.filter((rollup) => rollup.start >= range.from);
	const before = rollups.filter((rollup) => rollup.start < range.from);
	const ahead = kind === 'cumulative' ? await readBefore(ctx, series, stored, earlier.from) : null;
	const shape = (rows: readonly Rollup[], { from, to }: Range, first: Rollup | null) => {
		const starts = bucketStarts(from, to, shown, timeZone);
		const shaped = shown === stored ? rows : regroup(rows, shown, timeZone);
		return fillSeries(starts, shaped, series, first);
	};
	const lastBefore = before[before.length - 1] ?? ahead;
	const spark = shape(own, range, lastBefore);
	const level =
		kind === 'gauge'
			? await readLevel(ctx, series, state, range, stored === 'day' ? rollups : undefined)
			: null;
	// A level whose last point is older than the range is still the last one known; its age says how old.
	const value = level ? (state?.lastValue ?? null) : sumOf(spark);
	const previous = level
		? level.previous
		: totalOf(await samePart(ctx, series, earlier, stored, before), kind, ahead);
	return {
		seriesId: series._id,
		connectionId: series.connectionId,
		service: series.service,
		icon: iconOf(series.service),
		name: series.name,
		context: series.context || nameOf(series, source),
		unit,
		kind,
		direction: series.direction,
		chart: series.chart,
		value,
		valueAt: kind === 'gauge' ? (state?.lastAt ?? null) : null,
		previous,
		change: changeOf(value, previous, unit),
		spark,
		previousSpark: isCompared ? alignPrevious(shape(before, earlier, ahead), spark.length) : null,
		health: healthOfSeries(series, state, source),
		failure: state?.failure ?? source?.health?.failure ?? null,
		lastPointAt: state?.lastAt ?? null,
	};
}

function sumOf(values: readonly (number | null)[]): number | null {
	let sum: number | null = null;
	for (const value of values) if (value !== null) sum = (sum ?? 0) + value;
	return sum;
}

/** The earlier period up to the same time of day; with hours at hand they say it, else the last day is read by hours. */
async function samePart(
	ctx: ReadCtx,
	series: Doc<'series'>,
	{ from, to }: Range,
	stored: Stored,
	rollups: readonly Rollup[],
): Promise<Rollup | null> {
	if (stored === 'day') return await readSpan(ctx, series, from, to, rollups);
	return await readSpan(ctx, series, from, to);
}
