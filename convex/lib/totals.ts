/** Counts that outlive the rows they count: old sync runs are pruned, their number must not fall. */
import type { Doc, Id } from '../_generated/dataModel.js';
import type { MutationCtx, QueryCtx } from '../_generated/server.js';

type Totals = Pick<Doc<'workspaceTotals'>, 'finishedRuns' | 'failedRuns'>;

export async function readTotals(
	ctx: Pick<QueryCtx, 'db'>,
	workspaceId: Id<'workspaces'>,
): Promise<Totals> {
	const row = await readRow(ctx, workspaceId);
	return { finishedRuns: row?.finishedRuns ?? 0, failedRuns: row?.failedRuns ?? 0 };
}

/** Counts one finished sync run, in the transaction that ends it. */
export async function countRun(
	ctx: Pick<MutationCtx, 'db'>,
	workspaceId: Id<'workspaces'>,
	hasFailed: boolean,
): Promise<void> {
	const row = await readRow(ctx, workspaceId);
	const finishedRuns = (row?.finishedRuns ?? 0) + 1;
	const failedRuns = (row?.failedRuns ?? 0) + Number(hasFailed);
	if (row) await ctx.db.patch('workspaceTotals', row._id, { finishedRuns, failedRuns });
	else await ctx.db.insert('workspaceTotals', { workspaceId, finishedRuns, failedRuns });
}

function readRow(ctx: Pick<QueryCtx, 'db'>, workspaceId: Id<'workspaces'>) {
	return ctx.db
		.query('workspaceTotals')
		.withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId))
		.unique();
}
