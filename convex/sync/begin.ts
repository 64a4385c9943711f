/** First step of a run's action: what it needs to know, under its claim. */
import { v, type Infer } from 'convex/values';
import { bucketStart, DAY_MS, shiftLocal } from '../../src/lib/metrics/granularity.ts';
import { integrationRegistry } from '../../src/lib/server/integrations/index.ts';
import type { Id } from '../_generated/dataModel.js';
import { internalMutation } from '../_generated/server.js';
import { vRange } from '../tables/sync.ts';
import { LEASE_MS, liveRun, startStep, type LiveRun, type WriteCtx } from './claim.ts';
import { allSeriesOf, ensureSeries } from './series.ts';

/** A provider's clock may be this far behind ours (reliability.md, fault 24): a refresh reads this much again. */
const CLOCK_SKEW_MS = 10 * 60_000;

const vBegun = v.object({
	workspaceId: v.id('workspaces'),
	connectionId: v.id('connections'),
	service: v.string(),
	seriesKeys: v.array(v.string()),
	range: vRange,
	checkpoint: v.any(),
});
export type Begun = Infer<typeof vBegun>;

/** Null: the claim is gone, so is the work. */
export const begin = internalMutation({
	args: { runId: v.id('syncRuns'), epoch: v.number() },
	returns: v.union(vBegun, v.null()),
	handler: (ctx, args) => beginRun(ctx, args, Date.now()),
});

export async function beginRun(
	ctx: WriteCtx,
	{ runId, epoch }: { runId: Id<'syncRuns'>; epoch: number },
	now: number,
): Promise<Begun | null> {
	const live = await liveRun(ctx, runId, epoch);
	if (!live) return null;
	const { run, state, claim, progress } = live;
	const connection = await ctx.db.get('connections', run.connectionId);
	if (!connection) return null;
	// An upgrade may have brought new metrics; an unknown service is told by the action, which must fail loudly.
	if (integrationRegistry.has(run.service)) await ensureSeries(ctx, connection);
	const range = claim.range ?? (await firstRange(ctx, live, now));
	await ctx.db.patch('syncClaims', claim._id, { range, leaseUntil: now + LEASE_MS });
	await ctx.db.patch('syncProgress', progress._id, { range, waitUntil: null, waitReason: null });
	await ctx.db.patch('syncRuns', run._id, {
		state: 'running',
		steps: startStep(run.steps, 0, now),
	});
	if (state.isWaiting) await ctx.db.patch('syncStates', state._id, { isWaiting: false });
	const series = await allSeriesOf(ctx, connection._id);
	return {
		workspaceId: run.workspaceId,
		connectionId: run.connectionId,
		service: run.service,
		seriesKeys: series.filter((one) => one.isActive).map((one) => one.key),
		range,
		checkpoint: claim.checkpoint,
	};
}

/**
 * History: whole local days. Refresh: from where the last success ended, minus what the service may still correct.
 * Decided once and kept with the checkpoint, so that a resumed run asks for the same slices.
 */
async function firstRange(ctx: WriteCtx, { run, state }: LiveRun, now: number) {
	if (!integrationRegistry.has(run.service)) return { startAt: now, endAt: now };
	const integration = integrationRegistry.get(run.service);
	if (run.kind === 'backfill') {
		const workspace = await ctx.db.get('workspaces', run.workspaceId);
		const timeZone = workspace?.timeZone ?? 'UTC';
		const today = bucketStart(now, 'day', timeZone);
		return { startAt: shiftLocal(today, -integration.historicalDays, 'day', timeZone), endAt: now };
	}
	const lagDays = Math.max(0, ...integration.metrics.map((metric) => metric.lagDays ?? 0));
	const covered = state.coveredTo ?? now - state.syncEveryMinutes * 60_000;
	return { startAt: Math.min(covered, now) - lagDays * DAY_MS - CLOCK_SKEW_MS, endAt: now };
}

/** Renews the lease in the middle of a long page. False: the claim is gone, stop. */
export const renew = internalMutation({
	args: { runId: v.id('syncRuns'), epoch: v.number() },
	returns: v.boolean(),
	handler: async (ctx, { runId, epoch }) => {
		const live = await liveRun(ctx, runId, epoch);
		if (live)
			await ctx.db.patch('syncClaims', live.claim._id, { leaseUntil: Date.now() + LEASE_MS });
		return live !== null;
	},
});
