/** What the progress bar of a connection shows. Its own subscription: it changes with every page. */
import { v, type Infer } from 'convex/values';
import type { Doc, Id } from '../_generated/dataModel.js';
import { bucketEnd, bucketStarts } from '../../src/lib/metrics/granularity.ts';
import { monthKey } from '../../src/lib/metrics/formatTime.ts';
import { vRunKind, vRunState } from '../tables/sync.ts';
import { progressRowOf, type ReadCtx } from './claim.ts';

export const vProgress = v.object({
	runId: v.id('syncRuns'),
	kind: vRunKind,
	state: vRunState,
	startedAt: v.number(),
	pages: v.number(),
	totalPages: v.union(v.number(), v.null()),
	/** New and corrected points of this run. */
	points: v.number(),
	calls: v.number(),
	/** Time left at the pace so far; null until there is one. */
	etaMs: v.union(v.number(), v.null()),
	waitUntil: v.union(v.number(), v.null()),
	waitReason: v.union(v.string(), v.null()),
	/** Oldest first. `filled` is 0..1, over all series. Empty for a refresh. */
	months: v.array(v.object({ month: v.string(), filled: v.number() })),
});
export type Progress = Infer<typeof vProgress>;

export async function progressOf(
	ctx: ReadCtx,
	connectionId: Id<'connections'>,
	timeZone: string,
): Promise<Progress | null> {
	const row = await progressRowOf(ctx, connectionId);
	const run = row?.runId ? await ctx.db.get('syncRuns', row.runId) : null;
	if (!row || !run) return null;
	const { pages, totalPages, points, calls, waitUntil, waitReason } = row;
	return {
		runId: run._id,
		kind: run.kind,
		state: run.state,
		startedAt: run.startedAt,
		pages,
		totalPages,
		points,
		calls,
		etaMs: etaOf(run, row),
		waitUntil,
		waitReason,
		months: run.kind === 'backfill' ? await monthsOf(ctx, run, row, timeZone) : [],
	};
}

/** Linear in pages; measured up to the last commit, so that the query needs no clock. */
function etaOf(run: Doc<'syncRuns'>, row: Doc<'syncProgress'>): number | null {
	if (run.endedAt !== null || row.totalPages === null || row.pages <= 0) return null;
	const left = Math.max(0, row.totalPages - row.pages);
	return Math.round(((row.updatedAt - run.startedAt) / row.pages) * left);
}

async function monthsOf(
	ctx: ReadCtx,
	run: Doc<'syncRuns'>,
	row: Doc<'syncProgress'>,
	timeZone: string,
): Promise<Progress['months']> {
	if (!row.range) return [];
	const { startAt, endAt } = row.range;
	const isDone = run.state === 'succeeded';
	const series = await ctx.db
		.query('series')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', run.connectionId))
		.collect();
	const count = Math.max(1, series.filter((one) => one.isActive).length);
	return bucketStarts(startAt, endAt, 'month', timeZone).map((start) => {
		const from = Math.max(start, startAt);
		const to = Math.min(bucketEnd(start, 'month', timeZone), endAt);
		const covered = row.covered.reduce(
			(sum, span) => sum + Math.max(0, Math.min(span.to, to) - Math.max(span.from, from)),
			0,
		);
		const filled = isDone ? 1 : Math.min(1, covered / Math.max(1, to - from) / count);
		return { month: monthKey(start, timeZone), filled };
	});
}
