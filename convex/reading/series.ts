/** One series over a range: what the chart of a metric shows. */
import type { Infer } from 'convex/values';
import {
	bucketEnd,
	bucketStarts,
	DAY_MS,
	type Granularity,
} from '../../src/lib/metrics/granularity.ts';
import { previousRange, type Range } from '../../src/lib/metrics/range.ts';
import { alignPrevious, fillSeries, gapsOf, statsOf } from '../../src/lib/metrics/series.ts';
import type { Doc } from '../_generated/dataModel.js';
import { invalid } from '../lib/errors.ts';
import { findOwned, type WorkspaceQueryCtx } from '../lib/functions.ts';
import type { ReadCtx } from '../sync/claim.ts';
import { seriesStateOf } from '../sync/series.ts';
import { readLevel } from './level.ts';
import { readBefore, readRollups, readSpan, totalOf } from './rollups.ts';
import type { vSeriesReading } from './shapes.ts';
import { healthOfSeries, iconOf, nameOf, Sources } from './sources.ts';

/** Four years and the leap day. */
const MAX_RANGE_MS = (4 * 365 + 1) * DAY_MS;
/** More than a screen has pixels; also below Convex' 8,192 elements per returned array. */
const MAX_BUCKETS = 5_000;

export interface SeriesAsk {
	seriesId: string;
	from: number;
	to: number;
	granularity: Granularity;
	compare: boolean;
}

/**
 * Null for an unknown id and for another workspace's alike.
 * @throws ConvexError VALIDATION before any rollup is read
 */
export async function readSeries(
	ctx: WorkspaceQueryCtx,
	ask: SeriesAsk,
	now: number,
): Promise<Infer<typeof vSeriesReading> | null> {
	const { granularity } = ask;
	const range = checkRange(ask);
	const series = await findOwned(ctx, 'series', ask.seriesId);
	if (!series) return null;
	const { timeZone } = series;
	const starts = startsOf(range, granularity, timeZone);
	const values = await readValues(ctx, series, range, starts, granularity);
	const lastStart = starts[starts.length - 1]!;
	const isLastPartial =
		lastStart <= now && bucketEnd(lastStart, granularity, timeZone) > Math.min(now, range.to);
	const source = await new Sources(ctx, timeZone, now).of(series.connectionId);
	const state = await seriesStateOf(ctx, series._id);
	return {
		series: {
			id: series._id,
			name: series.name,
			context: series.context || nameOf(series, source),
			service: series.service,
			icon: iconOf(series.service),
			connectionId: series.connectionId,
			connectionName: nameOf(series, source),
			description: series.description,
			unit: series.unit,
			kind: series.kind,
			merge: series.merge,
			direction: series.direction,
			chart: series.chart,
			strategy: series.strategy,
			lastAt: state?.lastAt ?? null,
			health: healthOfSeries(series, state, source),
			timeZone,
		},
		granularity,
		starts,
		values,
		level:
			series.kind === 'gauge'
				? await readLevel(ctx, series, state, {
						from: starts[0]!,
						// The page asks to the end of the running bucket; compared is the same moment earlier.
						to: Math.min(range.to, now),
					})
				: null,
		previous: ask.compare
			? await readPrevious(ctx, series, range, { granularity, starts, isLastPartial, now })
			: null,
		stats: statsOf(values),
		isLastPartial,
		gaps: gapsOf(starts, values, granularity, timeZone),
	};
}

function checkRange({ from, to }: SeriesAsk): Range {
	if (!Number.isFinite(from) || !Number.isFinite(to) || from < 0) {
		throw invalid({ from: 'A range begins and ends with a time in ms since 1970.' });
	}
	if (to <= from) throw invalid({ to: 'The range ends before it begins.' });
	if (to - from > MAX_RANGE_MS) throw invalid({ to: 'A range has at most four years.' });
	return { from: Math.floor(from), to: Math.ceil(to) };
}

function startsOf({ from, to }: Range, granularity: Granularity, timeZone: string): number[] {
	try {
		return bucketStarts(from, to, granularity, timeZone, MAX_BUCKETS);
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		throw invalid({
			granularity: `This range has more than ${MAX_BUCKETS} buckets. Take a coarser granularity.`,
		});
	}
}

async function readValues(
	ctx: ReadCtx,
	series: Doc<'series'>,
	{ to }: Range,
	starts: number[],
	granularity: Granularity,
): Promise<(number | null)[]> {
	const from = starts[0]!;
	const rollups = await readRollups(ctx, series, granularity, from, to);
	const before =
		series.kind === 'cumulative'
			? await readBefore(ctx, series, granularity === 'hour' ? 'hour' : 'day', from)
			: null;
	return fillSeries(starts, rollups, series, before);
}

/** The period before, with the begun last bucket compared with the same part of its counterpart. */
async function readPrevious(
	ctx: ReadCtx,
	series: Doc<'series'>,
	range: Range,
	{
		granularity,
		starts,
		isLastPartial,
		now,
	}: { granularity: Granularity; starts: number[]; isLastPartial: boolean; now: number },
) {
	const { timeZone, kind } = series;
	const aligned = { from: starts[0]!, to: range.to };
	const whole = previousRange(aligned, granularity, timeZone);
	const earlierStarts = bucketStarts(whole.from, whole.to, granularity, timeZone, MAX_BUCKETS + 2);
	const read = await readValues(ctx, series, whole, earlierStarts, granularity);
	const values = alignPrevious(read, starts.length);
	const last = starts.length - 1;
	const lastStart = earlierStarts[last];
	if (isLastPartial && kind !== 'gauge' && granularity !== 'hour' && lastStart !== undefined) {
		const elapsed = Math.min(now, range.to) - starts[last]!;
		const span = await readSpan(ctx, series, lastStart, lastStart + elapsed);
		const before = kind === 'cumulative' ? await readBefore(ctx, series, 'day', lastStart) : null;
		values[last] = totalOf(span, kind, before);
	}
	return { ...whole, values };
}
