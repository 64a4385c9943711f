/** Public: what each sync did. */
import { paginationOptsValidator } from 'convex/server';
import { v } from 'convex/values';
import { workspaceQuery } from './lib/functions.ts';
import { listRuns, readRun, vRunDetail, vRunPage } from './reading/runs.ts';

export const list = workspaceQuery({
	args: { connectionId: v.optional(v.id('connections')), paginationOpts: paginationOptsValidator },
	returns: vRunPage,
	handler: (ctx, args) => listRuns(ctx, args),
});

export const get = workspaceQuery({
	args: { runId: v.string() },
	returns: v.union(vRunDetail, v.null()),
	handler: (ctx, { runId }) => readRun(ctx, runId),
});
