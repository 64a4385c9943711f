/** What a connection's page says of its series and its flow. */
import { v, type Infer } from 'convex/values';
import { bucketStarts } from '../../src/lib/metrics/granularity.ts';
import { rangeOfDays } from '../../src/lib/metrics/range.ts';
import { fillSeries } from '../../src/lib/metrics/series.ts';
import type { Doc, Id } from '../_generated/dataModel.js';
import type { ReadCtx } from '../sync/claim.ts';
import { allSeriesOf, seriesStateOf } from '../sync/series.ts';
import { vChart, vDirection, vMetricKind, vUnit } from '../tables/metrics.ts';
import { readBefore, readStored } from './rollups.ts';
import { vColumn, vNumber } from './shapes.ts';

const SPARK_DAYS = 30;
const DAY_AND_HOUR_MS = 25 * 3_600_000;

export const vConnectionSeries = v.object({
	id: v.id('series'),
	key: v.string(),
	name: v.string(),
	context: v.string(),
	unit: vUnit,
	kind: vMetricKind,
	direction: vDirection,
	chart: vChart,
	lastValue: vNumber,
	lastAt: vNumber,
	/** The last 30 days, one value each. */
	spark: vColumn,
});

export async function seriesOfConnection(
	ctx: ReadCtx,
	connectionId: Id<'connections'>,
	timeZone: string,
	now = Date.now(),
): Promise<Infer<typeof vConnectionSeries>[]> {
	const series = (await allSeriesOf(ctx, connectionId)).filter((one) => one.isActive);
	series.sort((a, b) => a.order - b.order);
	const range = rangeOfDays(SPARK_DAYS, now, timeZone);
	return await Promise.all(
		series.map(async (one) => {
			const state = await seriesStateOf(ctx, one._id);
			return {
				id: one._id,
				key: one.key,
				name: one.name,
				context: one.context,
				unit: one.unit,
				kind: one.kind,
				direction: one.direction,
				chart: one.chart,
				lastValue: state?.lastValue ?? null,
				lastAt: state?.lastAt ?? null,
				spark: await sparkOf(ctx, one, range),
			};
		}),
	);
}

async function sparkOf(
	ctx: ReadCtx,
	series: Doc<'series'>,
	{ from, to }: { from: number; to: number },
): Promise<(number | null)[]> {
	const starts = bucketStarts(from, to, 'day', series.timeZone);
	const days = await readStored(ctx, series, 'day', starts[0]!, to);
	const before =
		series.kind === 'cumulative' ? await readBefore(ctx, series, 'day', starts[0]!) : null;
	return fillSeries(starts, days, series, before);
}

/** New and corrected points of the last 24 hours, to the hour. */
export async function pointsIn24h(
	ctx: ReadCtx,
	connectionId: Id<'connections'>,
	now: number,
): Promise<number> {
	const flow = await ctx.db
		.query('flows')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.unique();
	const recent = flow?.hours.filter((hour) => hour.at > now - DAY_AND_HOUR_MS) ?? [];
	return recent.reduce((sum, hour) => sum + hour.points, 0);
}
