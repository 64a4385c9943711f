/** Sync runs as lists and pages show them. */
import type { PaginationOptions } from 'convex/server';
import { v, type Infer } from 'convex/values';
import type { Doc } from '../_generated/dataModel.js';
import { findOwned, getOwned, type WorkspaceQueryCtx } from '../lib/functions.ts';
import { progressRowOf } from '../sync/claim.ts';
import { vCause, vFailure, vRequest, vRunKind, vRunState, vStep } from '../tables/sync.ts';

/** Of a long backfill only the newest are of interest. */
const MAX_REQUESTS = 200;

const runFields = {
	id: v.id('syncRuns'),
	connectionId: v.id('connections'),
	connectionName: v.string(),
	service: v.string(),
	kind: vRunKind,
	state: vRunState,
	startedAt: v.number(),
	endedAt: v.union(v.number(), v.null()),
	calls: v.number(),
	points: v.number(),
	pages: v.number(),
	cause: vCause,
	/** The name of who asked for it. */
	causedBy: v.union(v.string(), v.null()),
	/** Why it failed; of a run that succeeded, what it could not read. */
	failure: v.union(vFailure, v.null()),
};
export const vRun = v.object(runFields);
export const vRunPage = v.object({
	page: v.array(vRun),
	isDone: v.boolean(),
	continueCursor: v.string(),
	splitCursor: v.optional(v.union(v.string(), v.null())),
	pageStatus: v.optional(
		v.union(v.literal('SplitRecommended'), v.literal('SplitRequired'), v.null()),
	),
});
export const vRunDetail = v.object({
	...runFields,
	/** How often another action took the run over after a restart. */
	recoveries: v.number(),
	steps: v.array(vStep),
	/** The newest, in order. */
	requests: v.array(vRequest),
	requestCount: v.number(),
});

async function present(
	ctx: WorkspaceQueryCtx,
	run: Doc<'syncRuns'>,
	names: Map<string, string> = new Map(),
): Promise<Infer<typeof vRun>> {
	let connectionName = names.get(run.connectionId);
	if (connectionName === undefined) {
		connectionName = (await ctx.db.get('connections', run.connectionId))?.name ?? run.service;
		names.set(run.connectionId, connectionName);
	}
	const { _id, connectionId, service, kind, state, startedAt, endedAt, cause, causedBy } = run;
	const { calls, points, pages, failure } = run;
	return {
		id: _id,
		connectionId,
		connectionName,
		service,
		kind,
		state,
		startedAt,
		endedAt,
		calls,
		points,
		pages,
		cause,
		causedBy,
		failure,
	};
}

/** Newest first; of one connection or of the workspace. Counts of a live run are in its progress. */
export async function listRuns(
	ctx: WorkspaceQueryCtx,
	args: { connectionId?: Doc<'connections'>['_id']; paginationOpts: PaginationOptions },
): Promise<Infer<typeof vRunPage>> {
	const workspaceId = ctx.viewer.workspace._id;
	const { connectionId } = args;
	if (connectionId) await getOwned(ctx, 'connections', connectionId);
	const runs = connectionId
		? ctx.db
				.query('syncRuns')
				.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		: ctx.db.query('syncRuns').withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId));
	const result = await runs.order('desc').paginate(args.paginationOpts);
	const names = new Map<string, string>();
	const page: Infer<typeof vRun>[] = [];
	for (const run of result.page) page.push(await present(ctx, run, names));
	return { ...result, page };
}

/** Null for an unknown id and for another workspace's alike. */
export async function readRun(
	ctx: WorkspaceQueryCtx,
	runId: string,
): Promise<Infer<typeof vRunDetail> | null> {
	const run = await findOwned(ctx, 'syncRuns', runId);
	if (!run) return null;
	const batches = ctx.db
		.query('syncRequests')
		.withIndex('by_runId', (q) => q.eq('runId', run._id))
		.order('desc');
	const requests: Infer<typeof vRequest>[] = [];
	for await (const batch of batches) {
		requests.unshift(...batch.requests);
		if (requests.length >= MAX_REQUESTS) break;
	}
	const progress = run.endedAt === null ? await progressRowOf(ctx, run.connectionId) : null;
	const live = progress?.runId === run._id ? progress : null;
	const counts = live ? { calls: live.calls, points: live.points, pages: live.pages } : {};
	const shown = { ...(await present(ctx, run)), ...counts };
	return {
		...shown,
		recoveries: run.recoveries,
		steps: run.steps,
		requests: requests.slice(-MAX_REQUESTS),
		requestCount: shown.calls,
	};
}
