/** What "This server" measures: counts from our own tables, and what only the process behind us can know. */
import { v, type Infer } from 'convex/values';
import type { ServerStats } from '../../src/lib/server/integrations/sdk/index.ts';
import { internal } from '../_generated/api.js';
import type { Id } from '../_generated/dataModel.js';
import { internalQuery, type ActionCtx, type QueryCtx } from '../_generated/server.js';
import { env } from '../lib/env.ts';
import { event } from '../lib/events.ts';
import { outboundFetch } from '../lib/outbound.ts';
import { readTotals } from '../lib/totals.ts';

/** The process answers from memory; a slow one is in trouble, and its own numbers can wait for the next sync. */
const PROCESS_STATS_TIMEOUT_MS = 2_000;

const vCounts = v.object({
	instanceId: v.string(),
	name: v.string(),
	syncRuns: v.number(),
	failedSyncRuns: v.number(),
	pointsStored: v.number(),
});

export const counts = internalQuery({
	args: { workspaceId: v.id('workspaces') },
	returns: vCounts,
	handler: (ctx, { workspaceId }) => readCounts(ctx, workspaceId),
});

export async function readCounts(
	ctx: QueryCtx,
	workspaceId: Id<'workspaces'>,
): Promise<Infer<typeof vCounts>> {
	const workspace = await ctx.db.get('workspaces', workspaceId);
	const { finishedRuns, failedRuns } = await readTotals(ctx, workspaceId);
	let pointsStored = 0;
	const states = ctx.db
		.query('seriesStates')
		.withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId));
	for await (const state of states) pointsStored += state.pointCount;
	return {
		instanceId: workspaceId,
		name: workspace?.name ?? 'This server',
		syncRuns: finishedRuns,
		failedSyncRuns: failedRuns,
		pointsStored,
	};
}

type ProcessStats = Pick<
	ServerStats,
	'version' | 'databaseBytes' | 'memoryBytes' | 'liveSubscribers'
>;

export async function readServerStats(
	ctx: ActionCtx,
	workspaceId: Id<'workspaces'>,
): Promise<ServerStats> {
	const [own, process] = await Promise.all([
		ctx.runQuery(internal.connecting.serverStats.counts, { workspaceId }),
		readProcessStats(),
	]);
	return { ...own, ...process };
}

/**
 * EMBEDDED_STATS_URL is set by the embedded deployment: an address only its functions know, answered in process.
 * Elsewhere (Convex Cloud) there is no such process, and its numbers are null, which makes gaps rather than zeros.
 */
export async function readProcessStats(): Promise<ProcessStats> {
	const url = env.statsUrl;
	const stats = url ? await fetchJson(url) : {};
	const number = (name: string) => (typeof stats[name] === 'number' ? stats[name] : null);
	return {
		version: typeof stats.version === 'string' ? stats.version : 'unknown',
		databaseBytes: number('databaseBytes'),
		memoryBytes: number('memoryBytes'),
		// Connected pages and clients; each may hold many subscriptions.
		liveSubscribers: number('sockets'),
	};
}

async function fetchJson(url: string): Promise<Record<string, unknown>> {
	try {
		const init = {
			signal: AbortSignal.timeout(PROCESS_STATS_TIMEOUT_MS),
			// Our own loopback address: the guard of the embedded deployment's fetch would refuse it otherwise.
			egress: { allow: [new URL(url).host] },
		};
		const body: unknown = await (await outboundFetch(url, init)).json();
		return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
	} catch (error) {
		event('serverStats.unavailable', { name: error instanceof Error ? error.name : 'unknown' });
		return {};
	}
}
