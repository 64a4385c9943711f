/** Who is due. Claims are made here and in the mutations of a person's request; both go through `claim`. */
import { v } from 'convex/values';
import type { Id } from '../_generated/dataModel.js';
import { internalMutation } from '../_generated/server.js';
import { integrationRegistry } from '../../src/lib/server/integrations/index.ts';
import { claim, stateOf, type Cause, type ReadCtx, type WriteCtx } from './claim.ts';
import { ensureSeries } from './series.ts';

/** Fetching is mostly waiting, but every page is a write on one database. */
const MAX_LIVE_RUNS = 8;
/** Several connections to one service often share its limit. */
const MAX_LIVE_RUNS_PER_SERVICE = 4;
/** Looked at per tick; the rest is still due at the next one. */
const MAX_DUE = 64;

/** Live runs by service. Waiting ones hold no action and do not count. */
async function liveRunsByService(ctx: ReadCtx): Promise<Map<string, number>> {
	const counts = new Map<string, number>();
	for (const state of ['queued', 'running'] as const) {
		const runs = await ctx.db
			.query('syncRuns')
			.withIndex('by_state', (q) => q.eq('state', state))
			.take(2 * MAX_LIVE_RUNS);
		for (const run of runs) counts.set(run.service, (counts.get(run.service) ?? 0) + 1);
	}
	return counts;
}

/** Claims what is due within the caps. */
export async function claimDue(ctx: WriteCtx, now: number): Promise<number> {
	const due = await ctx.db
		.query('syncStates')
		.withIndex('by_nextAt', (q) => q.gt('nextAt', 0).lte('nextAt', now))
		.take(MAX_DUE);
	if (due.length === 0) return 0;
	const live = await liveRunsByService(ctx);
	let room = MAX_LIVE_RUNS - [...live.values()].reduce((sum, count) => sum + count, 0);
	let claimed = 0;
	for (const state of due) {
		if (room <= 0) break;
		const ofService = live.get(state.service) ?? 0;
		if (ofService >= MAX_LIVE_RUNS_PER_SERVICE) continue;
		if (!(await claim(ctx, state, 'schedule', null, now))) continue;
		live.set(state.service, ofService + 1);
		room--;
		claimed++;
	}
	return claimed;
}

/** Cron, every few seconds; also scheduled by `complete`, so that a queue does not wait for it. */
export const tick = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		await claimDue(ctx, Date.now());
		return null;
	},
});

/**
 * Sets a new connection up for syncing and claims its first run, in the transaction that stores the connection.
 * @param causedBy the person's name
 * @throws ConnectorError UNKNOWN_INTEGRATION
 */
export async function enqueueFirstSync(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	causedBy: string | null = null,
	now = Date.now(),
): Promise<Id<'syncRuns'>> {
	const connection = await ctx.db.get('connections', connectionId);
	if (!connection) throw new Error('A first sync was asked for without its connection.');
	const integration = integrationRegistry.get(connection.service);
	const { workspaceId, service } = connection;
	await ensureSeries(ctx, connection);
	const stateId = await ctx.db.insert('syncStates', {
		connectionId,
		workspaceId,
		service,
		syncEveryMinutes: integration.syncEveryMinutes,
		nextAt: null,
		runId: null,
		lastRunId: null,
		isWaiting: false,
		pausedAt: null,
		lastSuccessAt: null,
		failure: null,
		failures: 0,
		isHistoryDone: !integration.shouldBackfill,
		coveredTo: null,
	});
	await ctx.db.insert('syncClaims', {
		connectionId,
		runId: null,
		epoch: 0,
		leaseUntil: null,
		checkpoint: null,
		range: null,
		barrenClaims: 0,
	});
	await ctx.db.insert('syncProgress', {
		connectionId,
		runId: null,
		range: null,
		pages: 0,
		totalPages: null,
		points: 0,
		calls: 0,
		slice: null,
		waitUntil: null,
		waitReason: null,
		updatedAt: now,
		covered: [],
	});
	await ctx.db.insert('flows', { connectionId, workspaceId, hours: [] });
	const state = await ctx.db.get('syncStates', stateId);
	return (await claim(ctx, state!, 'connect', causedBy, now))!;
}

/**
 * Starts a run now. Returns its id, or null when nothing was started: one is live already, or the connection is paused.
 * @param causedBy the person's name
 */
export async function requestSync(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	cause: Cause = 'person',
	causedBy: string | null = null,
	now = Date.now(),
): Promise<Id<'syncRuns'> | null> {
	const state = await stateOf(ctx, connectionId);
	return state ? await claim(ctx, state, cause, causedBy, now) : null;
}
