/** What a Convex action needs of the database before it may talk to a service. Internal: sealed blobs pass here. */
import { v, type Infer } from 'convex/values';
import type { Id } from '../_generated/dataModel.js';
import { internalQuery, type QueryCtx } from '../_generated/server.js';
import { allowedHostsOf } from '../egress.ts';
import { vAccount, vSettings } from '../tables/connections.ts';

const vLoaded = v.object({
	connectionId: v.id('connections'),
	workspaceId: v.id('workspaces'),
	service: v.string(),
	name: v.string(),
	authId: v.string(),
	account: vAccount,
	settings: vSettings,
	vaultId: v.string(),
	vaultVersion: v.number(),
	/** Fields that must be among the sealed ones. */
	credentialNames: v.array(v.string()),
	sealed: v.array(v.object({ field: v.string(), sealed: v.string() })),
	allowedHosts: v.array(v.string()),
	timeZone: v.string(),
});
export type LoadedConnection = Infer<typeof vLoaded>;

/** null: no such connection in this workspace. */
export const connection = internalQuery({
	args: { workspaceId: v.id('workspaces'), connectionId: v.string() },
	returns: v.union(vLoaded, v.null()),
	handler: (ctx, args) => loadConnection(ctx, args),
});

export async function loadConnection(
	ctx: QueryCtx,
	args: { workspaceId: Id<'workspaces'>; connectionId: string },
): Promise<LoadedConnection | null> {
	const connectionId = ctx.db.normalizeId('connections', args.connectionId);
	const row = connectionId && (await ctx.db.get('connections', connectionId));
	const workspace = await ctx.db.get('workspaces', args.workspaceId);
	if (!row || !workspace || row.workspaceId !== workspace._id) return null;
	const secrets = await ctx.db
		.query('secrets')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', row._id))
		.collect();
	return {
		connectionId: row._id,
		workspaceId: row.workspaceId,
		service: row.service,
		name: row.name,
		authId: row.authId,
		account: row.account,
		settings: row.settings,
		vaultId: row.vaultId,
		vaultVersion: row.vaultVersion,
		credentialNames: row.credentials.map(({ name }) => name),
		sealed: secrets.map(({ field, sealed }) => ({ field, sealed })),
		allowedHosts: await allowedHostsOf(ctx, workspace._id),
		timeZone: workspace.timeZone,
	};
}

/** For a form whose connection does not exist yet. */
export const allowedHosts = internalQuery({
	args: { workspaceId: v.id('workspaces') },
	returns: v.array(v.string()),
	handler: (ctx, { workspaceId }) => allowedHostsOf(ctx, workspaceId),
});
