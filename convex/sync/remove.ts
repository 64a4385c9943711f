/** What a removed connection leaves behind, and what goes: first what is small, then runs and points in batches. */
import { v } from 'convex/values';
import { internal } from '../_generated/api.js';
import type { Doc, Id } from '../_generated/dataModel.js';
import { internalMutation } from '../_generated/server.js';
import { claimOf, progressRowOf, stateOf, type ReadCtx, type WriteCtx } from './claim.ts';
import { stopLiveRun } from './pause.ts';
import { allSeriesOf, seriesStateOf } from './series.ts';

/** Rows deleted per mutation: chunks of up to 23 kB must be read to be deleted, which keeps this below 6 MB. */
const ROWS_PER_BATCH = 250;
/** Counting stops here; nobody needs to know which of two such numbers is larger. */
const MAX_COUNTED_RUNS = 2_000;

/** What `connections.remove` would take away. */
export async function removalImpactOf(
	ctx: ReadCtx,
	connectionId: Id<'connections'>,
): Promise<{ metrics: number; points: number; runs: number }> {
	const series = await allSeriesOf(ctx, connectionId);
	let points = 0;
	for (const one of series) points += (await seriesStateOf(ctx, one._id))?.pointCount ?? 0;
	const runs = await ctx.db
		.query('syncRuns')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.take(MAX_COUNTED_RUNS);
	return { metrics: series.length, points, runs: runs.length };
}

/**
 * Stops syncing for good, in the caller's transaction; runs and, unless kept, series with their points follow in
 * batches. Kept series are retired and wait for a later connection to the same external account.
 */
export async function removeConnectionData(
	ctx: WriteCtx,
	connection: Doc<'connections'>,
	keepPoints: boolean,
	now: number,
): Promise<void> {
	const { _id: connectionId, name } = connection;
	await stopLiveRun(ctx, connectionId, 'canceled', now);
	const [state, claim, progress, flow] = [
		await stateOf(ctx, connectionId),
		await claimOf(ctx, connectionId),
		await progressRowOf(ctx, connectionId),
		await flowOf(ctx, connectionId),
	];
	if (state) await ctx.db.delete('syncStates', state._id);
	if (claim) await ctx.db.delete('syncClaims', claim._id);
	if (progress) await ctx.db.delete('syncProgress', progress._id);
	if (flow) await ctx.db.delete('flows', flow._id);
	for (const series of await allSeriesOf(ctx, connectionId)) {
		await ctx.db.patch('series', series._id, { isActive: false, formerConnectionName: name });
		if (keepPoints) continue;
		await ctx.scheduler.runAfter(0, internal.sync.remove.removeSeries, { seriesId: series._id });
		// Out of every list at once; the chunks follow.
		const state = await seriesStateOf(ctx, series._id);
		if (state) await ctx.db.delete('seriesStates', state._id);
		await ctx.db.delete('series', series._id);
	}
	await ctx.scheduler.runAfter(0, internal.sync.remove.removeRuns, { connectionId });
}

export async function flowOf(ctx: ReadCtx, connectionId: Id<'connections'>) {
	return await ctx.db
		.query('flows')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.unique();
}

/** Deletes a batch of a series' chunks and schedules itself until none is left. */
export const removeSeries = internalMutation({
	args: { seriesId: v.id('series') },
	returns: v.null(),
	handler: async (ctx, { seriesId }) => {
		const points = await ctx.db
			.query('pointChunks')
			.withIndex('by_seriesId', (q) => q.eq('seriesId', seriesId))
			.take(ROWS_PER_BATCH);
		for (const row of points) await ctx.db.delete('pointChunks', row._id);
		const rollups = await ctx.db
			.query('rollupChunks')
			.withIndex('by_seriesId', (q) => q.eq('seriesId', seriesId))
			.take(ROWS_PER_BATCH - points.length);
		for (const row of rollups) await ctx.db.delete('rollupChunks', row._id);
		if (points.length + rollups.length === ROWS_PER_BATCH) {
			await ctx.scheduler.runAfter(0, internal.sync.remove.removeSeries, { seriesId });
		}
		return null;
	},
});

/** Deletes a batch of a removed connection's runs with their requests. */
export const removeRuns = internalMutation({
	args: { connectionId: v.id('connections') },
	returns: v.null(),
	handler: async (ctx, { connectionId }) => {
		let left = ROWS_PER_BATCH;
		const runs = await ctx.db
			.query('syncRuns')
			.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
			.take(ROWS_PER_BATCH);
		for (const run of runs) {
			left -= await removeRun(ctx, run._id, left);
			if (left <= 0) break;
		}
		if (left <= 0 || runs.length === ROWS_PER_BATCH) {
			await ctx.scheduler.runAfter(0, internal.sync.remove.removeRuns, { connectionId });
		}
		return null;
	},
});

/** Deletes up to `limit` rows of a run, itself last. Returns how many. */
export async function removeRun(
	ctx: WriteCtx,
	runId: Id<'syncRuns'>,
	limit: number,
): Promise<number> {
	const requests = await ctx.db
		.query('syncRequests')
		.withIndex('by_runId', (q) => q.eq('runId', runId))
		.take(limit);
	for (const row of requests) await ctx.db.delete('syncRequests', row._id);
	if (requests.length >= limit) return limit;
	await ctx.db.delete('syncRuns', runId);
	return requests.length + 1;
}
