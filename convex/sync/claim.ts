/**
 * Claims: at most one live run per connection, one writer per run. A claim is (runId, epoch) plus a lease; whoever
 * takes a run over raises the epoch, and every write of a run checks it first. The rows are in `syncClaims`.
 */
import type { DataModel, Doc, Id } from '../_generated/dataModel.js';
import type { GenericMutationCtx, GenericQueryCtx } from 'convex/server';
import { internal } from '../_generated/api.js';

export type ReadCtx = Pick<GenericQueryCtx<DataModel>, 'db'>;
export type WriteCtx = Pick<GenericMutationCtx<DataModel>, 'db' | 'scheduler'>;

/**
 * A page is a handful of requests of at most 30 s each; the lease is renewed by every commit and, within a long page,
 * before requests (RENEW_AFTER_MS in run.ts).
 */
export const LEASE_MS = 120_000;

export type Cause = Doc<'syncRuns'>['cause'];

/** The row of a connection in a table with one row each. */
export async function stateOf(ctx: ReadCtx, connectionId: Id<'connections'>) {
	return await ctx.db
		.query('syncStates')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.unique();
}

export async function claimOf(ctx: ReadCtx, connectionId: Id<'connections'>) {
	return await ctx.db
		.query('syncClaims')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.unique();
}

export async function progressRowOf(ctx: ReadCtx, connectionId: Id<'connections'>) {
	return await ctx.db
		.query('syncProgress')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.unique();
}

/** The steps of a run, in order; `startStep` and `endSteps` move them on. */
export const stepNames = ['Open credentials', 'Fetch and store', 'Finish'] as const;
type Steps = Doc<'syncRuns'>['steps'];

export function startStep(steps: Steps, index: number, now: number): Steps {
	return steps.map((step, i) => {
		if (i < index && step.state === 'running') return { ...step, state: 'succeeded', endedAt: now };
		if (i === index && step.state === 'waiting')
			return { ...step, state: 'running', startedAt: now };
		return step;
	});
}

/** Ends what is running; after a success the steps that were never needed count as done, too. */
export function endSteps(steps: Steps, hasSucceeded: boolean, now: number): Steps {
	return steps.map((step) => {
		if (step.state === 'running')
			return { ...step, state: hasSucceeded ? 'succeeded' : 'failed', endedAt: now };
		if (step.state === 'waiting' && hasSucceeded)
			return { ...step, state: 'succeeded', startedAt: now, endedAt: now };
		return step;
	});
}

/**
 * Claims a connection and schedules the run's Convex action, all in the caller's transaction. Null when a run is live
 * or the connection is paused. A range that an earlier run left unfinished goes on at its checkpoint.
 */
export async function claim(
	ctx: WriteCtx,
	state: Doc<'syncStates'>,
	cause: Cause,
	causedBy: string | null,
	now: number,
): Promise<Id<'syncRuns'> | null> {
	if (state.runId !== null || state.pausedAt !== null) return null;
	const claimRow = await claimOf(ctx, state.connectionId);
	const progress = await progressRowOf(ctx, state.connectionId);
	if (!claimRow || !progress) throw new Error('A connection has a sync state but no claim.');
	const { connectionId, workspaceId, service } = state;
	const runId = await ctx.db.insert('syncRuns', {
		workspaceId,
		connectionId,
		service,
		kind: state.isHistoryDone ? 'refresh' : 'backfill',
		state: 'queued',
		cause,
		causedBy,
		startedAt: now,
		endedAt: null,
		calls: 0,
		points: 0,
		pages: 0,
		recoveries: 0,
		failure: null,
		steps: stepNames.map((name) => ({ name, state: 'waiting', startedAt: null, endedAt: null })),
	});
	const isResumed = claimRow.range !== null && claimRow.checkpoint !== null;
	const epoch = claimRow.epoch + 1;
	await ctx.db.patch('syncClaims', claimRow._id, {
		runId,
		epoch,
		leaseUntil: now + LEASE_MS,
		barrenClaims: claimRow.barrenClaims + 1,
		...(isResumed ? {} : { checkpoint: null, range: null }),
	});
	await ctx.db.patch('syncStates', state._id, {
		runId,
		lastRunId: runId,
		nextAt: null,
		isWaiting: false,
	});
	await ctx.db.patch('syncProgress', progress._id, {
		runId,
		range: isResumed ? claimRow.range : null,
		waitUntil: null,
		waitReason: null,
		points: 0,
		calls: 0,
		updatedAt: now,
		// The months already fetched stay filled when a range goes on.
		...(isResumed ? {} : { pages: 0, totalPages: null, slice: null, covered: [] }),
	});
	await ctx.scheduler.runAfter(0, internal.sync.run.run, { runId, epoch });
	return runId;
}

export interface LiveRun {
	run: Doc<'syncRuns'>;
	state: Doc<'syncStates'>;
	claim: Doc<'syncClaims'>;
	progress: Doc<'syncProgress'>;
}

/**
 * The rows of a live run, or null when (runId, epoch) is no longer the claim: taken over, paused, canceled, removed.
 * Every internal mutation of a run begins with it.
 */
export async function liveRun(
	ctx: ReadCtx,
	runId: Id<'syncRuns'>,
	epoch: number,
): Promise<LiveRun | null> {
	const run = await ctx.db.get('syncRuns', runId);
	if (!run) return null;
	const claimRow = await claimOf(ctx, run.connectionId);
	if (!claimRow || claimRow.runId !== runId || claimRow.epoch !== epoch) return null;
	const state = await stateOf(ctx, run.connectionId);
	const progress = await progressRowOf(ctx, run.connectionId);
	return state && progress ? { run, state, claim: claimRow, progress } : null;
}

/** Gives the same run to another action: a new epoch, a new lease, scheduled at `at`. */
export async function handOn(
	ctx: WriteCtx,
	claimRow: Doc<'syncClaims'>,
	at: number,
	barrenClaims: number,
): Promise<void> {
	const epoch = claimRow.epoch + 1;
	await ctx.db.patch('syncClaims', claimRow._id, {
		epoch,
		leaseUntil: at + LEASE_MS,
		barrenClaims,
	});
	await ctx.scheduler.runAt(at, internal.sync.run.run, { runId: claimRow.runId!, epoch });
}
