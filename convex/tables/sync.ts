/** How numbers get here: who is due, who holds the claim, what each run did. */
import { defineTable } from 'convex/server';
import { v } from 'convex/values';

export const vRemedy = v.union(
	v.literal('retry'),
	v.literal('reconnect'),
	v.literal('changeSetting'),
	v.literal('bug'),
);

/** A ConnectorError as plain data (sdk/errors.ts `toPlain`). Never holds a credential or a response body. */
export const vFailure = v.object({
	code: v.string(),
	message: v.string(),
	remedy: vRemedy,
	field: v.optional(v.string()),
	fields: v.optional(v.record(v.string(), v.string())),
	retryAt: v.optional(v.number()),
	/** `host:port` that the owner may allow, for PRIVATE_ADDRESS. */
	host: v.optional(v.string()),
});

export const vRunKind = v.union(v.literal('backfill'), v.literal('refresh'));

/**
 * queued -> running -> succeeded | failed | needsReauth | canceled | paused; running <-> waiting, when the service said
 * when to come back. `complete.ts` writes the terminal states, `recover.ts` is the only other writer of one.
 */
export const vRunState = v.union(
	v.literal('queued'),
	v.literal('running'),
	v.literal('waiting'),
	v.literal('succeeded'),
	v.literal('failed'),
	v.literal('needsReauth'),
	v.literal('canceled'),
	v.literal('paused'),
);

export const vCause = v.union(
	v.literal('schedule'),
	v.literal('person'),
	v.literal('connect'),
	v.literal('recovery'),
);

export const vStep = v.object({
	name: v.string(),
	state: v.union(
		v.literal('waiting'),
		v.literal('running'),
		v.literal('succeeded'),
		v.literal('failed'),
	),
	startedAt: v.union(v.number(), v.null()),
	endedAt: v.union(v.number(), v.null()),
});

export const vRequest = v.object({
	at: v.number(),
	method: v.string(),
	path: v.string(),
	status: v.union(v.number(), v.null()),
	durationMs: v.number(),
	bytes: v.number(),
	rows: v.union(v.number(), v.null()),
	errorCode: v.union(v.string(), v.null()),
});

export const vRange = v.object({ startAt: v.number(), endAt: v.number() });

export const syncTables = {
	/**
	 * One row per connection: what decides when it syncs next and how it is. Changes when a run begins or ends, not with
	 * its pages. Inserted by `enqueueFirstSync`; patched by enqueue, complete, recover, pause and resume; deleted by
	 * `sync/remove.ts`.
	 */
	syncStates: defineTable({
		connectionId: v.id('connections'),
		workspaceId: v.id('workspaces'),
		service: v.string(),
		syncEveryMinutes: v.number(),
		/** When the next run is due; null while one is live, while paused, and while a person must act first. */
		nextAt: v.union(v.number(), v.null()),
		/** The live run: at most one. */
		runId: v.union(v.id('syncRuns'), v.null()),
		lastRunId: v.union(v.id('syncRuns'), v.null()),
		/** Whether the live run waits because the service asked for it. */
		isWaiting: v.boolean(),
		pausedAt: v.union(v.number(), v.null()),
		lastSuccessAt: v.union(v.number(), v.null()),
		/** Why the last run did not succeed; null after a success. */
		failure: v.union(vFailure, v.null()),
		/** Runs that failed since the last success: sets the backoff. */
		failures: v.number(),
		isHistoryDone: v.boolean(),
		/** End of the range of the last successful run; the next one begins before it by the lookback. */
		coveredTo: v.union(v.number(), v.null()),
	})
		.index('by_connectionId', ['connectionId'])
		.index('by_nextAt', ['nextAt'])
		.index('by_workspaceId', ['workspaceId']),

	/**
	 * One row per connection: the claim of its live run and where the run would go on. Every commit checks (runId, epoch)
	 * here and writes the checkpoint here, in the transaction that stores the points. Inserted by `enqueueFirstSync`;
	 * patched by enqueue, commit, complete and recover; deleted by `sync/remove.ts`.
	 */
	syncClaims: defineTable({
		connectionId: v.id('connections'),
		runId: v.union(v.id('syncRuns'), v.null()),
		/** Raised with every claim: the holder of an older one writes nothing any more. */
		epoch: v.number(),
		/** Renewed with every page; a claim past it belongs to an action that died. Null: nothing is live. */
		leaseUntil: v.union(v.number(), v.null()),
		/** Of the last committed page; null at the start of a range. Kept by a failed run for the one after it. */
		checkpoint: v.any(),
		/** The range the checkpoint belongs to, frozen when the range was begun. */
		range: v.union(vRange, v.null()),
		/** Claims in a row that committed no page, so that a page that kills its action does not do so for ever. */
		barrenClaims: v.number(),
	})
		.index('by_connectionId', ['connectionId'])
		.index('by_leaseUntil', ['leaseUntil']),

	/**
	 * One row per run. Inserted when a connection is claimed; patched when it starts, waits, is taken over and ends;
	 * deleted by `rollups/prune.ts` and `sync/remove.ts`. Counts are copied here at the end, until then see syncProgress.
	 */
	syncRuns: defineTable({
		workspaceId: v.id('workspaces'),
		connectionId: v.id('connections'),
		service: v.string(),
		kind: vRunKind,
		state: vRunState,
		cause: vCause,
		/** Name of the person who asked for it. */
		causedBy: v.union(v.string(), v.null()),
		startedAt: v.number(),
		endedAt: v.union(v.number(), v.null()),
		calls: v.number(),
		points: v.number(),
		pages: v.number(),
		/** How often another action had to take the run over. */
		recoveries: v.number(),
		failure: v.union(vFailure, v.null()),
		steps: v.array(vStep),
	})
		.index('by_connectionId', ['connectionId', 'startedAt'])
		.index('by_workspaceId', ['workspaceId', 'startedAt'])
		.index('by_state', ['state', 'startedAt']),

	/**
	 * The hot counters of a connection's latest run, in a row of their own so that lists do not rerun with every page.
	 * Inserted by `enqueueFirstSync`, reset by enqueue, patched by commit and complete, deleted by `sync/remove.ts`.
	 */
	syncProgress: defineTable({
		connectionId: v.id('connections'),
		runId: v.union(v.id('syncRuns'), v.null()),
		range: v.union(vRange, v.null()),
		pages: v.number(),
		totalPages: v.union(v.number(), v.null()),
		/** New and corrected points. */
		points: v.number(),
		calls: v.number(),
		slice: v.union(v.string(), v.null()),
		waitUntil: v.union(v.number(), v.null()),
		waitReason: v.union(v.string(), v.null()),
		updatedAt: v.number(),
		/** The span of points committed so far, per series. */
		covered: v.array(v.object({ seriesId: v.id('series'), from: v.number(), to: v.number() })),
	}).index('by_connectionId', ['connectionId']),

	/**
	 * The requests of a run, a batch per commit. Inserted by commit and complete; deleted by `rollups/prune.ts` and
	 * `sync/remove.ts` with their run.
	 */
	syncRequests: defineTable({
		runId: v.id('syncRuns'),
		/** Time of the batch's first request. */
		at: v.number(),
		requests: v.array(vRequest),
	}).index('by_runId', ['runId', 'at']),
};
