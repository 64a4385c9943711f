/** Retention of what grows without being a number: runs and their requests. Points and rollups are kept for ever. */
import { v } from 'convex/values';
import { internal } from '../_generated/api.js';
import { internalMutation } from '../_generated/server.js';
import { removeRun } from '../sync/remove.ts';

/** Long enough to look into last week's trouble; a connection that syncs every minute makes 20,000 runs in it. */
const KEEP_RUNS_MS = 14 * 86_400_000;
const ROWS_PER_BATCH = 500;

/** Cron, daily: deletes the oldest runs a batch at a time. */
export const prune = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const before = Date.now() - KEEP_RUNS_MS;
		let left = ROWS_PER_BATCH;
		for (const workspace of await ctx.db.query('workspaces').take(100)) {
			const runs = await ctx.db
				.query('syncRuns')
				.withIndex('by_workspaceId', (q) =>
					q.eq('workspaceId', workspace._id).lt('startedAt', before),
				)
				.take(left);
			for (const run of runs) {
				if (run.endedAt === null || left <= 0) continue;
				left -= await removeRun(ctx, run._id, left);
			}
			if (left > 0) continue;
			await ctx.scheduler.runAfter(0, internal.rollups.prune.prune, {});
			break;
		}
		return null;
	},
});
