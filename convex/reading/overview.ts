/** The overview: cards in groups by meaning, and what flows in. */
import type { Infer } from 'convex/values';
import { rangeOfDays } from '../../src/lib/metrics/range.ts';
import type { Doc } from '../_generated/dataModel.js';
import type { WorkspaceQueryCtx } from '../lib/functions.ts';
import { readCard } from './card.ts';
import { pointsIn24h } from './ofConnection.ts';
import type { vCard, vFlow, vListed, vOverview } from './shapes.ts';
import { healthOfSeries, iconOf, nameOf, serviceNameOf, Sources } from './sources.ts';

/** Money first, machines last; groups an integration names itself follow by name. */
const groupOrder = [
	'Revenue',
	'Product and web',
	'Marketing',
	'Engineering',
	'Communication',
	'Operations',
];

type Card = Infer<typeof vCard>;

export async function readOverview(
	ctx: WorkspaceQueryCtx,
	{ rangeDays, compare }: { rangeDays: number; compare: boolean },
	now: number,
): Promise<Infer<typeof vOverview>> {
	const { timeZone } = ctx.viewer.workspace;
	const range = rangeOfDays(rangeDays, now, timeZone);
	const sources = new Sources(ctx, timeZone, now);
	const { series, states } = await seriesWithStates(ctx);
	const active = series.filter((one) => one.isActive);
	const ask = { range, rangeDays, isCompared: compare };
	const cards = await Promise.all(
		active.map(async (one) => {
			const source = await sources.of(one.connectionId);
			return await readCard(ctx, one, states.get(one._id) ?? null, source, ask);
		}),
	);
	const flow = await readFlow(ctx, sources, now);
	return {
		now,
		timeZone,
		...range,
		groups: groupsOf(active, cards),
		flow,
		fresh: cards.filter((card) => card.health === 'fresh' || card.health === 'syncing').length,
		total: cards.length,
	};
}

function groupsOf(series: Doc<'series'>[], cards: Card[]) {
	const byName = new Map<string, { order: number; card: Card }[]>();
	series.forEach(({ group, order }, i) => {
		const own = byName.get(group) ?? [];
		own.push({ order, card: cards[i]! });
		byName.set(group, own);
	});
	const rank = (name: string) => groupOrder.indexOf(name) + 1 || groupOrder.length + 1;
	const names = [...byName.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
	return names.map((name) => {
		const own = byName.get(name)!;
		// Of one connection together, as its integration lists them.
		own.sort(
			(a, b) =>
				compareText(a.card.service, b.card.service) ||
				compareText(a.card.connectionId, b.card.connectionId) ||
				a.order - b.order,
		);
		const services = [...new Set(own.map(({ card }) => serviceNameOf(card.service)))];
		const id = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
		return { id, name, services, cards: own.map(({ card }) => card) };
	});
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function readFlow(
	ctx: WorkspaceQueryCtx,
	sources: Sources,
	now: number,
): Promise<Infer<typeof vFlow>[]> {
	const connections = await ctx.db
		.query('connections')
		.withIndex('by_account', (q) => q.eq('workspaceId', ctx.viewer.workspace._id))
		.collect();
	const flow = await Promise.all(
		connections.map(async ({ _id, name, service }) => {
			const health = (await sources.of(_id))?.health;
			return {
				connectionId: _id,
				name,
				service,
				icon: iconOf(service),
				health: health?.health ?? ('never' as const),
				freshnessText: health?.freshnessText ?? 'no data yet',
				lastSuccessAt: health?.lastSuccessAt ?? null,
				points24h: await pointsIn24h(ctx, _id, now),
			};
		}),
	);
	return flow.sort((a, b) => b.points24h - a.points24h || compareText(a.name, b.name));
}

async function seriesWithStates(ctx: WorkspaceQueryCtx) {
	const workspaceId = ctx.viewer.workspace._id;
	const [series, states] = await Promise.all([
		ctx.db
			.query('series')
			.withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId))
			.collect(),
		ctx.db
			.query('seriesStates')
			.withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId))
			.collect(),
	]);
	return { series, states: new Map(states.map((state) => [state.seriesId, state])) };
}

/** Every series that has ever had a point or is asked for, those of removed connections included. */
export async function listMetrics(
	ctx: WorkspaceQueryCtx,
	now: number,
): Promise<Infer<typeof vListed>[]> {
	const sources = new Sources(ctx, ctx.viewer.workspace.timeZone, now);
	const { series, states } = await seriesWithStates(ctx);
	const listed = series.filter((one) => one.isActive || (states.get(one._id)?.pointCount ?? 0) > 0);
	const rows = await Promise.all(
		listed.map(async (one) => {
			const source = await sources.of(one.connectionId);
			const state = states.get(one._id) ?? null;
			return {
				seriesId: one._id,
				connectionId: one.connectionId,
				connectionName: nameOf(one, source),
				service: one.service,
				icon: iconOf(one.service),
				name: one.name,
				context: one.context || nameOf(one, source),
				unit: one.unit,
				kind: one.kind,
				lastValue: state?.lastValue ?? null,
				lastAt: state?.lastAt ?? null,
				health: healthOfSeries(one, state, source),
			};
		}),
	);
	return rows.sort((a, b) => compareText(a.name, b.name) || compareText(a.context, b.context));
}
