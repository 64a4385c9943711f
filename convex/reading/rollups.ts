/** Reads stored rollups. The cost is by periods of the range, never by points stored. */
import type { Doc } from '../_generated/dataModel.js';
import {
	bucketEnd,
	bucketStart,
	periodOf,
	type Granularity,
} from '../../src/lib/metrics/granularity.ts';
import { joinRollups, regroup, riseBetween, type Rollup } from '../../src/lib/metrics/rollup.ts';
import { decodeRollups } from '../../src/lib/metrics/rollupCodec.ts';
import type { ReadCtx } from '../sync/claim.ts';

type Stored = 'hour' | 'day';
export type Cut = Pick<Doc<'series'>, '_id' | 'timeZone'>;

const periodOfStored = { hour: 'week', day: 'year' } as const;

/** Stored rollups that begin in [from, to), ascending. */
export async function readStored(
	ctx: ReadCtx,
	{ _id, timeZone }: Cut,
	granularity: Stored,
	from: number,
	to: number,
): Promise<Rollup[]> {
	if (to <= from) return [];
	const period = periodOfStored[granularity];
	const chunks = await ctx.db
		.query('rollupChunks')
		.withIndex('by_seriesId', (q) =>
			q
				.eq('seriesId', _id)
				.eq('granularity', granularity)
				.eq('timeZone', timeZone)
				.gte('period', periodOf(from, period, timeZone))
				.lte('period', periodOf(to - 1, period, timeZone)),
		)
		.collect();
	const rollups = chunks.flatMap((chunk) => decodeRollups(chunk.data));
	return rollups.filter((rollup) => rollup.start >= from && rollup.start < to);
}

/** Rollups of any granularity that begin in [from, to); weeks and months are joined from days. */
export async function readRollups(
	ctx: ReadCtx,
	cut: Cut,
	granularity: Granularity,
	from: number,
	to: number,
): Promise<Rollup[]> {
	if (granularity === 'hour' || granularity === 'day') {
		return await readStored(ctx, cut, granularity, from, to);
	}
	return regroup(await readStored(ctx, cut, 'day', from, to), granularity, cut.timeZone);
}

/** The last stored rollup that begins before `at`, however long ago: what a running total is differenced against. */
export async function readBefore(
	ctx: ReadCtx,
	{ _id, timeZone }: Cut,
	granularity: Stored,
	at: number,
): Promise<Rollup | null> {
	const period = periodOf(at, periodOfStored[granularity], timeZone);
	const chunks = await ctx.db
		.query('rollupChunks')
		.withIndex('by_seriesId', (q) =>
			q
				.eq('seriesId', _id)
				.eq('granularity', granularity)
				.eq('timeZone', timeZone)
				.lte('period', period),
		)
		.order('desc')
		.take(2);
	for (const chunk of chunks) {
		const earlier = decodeRollups(chunk.data).filter((rollup) => rollup.start < at);
		const last = earlier[earlier.length - 1];
		if (last) return last;
	}
	return null;
}

/** One rollup over [from, to), exact to the hour at its end: whole days, then the hours of the last, begun day. */
export async function readSpan(
	ctx: ReadCtx,
	cut: Cut,
	from: number,
	to: number,
	days?: readonly Rollup[],
): Promise<Rollup | null> {
	const lastDay = Math.max(from, bucketStart(to, 'day', cut.timeZone));
	const whole = days
		? days.filter((day) => day.start >= from && day.start < lastDay)
		: await readStored(ctx, cut, 'day', from, lastDay);
	const hours = await readStored(ctx, cut, 'hour', lastDay, to);
	return joinRollups(from, [...whole, ...hours]);
}

/** What a span adds up to: the sum of amounts, or the growth of a running total since the rollup before the span. */
export function totalOf(
	span: Rollup | null,
	kind: Doc<'series'>['kind'],
	before: Rollup | null,
): number | null {
	if (!span) return null;
	if (kind === 'delta') return span.sum;
	return span.rise + (before ? riseBetween(before.last, span.first) : 0);
}

/** End of the bucket that holds the last instant of [.., to). */
export function endOfLast(to: number, granularity: Granularity, timeZone: string): number {
	return bucketEnd(to - 1, granularity, timeZone);
}
