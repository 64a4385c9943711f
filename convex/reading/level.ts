/** The figure of a level (a gauge): the same on its card and on its page, compared with the same moment earlier. */
import type { Infer } from 'convex/values';
import { changeOf } from '../../src/lib/metrics/format.ts';
import { previousRange, type Range } from '../../src/lib/metrics/range.ts';
import type { Rollup } from '../../src/lib/metrics/rollup.ts';
import type { Doc } from '../_generated/dataModel.js';
import type { ReadCtx } from '../sync/claim.ts';
import { readSpan } from './rollups.ts';
import type { vLevel } from './shapes.ts';

/** `days`: the day rollups of both periods, when the caller has read them already. */
export async function readLevel(
	ctx: ReadCtx,
	series: Doc<'series'>,
	state: Doc<'seriesStates'> | null,
	range: Range,
	days?: readonly Rollup[],
): Promise<Infer<typeof vLevel>> {
	const earlier = previousRange(range, 'day', series.timeZone);
	const before = await readSpan(ctx, series, earlier.from, earlier.to, days);
	const now = await lastIn(ctx, series, state, range, days);
	const previous = before?.last ?? null;
	return {
		...now,
		previous,
		previousAt: before?.lastAt ?? null,
		change: changeOf(now.value, previous, series.unit),
	};
}

/** A range that reaches the newest point needs no rollup to know it. */
async function lastIn(
	ctx: ReadCtx,
	series: Doc<'series'>,
	state: Doc<'seriesStates'> | null,
	{ from, to }: Range,
	days?: readonly Rollup[],
): Promise<{ value: number | null; at: number | null }> {
	if (state?.lastAt == null || state.lastAt < from) return { value: null, at: null };
	if (state.lastAt < to) return { value: state.lastValue, at: state.lastAt };
	const span = await readSpan(ctx, series, from, to, days);
	return { value: span?.last ?? null, at: span?.lastAt ?? null };
}
