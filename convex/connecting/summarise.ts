/** A connection in a list: what it is, how it is. */
import { v, type Infer } from 'convex/values';
import { integrationRegistry } from '../../src/lib/server/integrations/index.ts';
import { manifestOf, type Manifest } from '../../src/lib/server/integrations/sdk/index.ts';
import type { Doc } from '../_generated/dataModel.js';
import type { WorkspaceQueryCtx } from '../lib/functions.ts';
import { vFailure, vHealth } from '../lib/shapes.ts';
import { healthOf, pointsIn24h } from '../sync/api.ts';
import { vRunState } from '../tables/sync.ts';

/** A list page is not paginated; a company with more connections than this needs another page, not a longer one. */
const CONNECTIONS_LIMIT = 500;

export const vConnectionSummary = v.object({
	id: v.id('connections'),
	service: v.string(),
	serviceName: v.string(),
	icon: v.string(),
	name: v.string(),
	accountName: v.string(),
	health: vHealth,
	/** One sentence: what happened, who must act, what to do. */
	healthText: v.string(),
	lastSuccessAt: v.union(v.number(), v.null()),
	nextSyncAt: v.union(v.number(), v.null()),
	metricCount: v.number(),
	points24h: v.number(),
	failure: v.union(vFailure, v.null()),
	/** True once sample data exists; until then nothing is made up. */
	isSample: v.literal(false),
	lastRun: v.union(
		v.object({
			id: v.id('syncRuns'),
			state: vRunState,
			startedAt: v.number(),
			endedAt: v.union(v.number(), v.null()),
		}),
		v.null(),
	),
});
export type ConnectionSummary = Infer<typeof vConnectionSummary>;

export async function listConnections(ctx: WorkspaceQueryCtx): Promise<ConnectionSummary[]> {
	const connections = await ctx.db
		.query('connections')
		.withIndex('by_account', (q) => q.eq('workspaceId', ctx.viewer.workspace._id))
		.take(CONNECTIONS_LIMIT);
	const now = Date.now();
	const summaries = await Promise.all(connections.map((one) => summarise(ctx, one, now)));
	return summaries.sort((a, b) => a.name.localeCompare(b.name));
}

export async function summarise(
	ctx: WorkspaceQueryCtx,
	connection: Doc<'connections'>,
	now: number,
): Promise<ConnectionSummary> {
	const health = await healthOf(ctx, connection._id, ctx.viewer.workspace.timeZone, now);
	const { name: serviceName, icon } = faceOf(connection.service);
	const runId = health?.state.lastRunId;
	const run = runId ? await ctx.db.get('syncRuns', runId) : null;
	return {
		id: connection._id,
		service: connection.service,
		serviceName,
		icon,
		name: connection.name,
		accountName: connection.account.name,
		health: health?.health ?? 'never',
		healthText: health?.healthText ?? 'Nothing was fetched yet.',
		lastSuccessAt: health?.lastSuccessAt ?? null,
		nextSyncAt: health?.nextSyncAt ?? null,
		metricCount: await countSeries(ctx, connection),
		points24h: await pointsIn24h(ctx, connection._id, now),
		failure: health?.failure ?? null,
		isSample: false,
		lastRun: run && {
			id: run._id,
			state: run.state,
			startedAt: run.startedAt,
			endedAt: run.endedAt,
		},
	};
}

/** A service that a later version dropped still has connections; they are shown by their id. */
export function faceOf(service: string): { name: string; icon: string; manifest: Manifest | null } {
	if (!integrationRegistry.has(service)) {
		return { name: service, icon: `/integrations/${service}.svg`, manifest: null };
	}
	const manifest = manifestOf(integrationRegistry.get(service));
	return { name: manifest.name, icon: manifest.icon, manifest };
}

async function countSeries(ctx: WorkspaceQueryCtx, { _id }: Doc<'connections'>): Promise<number> {
	const series = await ctx.db
		.query('series')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', _id))
		.collect();
	return series.filter(({ isActive }) => isActive).length;
}
