/** The series of a connection, kept in step with what its settings ask for. */
import type { Doc, Id } from '../_generated/dataModel.js';
import { integrationRegistry } from '../../src/lib/server/integrations/index.ts';
import type {
	BaseIntegration,
	MetricInstance,
} from '../../src/lib/server/integrations/sdk/index.ts';
import type { ReadCtx, WriteCtx } from './claim.ts';

/** Headings of the overview: what the numbers mean, not who sent them. */
const groupOfCategory: Record<BaseIntegration['category'], string> = {
	payment: 'Revenue',
	analytics: 'Product and web',
	marketing: 'Marketing',
	development: 'Engineering',
	communication: 'Communication',
	operations: 'Operations',
};

function factsOf(integration: BaseIntegration, instance: MetricInstance, order: number) {
	return {
		key: instance.seriesKey,
		metricId: instance.id,
		name: instance.name,
		context: Object.values(instance.dimensionValues ?? {}).join(' · '),
		description: instance.description,
		unit: instance.unit,
		kind: instance.kind,
		merge: instance.merge,
		direction: instance.direction,
		chart: instance.chart,
		strategy: instance.strategy,
		group: instance.group ?? groupOfCategory[integration.category],
		lagDays: instance.lagDays ?? 0,
		order,
	};
}

/**
 * Inserts the series that are new, takes over those a removed connection to the same external account left behind,
 * refreshes the definitions of the others, and retires what is no longer asked for (its points stay).
 * @returns how many are asked for now and were not before
 */
export async function ensureSeries(
	ctx: Pick<WriteCtx, 'db'>,
	connection: Doc<'connections'>,
): Promise<{ added: number }> {
	const integration = integrationRegistry.get(connection.service);
	const instances = integration.metricsFor(connection.settings);
	const existing = await allSeriesOf(ctx, connection._id);
	const byKey = new Map(existing.map((series) => [series.key, series]));
	let added = 0;
	for (const [order, instance] of instances.entries()) {
		const facts = factsOf(integration, instance, order);
		const found = byKey.get(facts.key) ?? (await leftBehind(ctx, connection, facts.key));
		byKey.delete(facts.key);
		if (!found) {
			await insertSeries(ctx, connection, facts);
			added++;
			continue;
		}
		if (!found.isActive) added++;
		await adopt(ctx, connection, found, facts);
	}
	for (const retired of byKey.values()) {
		if (retired.isActive) await ctx.db.patch('series', retired._id, { isActive: false });
	}
	return { added };
}

async function leftBehind(
	ctx: ReadCtx,
	{ workspaceId, service, account }: Doc<'connections'>,
	key: string,
): Promise<Doc<'series'> | null> {
	const candidates = await ctx.db
		.query('series')
		.withIndex('by_workspaceId', (q) =>
			q
				.eq('workspaceId', workspaceId)
				.eq('service', service)
				.eq('accountId', account.id)
				.eq('key', key),
		)
		.take(10);
	return candidates.find((series) => series.formerConnectionName !== null) ?? null;
}

async function insertSeries(
	ctx: Pick<WriteCtx, 'db'>,
	connection: Doc<'connections'>,
	facts: ReturnType<typeof factsOf>,
): Promise<void> {
	const { _id: connectionId, workspaceId, service, account } = connection;
	const workspace = await ctx.db.get('workspaces', workspaceId);
	const seriesId = await ctx.db.insert('series', {
		workspaceId,
		connectionId,
		service,
		accountId: account.id,
		...facts,
		isActive: true,
		formerConnectionName: null,
		timeZone: workspace!.timeZone,
	});
	await ctx.db.insert('seriesStates', {
		seriesId,
		connectionId,
		workspaceId,
		firstAt: null,
		lastAt: null,
		lastValue: null,
		pointCount: 0,
		failure: null,
		failedRunId: null,
	});
}

/** Writes only what differs, so that a sync that changes no definition disturbs no subscription. */
async function adopt(
	ctx: Pick<WriteCtx, 'db'>,
	connection: Doc<'connections'>,
	series: Doc<'series'>,
	facts: ReturnType<typeof factsOf>,
): Promise<void> {
	const wanted = {
		...facts,
		connectionId: connection._id,
		accountId: connection.account.id,
		isActive: true,
		formerConnectionName: null,
	};
	const isSame = Object.entries(wanted).every(
		([name, value]) =>
			JSON.stringify(series[name as keyof Doc<'series'>]) === JSON.stringify(value),
	);
	if (isSame) return;
	await ctx.db.patch('series', series._id, wanted);
	if (series.connectionId === connection._id) return;
	const state = await seriesStateOf(ctx, series._id);
	if (state) await ctx.db.patch('seriesStates', state._id, { connectionId: connection._id });
}

/** All series of a connection, retired ones included. */
export async function allSeriesOf(
	ctx: ReadCtx,
	connectionId: Id<'connections'>,
): Promise<Doc<'series'>[]> {
	return await ctx.db
		.query('series')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.collect();
}

export async function seriesStateOf(ctx: ReadCtx, seriesId: Id<'series'>) {
	return await ctx.db
		.query('seriesStates')
		.withIndex('by_seriesId', (q) => q.eq('seriesId', seriesId))
		.unique();
}
