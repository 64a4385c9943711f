/** Cuts the rollups of a workspace anew when its time zone changes. Points are untouched: they are instants. */
import { v } from 'convex/values';
import { internal } from '../_generated/api.js';
import type { Id } from '../_generated/dataModel.js';
import { internalMutation } from '../_generated/server.js';
import type { WriteCtx } from '../sync/claim.ts';
import { decodePoints } from '../../src/lib/metrics/chunkCodec.ts';
import { PointStore } from './pointStore.ts';
import { recompute } from './recompute.ts';

/** 16 chunks hold at most 32,768 points: about a year of hour rollups of a busy series, well within one transaction. */
const CHUNKS_PER_BATCH = 16;
const ROWS_PER_BATCH = 250;

/**
 * Points every series at the new zone at once; its charts fill again as the batches pass. Commits meanwhile recompute
 * what they touch in the new zone, and since everything is recomputed from points, the order does not matter.
 */
export async function changeTimeZone(
	ctx: WriteCtx,
	workspaceId: Id<'workspaces'>,
	timeZone: string,
): Promise<void> {
	const all = await ctx.db
		.query('series')
		.withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId))
		.collect();
	for (const series of all) {
		if (series.timeZone === timeZone) continue;
		await ctx.db.patch('series', series._id, { timeZone });
		const args = { seriesId: series._id, timeZone, after: -1 };
		await ctx.scheduler.runAfter(0, internal.rollups.rebuild.rebuild, args);
	}
}

/** Recomputes from the chunks behind `after`, batch by batch, then clears the former zone's rollups. */
export const rebuild = internalMutation({
	args: { seriesId: v.id('series'), timeZone: v.string(), after: v.number() },
	returns: v.null(),
	handler: async (ctx, { seriesId, timeZone, after }) => {
		const series = await ctx.db.get('series', seriesId);
		// Removed, or its zone changed again: another rebuild is on its way.
		if (!series || series.timeZone !== timeZone) return null;
		const chunks = await ctx.db
			.query('pointChunks')
			.withIndex('by_seriesId', (q) => q.eq('seriesId', seriesId).gt('startAt', after))
			.take(CHUNKS_PER_BATCH);
		const touched = chunks.flatMap((chunk) => decodePoints(chunk.data).ats);
		await recompute(ctx.db, series, new PointStore(ctx.db, seriesId), touched);
		const last = chunks[chunks.length - 1];
		if (last && chunks.length === CHUNKS_PER_BATCH) {
			const args = { seriesId, timeZone, after: last.startAt };
			await ctx.scheduler.runAfter(0, internal.rollups.rebuild.rebuild, args);
		} else {
			await ctx.scheduler.runAfter(0, internal.rollups.rebuild.clearFormer, { seriesId });
		}
		return null;
	},
});

/** Deletes rollups of zones the series is no longer cut in. */
export const clearFormer = internalMutation({
	args: { seriesId: v.id('series') },
	returns: v.null(),
	handler: async (ctx, { seriesId }) => {
		const series = await ctx.db.get('series', seriesId);
		let left = ROWS_PER_BATCH;
		for (const granularity of ['hour', 'day'] as const) {
			const ownZone = series?.timeZone ?? '';
			for (const side of ['lt', 'gt'] as const) {
				const rows = await ctx.db
					.query('rollupChunks')
					.withIndex('by_seriesId', (q) => {
						const prefix = q.eq('seriesId', seriesId).eq('granularity', granularity);
						return side === 'lt' ? prefix.lt('timeZone', ownZone) : prefix.gt('timeZone', ownZone);
					})
					.take(left);
				for (const row of rows) await ctx.db.delete('rollupChunks', row._id);
				left -= rows.length;
				if (left > 0) continue;
				await ctx.scheduler.runAfter(0, internal.rollups.rebuild.clearFormer, { seriesId });
				return null;
			}
		}
		return null;
	},
});
