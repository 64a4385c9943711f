/** Closes a run or lets it wait. The class of the error decides what happens next; see backoff.ts for when. */
import { v, type Infer } from 'convex/values';
import type { Doc } from '../_generated/dataModel.js';
import { internalMutation } from '../_generated/server.js';
import { internal } from '../_generated/api.js';
import { event } from '../lib/events.ts';
import { countRun } from '../lib/totals.ts';
import { vFailure, vRequest } from '../tables/sync.ts';
import { nextTryAt, retryDelayMs } from './backoff.ts';
import { endSteps, handOn, liveRun, type LiveRun, type WriteCtx } from './claim.ts';
import { storeRequests } from './commit.ts';
import { isRetryable } from './health.ts';

/** A wait longer than this ends the run instead; the next one goes on at the same checkpoint. */
const LONGEST_WAIT_MS = 3_600_000;
/** Waits and takeovers in a row without a page: a service that only ever says "later" is left alone for longer. */
const MAX_BARREN_CLAIMS = 20;
/** Requests refused this often at the same place make the checkpoint itself suspect (an expired cursor): begin again. */
const BARREN_CLAIMS_TO_RESTART = 3;

const vOutcome = v.union(
	v.object({ state: v.literal('succeeded') }),
	v.object({ state: v.literal('failed'), failure: vFailure }),
	/** Time is up for this action, not for the run. */
	v.object({ state: v.literal('handOver') }),
);

const completeArgs = v.object({
	runId: v.id('syncRuns'),
	epoch: v.number(),
	outcome: vOutcome,
	/** Requests since the last commit. */
	requests: v.array(vRequest),
});

export const complete = internalMutation({
	args: completeArgs.fields,
	returns: v.null(),
	handler: async (ctx, args) => {
		await completeRun(ctx, args, Date.now(), Math.random());
		return null;
	},
});

/** Does nothing when the claim is gone: whoever took it over will complete the run. */
export async function completeRun(
	ctx: WriteCtx,
	{ runId, epoch, outcome, requests }: Infer<typeof completeArgs>,
	now: number,
	random: number,
): Promise<void> {
	const live = await liveRun(ctx, runId, epoch);
	if (!live) return;
	await storeRequests(ctx, runId, requests);
	const { progress } = live;
	const calls = progress.calls + requests.length;
	await ctx.db.patch('syncProgress', progress._id, { calls, updatedAt: now });
	const counted = { ...live, progress: { ...progress, calls } };
	if (outcome.state === 'handOver') await handOn(ctx, live.claim, now, live.claim.barrenClaims + 1);
	else if (outcome.state === 'succeeded') await succeed(ctx, counted, now);
	else await settle(ctx, counted, outcome.failure, now, random);
}

async function succeed(ctx: WriteCtx, live: LiveRun, now: number): Promise<void> {
	const { run, state, claim } = live;
	await endRun(ctx, live, 'succeeded', now);
	await ctx.db.patch('syncClaims', claim._id, { checkpoint: null, range: null, barrenClaims: 0 });
	await ctx.db.patch('syncStates', state._id, {
		lastSuccessAt: now,
		failure: null,
		failures: 0,
		isHistoryDone: true,
		coveredTo: claim.range?.endAt ?? state.coveredTo,
		nextAt: now + state.syncEveryMinutes * 60_000,
	});
	const states = await ctx.db
		.query('seriesStates')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', run.connectionId))
		.collect();
	for (const row of states) {
		if (row.failure === null || row.failedRunId === run._id) continue;
		await ctx.db.patch('seriesStates', row._id, { failure: null, failedRunId: null });
	}
	await ctx.scheduler.runAfter(0, internal.sync.enqueue.tick, {});
}

/** A rate limit is waited for within the run; everything else ends it. */
async function settle(
	ctx: WriteCtx,
	live: LiveRun,
	failure: Infer<typeof vFailure>,
	now: number,
	random: number,
): Promise<void> {
	const { claim } = live;
	const delay = retryDelayMs(claim.barrenClaims + 1, random);
	const waitUntil = Math.max(failure.retryAt ?? now + delay, now + 1000);
	const canWait = waitUntil - now <= LONGEST_WAIT_MS && claim.barrenClaims < MAX_BARREN_CLAIMS;
	if (failure.code === 'RATE_LIMITED' && canWait) return await wait(ctx, live, failure, waitUntil);
	await fail(ctx, live, failure, now, random);
}

async function wait(
	ctx: WriteCtx,
	{ run, state, claim, progress }: LiveRun,
	failure: Infer<typeof vFailure>,
	waitUntil: number,
): Promise<void> {
	await ctx.db.patch('syncRuns', run._id, { state: 'waiting' });
	await ctx.db.patch('syncStates', state._id, { isWaiting: true });
	await ctx.db.patch('syncProgress', progress._id, { waitUntil, waitReason: failure.message });
	await handOn(ctx, claim, waitUntil, claim.barrenClaims + 1);
}

/** Shared with recover.ts, the only other writer of a terminal state. */
export async function fail(
	ctx: WriteCtx,
	live: LiveRun,
	failure: Infer<typeof vFailure>,
	now: number,
	random: number,
): Promise<void> {
	const { run, state, claim } = live;
	const failures = state.failures + 1;
	const remedy = isRetryable(failure) ? 'retry' : timingOf(failure);
	const nextAt = nextTryAt({ remedy, retryAt: failure.retryAt }, failures, now, random);
	await endRun(ctx, live, failure.remedy === 'reconnect' ? 'needsReauth' : 'failed', now, failure);
	await ctx.db.patch('syncStates', state._id, { failure, failures, nextAt });
	// An outage says nothing of the checkpoint: it is kept however long it lasts.
	if (remedy === 'bug' && claim.barrenClaims >= BARREN_CLAIMS_TO_RESTART) {
		await ctx.db.patch('syncClaims', claim._id, { checkpoint: null, barrenClaims: 0 });
	}
	const { connectionId, service } = run;
	event('sync.failed', { connectionId, service, code: failure.code, failures, nextAt });
	await ctx.scheduler.runAfter(0, internal.sync.enqueue.tick, {});
}

/** A permission is added at the service, which tells nobody: worth looking again, unlike a token that was refused. */
function timingOf({ code, remedy }: Infer<typeof vFailure>) {
	return code === 'PERMISSION_MISSING' ? 'changeSetting' : remedy;
}

/** Ends the run and gives the claim back. Checkpoint and range stay: a later run goes on there. */
async function endRun(
	ctx: WriteCtx,
	{ run, state, claim, progress }: LiveRun,
	as: Doc<'syncRuns'>['state'],
	now: number,
	failure?: Infer<typeof vFailure>,
): Promise<void> {
	const { pages, points, calls } = progress;
	await ctx.db.patch('syncRuns', run._id, {
		state: as,
		endedAt: now,
		pages,
		points,
		calls,
		steps: endSteps(run.steps, as === 'succeeded', now),
		...(failure ? { failure } : {}),
	});
	await countRun(ctx, run.workspaceId, as !== 'succeeded');
	await ctx.db.patch('syncClaims', claim._id, { runId: null, leaseUntil: null });
	await ctx.db.patch('syncProgress', progress._id, { waitUntil: null, waitReason: null });
	await ctx.db.patch('syncStates', state._id, { runId: null, isWaiting: false });
}
