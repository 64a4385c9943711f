/** The catalogue, derived wholly from the registry. */
import { v, type Infer, type VAny } from 'convex/values';
import { integrationRegistry } from '../src/lib/server/integrations/index.ts';
import { manifestOf, type Manifest } from '../src/lib/server/integrations/sdk/index.ts';
import type { Doc } from './_generated/dataModel.js';
import { notFound } from './lib/errors.ts';
import { workspaceQuery, type WorkspaceQueryCtx } from './lib/functions.ts';
import { vHealth, type Health } from './lib/shapes.ts';
import { healthOfState } from './sync/api.ts';

const vListed = v.object({
	id: v.string(),
	name: v.string(),
	description: v.string(),
	category: v.string(),
	icon: v.string(),
	authLabels: v.array(v.string()),
	metricNames: v.array(v.string()),
	metricCount: v.number(),
	connectedCount: v.number(),
	worstHealth: v.union(vHealth, v.null()),
});

/** Its shape is the SDK's to declare; it is JSON by construction. */
const vManifest = v.any() as VAny<Manifest>;

/** Worst first: what needs a person, then what needs time. */
const BY_URGENCY: Health[] = [
	'needsReauth',
	'failing',
	'late',
	'waiting',
	'paused',
	'never',
	'syncing',
	'fresh',
];

export const list = workspaceQuery({
	args: {},
	returns: v.array(vListed),
	handler: (ctx) => listIntegrations(ctx),
});

export async function listIntegrations(ctx: WorkspaceQueryCtx): Promise<Infer<typeof vListed>[]> {
	const states = await readStates(ctx);
	const now = Date.now();
	return integrationRegistry.list().map((integration) => {
		const manifest = manifestOf(integration);
		const healths = states
			.filter(({ service }) => service === manifest.id)
			.map((state) => healthOfState(state, now));
		return {
			id: manifest.id,
			name: manifest.name,
			description: manifest.description,
			category: manifest.category,
			icon: manifest.icon,
			authLabels: manifest.auth.map(({ label }) => label),
			metricNames: manifest.metrics.map(({ name }) => name),
			metricCount: manifest.metrics.length,
			connectedCount: healths.length,
			worstHealth: BY_URGENCY.find((health) => healths.includes(health)) ?? null,
		};
	});
}

export const get = workspaceQuery({
	args: { service: v.string() },
	returns: v.object({
		manifest: vManifest,
		connections: v.array(v.object({ id: v.id('connections'), name: v.string(), health: vHealth })),
	}),
	handler: (ctx, { service }) => describeIntegration(ctx, service),
});

export async function describeIntegration(ctx: WorkspaceQueryCtx, service: string) {
	if (!integrationRegistry.has(service)) throw notFound('This integration');
	const states = await readStates(ctx);
	const now = Date.now();
	const connections = await ctx.db
		.query('connections')
		.withIndex('by_account', (q) =>
			q.eq('workspaceId', ctx.viewer.workspace._id).eq('service', service),
		)
		.collect();
	return {
		manifest: manifestOf(integrationRegistry.get(service)),
		connections: connections.map(({ _id, name }) => {
			const state = states.find(({ connectionId }) => connectionId === _id);
			return { id: _id, name, health: state ? healthOfState(state, now) : ('never' as const) };
		}),
	};
}

function readStates(ctx: WorkspaceQueryCtx): Promise<Doc<'syncStates'>[]> {
	return ctx.db
		.query('syncStates')
		.withIndex('by_workspaceId', (q) => q.eq('workspaceId', ctx.viewer.workspace._id))
		.collect();
}
