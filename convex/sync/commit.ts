/**
 * Stores one page: points, the rollups they touch, the counters and the checkpoint, all in this one mutation. Actions
 * only fetch; whatever they die of, the next one goes on behind the last commit, and a page that comes twice changes
 * nothing.
 */
import { ConvexError, v, type Infer } from 'convex/values';
import { decodePoints } from '../../src/lib/metrics/chunkCodec.ts';
import type { PointColumns } from '../../src/lib/metrics/dataPoint.ts';
import {
	errorCatalogue,
	type ConnectorErrorCode,
} from '../../src/lib/server/integrations/sdk/index.ts';
import type { Doc, Id } from '../_generated/dataModel.js';
import { internalMutation } from '../_generated/server.js';
import { PointStore } from '../rollups/pointStore.ts';
import { recompute } from '../rollups/recompute.ts';
import { vRequest } from '../tables/sync.ts';
import { LEASE_MS, liveRun, startStep, type LiveRun, type WriteCtx } from './claim.ts';
import { seriesStateOf } from './series.ts';

/** A service's clock may run ahead by this much; what lies further in the future is stored but is not "the last value". */
const FUTURE_SKEW_MS = 10 * 60_000;
const HOUR_MS = 3_600_000;
/** "The last 24 hours" and one day to spare. */
const FLOW_KEPT_MS = 48 * HOUR_MS;

const vWarning = v.object({
	code: v.string(),
	message: v.string(),
	seriesKey: v.optional(v.string()),
});

export const commitArgs = v.object({
	runId: v.id('syncRuns'),
	epoch: v.number(),
	/** Points by series, packed by encodePoints: no array limit, and a tenth of the JSON. */
	parts: v.array(v.object({ key: v.string(), data: v.bytes() })),
	/** Null while more parts of the same page follow; the checkpoint comes with the last. */
	pageEnd: v.union(
		v.null(),
		v.object({
			checkpoint: v.any(),
			donePages: v.optional(v.number()),
			totalPages: v.optional(v.number()),
			slice: v.optional(v.string()),
		}),
	),
	requests: v.array(vRequest),
	warnings: v.array(vWarning),
});
export type CommitArgs = Infer<typeof commitArgs>;

const vCommitted = v.union(
	v.object({ state: v.literal('stored'), added: v.number(), corrected: v.number() }),
	/** Another action holds the claim, or the run was stopped: nothing was written, stop. */
	v.object({ state: v.literal('stale') }),
);
export type Committed = Infer<typeof vCommitted>;

export const commit = internalMutation({
	args: commitArgs.fields,
	returns: vCommitted,
	handler: (ctx, args) => commitPage(ctx, args, Date.now()),
});

export async function commitPage(ctx: WriteCtx, args: CommitArgs, now: number): Promise<Committed> {
	const live = await liveRun(ctx, args.runId, args.epoch);
	if (!live) return { state: 'stale' };
	const stored: StoredPart[] = [];
	for (const { key, data } of args.parts) {
		stored.push(await storePart(ctx, live.run.connectionId, key, decodePoints(data), now));
	}
	for (const warning of args.warnings) await storeWarning(ctx, live, warning);
	await storeRequests(ctx, args.runId, args.requests);
	const added = stored.reduce((sum, part) => sum + part.added, 0);
	const corrected = stored.reduce((sum, part) => sum + part.corrected, 0);
	await countFlow(ctx, live.run.connectionId, added + corrected, now);
	await moveOn(ctx, live, args, stored, now);
	return { state: 'stored', added, corrected };
}

interface StoredPart {
	seriesId: Id<'series'>;
	span: { from: number; to: number };
	added: number;
	corrected: number;
}

async function storePart(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	key: string,
	points: PointColumns,
	now: number,
): Promise<StoredPart> {
	const series = await seriesByKey(ctx, connectionId, key);
	const store = new PointStore(ctx.db, series._id);
	const { added, corrected, touched } = await store.upsert(points);
	if (touched.length > 0) await recompute(ctx.db, series, store, touched);
	await updateState(ctx, series._id, points, added, now);
	const span = { from: points.ats[0]!, to: points.ats[points.ats.length - 1]! };
	return { seriesId: series._id, span, added, corrected };
}

async function seriesByKey(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	key: string,
): Promise<Doc<'series'>> {
	const series = await ctx.db
		.query('series')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId).eq('key', key))
		.unique();
	if (series) return series;
	// Points nobody asked for are a bug of the integration; the whole page is refused rather than half of it kept.
	throw new ConvexError({
		code: 'INTEGRATION_BUG',
		message: `A page holds points of the series "${key}", which this connection does not have.`,
	});
}

async function updateState(
	ctx: WriteCtx,
	seriesId: Id<'series'>,
	{ ats, values }: PointColumns,
	added: number,
	now: number,
): Promise<void> {
	const state = await seriesStateOf(ctx, seriesId);
	if (!state) return;
	let last = ats.length - 1;
	while (last >= 0 && ats[last]! > now + FUTURE_SKEW_MS) last--;
	const isNewer = last >= 0 && ats[last]! >= (state.lastAt ?? 0);
	const next = {
		firstAt: Math.min(state.firstAt ?? Infinity, ats[0]!),
		lastAt: isNewer ? ats[last]! : state.lastAt,
		lastValue: isNewer ? values[last]! : state.lastValue,
		pointCount: state.pointCount + added,
		failure: null,
		failedRunId: null,
	};
	const isSame =
		next.firstAt === state.firstAt &&
		next.lastAt === state.lastAt &&
		Object.is(next.lastValue, state.lastValue) &&
		added === 0 &&
		state.failure === null;
	if (!isSame) await ctx.db.patch('seriesStates', state._id, next);
}

/** A warning about one series shows on its card; every warning shows on the run, so that nothing fails in silence. */
async function storeWarning(
	ctx: WriteCtx,
	{ run }: LiveRun,
	{ code, message, seriesKey }: Infer<typeof vWarning>,
): Promise<void> {
	const remedy = errorCatalogue[code as ConnectorErrorCode]?.remedy ?? 'changeSetting';
	const failure = { code, message, remedy };
	const current = await ctx.db.get('syncRuns', run._id);
	if (current && current.failure === null) await ctx.db.patch('syncRuns', run._id, { failure });
	if (seriesKey === undefined) return;
	const series = await seriesByKey(ctx, run.connectionId, seriesKey);
	const state = await seriesStateOf(ctx, series._id);
	if (state) await ctx.db.patch('seriesStates', state._id, { failure, failedRunId: run._id });
}

export async function storeRequests(
	ctx: WriteCtx,
	runId: Id<'syncRuns'>,
	requests: CommitArgs['requests'],
): Promise<void> {
	const first = requests[0];
	if (first) await ctx.db.insert('syncRequests', { runId, at: first.at, requests });
}

async function countFlow(
	ctx: WriteCtx,
	connectionId: Id<'connections'>,
	points: number,
	now: number,
): Promise<void> {
	if (points === 0) return;
	const flow = await ctx.db
		.query('flows')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.unique();
	if (!flow) return;
	const at = Math.floor(now / HOUR_MS) * HOUR_MS;
	const kept = flow.hours.filter((hour) => hour.at > now - FLOW_KEPT_MS && hour.at !== at);
	const own = flow.hours.find((hour) => hour.at === at)?.points ?? 0;
	await ctx.db.patch('flows', flow._id, { hours: [...kept, { at, points: own + points }] });
}

/** Counters, lease and, at the end of a page, the checkpoint. */
async function moveOn(
	ctx: WriteCtx,
	{ run, claim, progress }: LiveRun,
	{ pageEnd, requests }: CommitArgs,
	stored: StoredPart[],
	now: number,
): Promise<void> {
	await ctx.db.patch('syncClaims', claim._id, {
		leaseUntil: now + LEASE_MS,
		...(pageEnd ? { checkpoint: pageEnd.checkpoint, barrenClaims: 0 } : {}),
	});
	const changes = stored.reduce((sum, part) => sum + part.added + part.corrected, 0);
	await ctx.db.patch('syncProgress', progress._id, {
		points: progress.points + changes,
		calls: progress.calls + requests.length,
		covered: run.kind === 'backfill' ? cover(progress.covered, stored) : progress.covered,
		updatedAt: now,
		...(pageEnd && {
			pages: pageEnd.donePages ?? progress.pages + 1,
			totalPages: pageEnd.totalPages ?? progress.totalPages,
			slice: pageEnd.slice ?? progress.slice,
		}),
	});
	if (run.steps[1]?.state === 'waiting') {
		await ctx.db.patch('syncRuns', run._id, { steps: startStep(run.steps, 1, now) });
	}
}

/** Pages come in order, so what lies between two of a series counts as fetched. */
function cover(
	covered: Doc<'syncProgress'>['covered'],
	stored: StoredPart[],
): Doc<'syncProgress'>['covered'] {
	const bySeries = new Map(covered.map((one) => [one.seriesId, one]));
	for (const { seriesId, span } of stored) {
		const known = bySeries.get(seriesId);
		bySeries.set(seriesId, {
			seriesId,
			from: Math.min(known?.from ?? Infinity, span.from),
			to: Math.max(known?.to ?? -Infinity, span.to),
		});
	}
	return [...bySeries.values()];
}
