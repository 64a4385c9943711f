/** Stopping and going on, as a person asks for it. The checkpoint is kept, so nothing is fetched twice. */
import type { Id } from '../_generated/dataModel.js';
import { integrationRegistry } from '../../src/lib/server/integrations/index.ts';
import { claim, claimOf, endSteps, progressRowOf, stateOf, type WriteCtx } from './claim.ts';
import { ensureSeries } from './series.ts';

/**
 * Ends the live run as `paused` or `canceled`. Its action finds its claim gone at the next commit and stops; the page it
 * is fetching is dropped whole.
 */
export async function stopLiveRun(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	as: 'paused' | 'canceled',
	now: number,
): Promise<void> {
	const state = await stateOf(ctx, connectionId);
	const claimRow = await claimOf(ctx, connectionId);
	const progress = await progressRowOf(ctx, connectionId);
	if (!state || !claimRow || !progress || state.runId === null) return;
	const run = await ctx.db.get('syncRuns', state.runId);
	if (run) {
		const { pages, points, calls } = progress;
		const steps = endSteps(run.steps, false, now);
		await ctx.db.patch('syncRuns', run._id, {
			state: as,
			endedAt: now,
			pages,
			points,
			calls,
			steps,
		});
	}
	await ctx.db.patch('syncClaims', claimRow._id, {
		runId: null,
		leaseUntil: null,
		epoch: claimRow.epoch + 1,
		barrenClaims: 0,
	});
	await ctx.db.patch('syncProgress', progress._id, {
		waitUntil: null,
		waitReason: null,
		updatedAt: now,
	});
	await ctx.db.patch('syncStates', state._id, { runId: null, isWaiting: false });
}

/** Stops the live run and plans no other until `resumeSync`. */
export async function pauseSync(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	now = Date.now(),
): Promise<void> {
	await stopLiveRun(ctx, connectionId, 'paused', now);
	const state = await stateOf(ctx, connectionId);
	if (state && state.pausedAt === null)
		await ctx.db.patch('syncStates', state._id, { pausedAt: now, nextAt: null });
}

/** Goes on at the last committed checkpoint, at once. */
export async function resumeSync(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	causedBy: string | null = null,
	now = Date.now(),
): Promise<void> {
	const state = await stateOf(ctx, connectionId);
	if (!state || state.pausedAt === null) return;
	await ctx.db.patch('syncStates', state._id, { pausedAt: null });
	await claim(ctx, { ...state, pausedAt: null }, 'person', causedBy, now);
}

/**
 * After a reconnect, which may have changed settings, too: what failed before no longer counts, and series are matched
 * with what the settings ask for. A live run holds the old credentials, so it is stopped; what it committed stays. When
 * series were added, the history is fetched again for all of them: points are upserted, so the others only cost calls.
 */
export async function restartSync(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	causedBy: string | null = null,
	now = Date.now(),
): Promise<void> {
	await stopLiveRun(ctx, connectionId, 'canceled', now);
	const connection = await ctx.db.get('connections', connectionId);
	const state = await stateOf(ctx, connectionId);
	const claimRow = await claimOf(ctx, connectionId);
	if (!connection || !state || !claimRow) return;
	const { added } = await ensureSeries(ctx, connection);
	const begun = added > 0 && integrationRegistry.get(connection.service).shouldBackfill;
	const cleared = { failure: null, failures: 0, ...(begun ? { isHistoryDone: false } : {}) };
	await ctx.db.patch('syncStates', state._id, cleared);
	await ctx.db.patch('syncClaims', claimRow._id, {
		barrenClaims: 0,
		...(begun ? { checkpoint: null, range: null } : {}),
	});
	await claim(ctx, { ...state, ...cleared }, 'person', causedBy, now);
}
