/** Public: what charts and cards show. All numbers come from rollups, in packed columns. */
import { v } from 'convex/values';
import { workspaceQuery } from './lib/functions.ts';
import { listMetrics, readOverview } from './reading/overview.ts';
import { readSeries } from './reading/series.ts';
import { vGranularity, vListed, vOverview, vSeriesReading } from './reading/shapes.ts';

export const overview = workspaceQuery({
	args: {
		rangeDays: v.union(v.literal(7), v.literal(30), v.literal(90), v.literal(365)),
		compare: v.boolean(),
	},
	returns: vOverview,
	handler: (ctx, args) => readOverview(ctx, args, Date.now()),
});

export const list = workspaceQuery({
	args: {},
	returns: v.array(vListed),
	handler: (ctx) => listMetrics(ctx, Date.now()),
});

/** Null for an unknown id, so that an address typed by hand is merely not found. */
export const series = workspaceQuery({
	args: {
		seriesId: v.string(),
		from: v.number(),
		to: v.number(),
		granularity: vGranularity,
		compare: v.boolean(),
	},
	returns: v.union(vSeriesReading, v.null()),
	handler: (ctx, args) => readSeries(ctx, args, Date.now()),
});
