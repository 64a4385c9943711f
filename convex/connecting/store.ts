/** Keeps what was tested: connection, sealed credentials and the order for the first sync in one transaction. */
import { v, type Infer } from 'convex/values';
import type { Id } from '../_generated/dataModel.js';
import { internalMutation, type MutationCtx } from '../_generated/server.js';
import { audit } from '../lib/audit.ts';
import { notFound } from '../lib/errors.ts';
import { readUser } from '../lib/members.ts';
import { enqueueFirstSync, restartSync } from '../sync/api.ts';
import { vAccount, vCredentialFact, vSettings } from '../tables/connections.ts';

const vSealedFields = v.array(
	v.object({ field: v.string(), sealed: v.string(), keyId: v.string() }),
);

const testedFields = {
	workspaceId: v.id('workspaces'),
	by: v.string(),
	authId: v.string(),
	account: vAccount,
	settings: vSettings,
	credentials: v.array(vCredentialFact),
	sealed: vSealedFields,
};

const vInsert = v.object({
	...testedFields,
	service: v.string(),
	name: v.string(),
	vaultId: v.string(),
});

/** @returns the new connection, or the one that has this external account already */
export const insert = internalMutation({
	args: vInsert.fields,
	returns: v.union(
		v.object({ connectionId: v.id('connections') }),
		v.object({ duplicateOf: v.id('connections') }),
	),
	handler: (ctx, args) => insertConnection(ctx, args),
});

export async function insertConnection(
	ctx: MutationCtx,
	args: Infer<typeof vInsert>,
): Promise<{ connectionId: Id<'connections'> } | { duplicateOf: Id<'connections'> }> {
	// Looked up here and not before the test: of two forms sent at once, the second finds the first one's row.
	const existing = await ctx.db
		.query('connections')
		.withIndex('by_account', (q) =>
			q
				.eq('workspaceId', args.workspaceId)
				.eq('service', args.service)
				.eq('account.id', args.account.id),
		)
		.first();
	if (existing) return { duplicateOf: existing._id };
	const { by, sealed, ...facts } = args;
	const now = Date.now();
	const connectionId = await ctx.db.insert('connections', {
		...facts,
		vaultVersion: 1,
		authorisedBy: by,
		createdAt: now,
	});
	await writeSecrets(ctx, connectionId, sealed);
	await audit(ctx, {
		workspaceId: args.workspaceId,
		connectionId,
		by,
		event: 'connection.connected',
		text: `Connected ${args.account.name}.`,
	});
	await enqueueFirstSync(ctx, connectionId, await nameOf(ctx, by), now);
	return { connectionId };
}

const vReplace = v.object({
	...testedFields,
	connectionId: v.id('connections'),
	/** The vault version that was read before the test. */
	expectedVersion: v.number(),
});

/** Puts new credentials and settings in the place of the old. False: another reconnect was faster. */
export const replace = internalMutation({
	args: vReplace.fields,
	returns: v.boolean(),
	handler: (ctx, args) => replaceCredentials(ctx, args),
});

export async function replaceCredentials(
	ctx: MutationCtx,
	args: Infer<typeof vReplace>,
): Promise<boolean> {
	const connection = await ctx.db.get('connections', args.connectionId);
	if (connection?.workspaceId !== args.workspaceId) throw notFound('This connection');
	// The blobs are bound to the version they were sealed for.
	if (connection.vaultVersion !== args.expectedVersion) return false;
	await ctx.db.patch('connections', connection._id, {
		authId: args.authId,
		account: args.account,
		settings: args.settings,
		credentials: args.credentials,
		vaultVersion: args.expectedVersion + 1,
		authorisedBy: args.by,
	});
	await removeSecrets(ctx, connection._id);
	await writeSecrets(ctx, connection._id, args.sealed);
	await audit(ctx, {
		workspaceId: args.workspaceId,
		connectionId: connection._id,
		by: args.by,
		event: 'connection.reconnected',
		text: `Reconnected ${args.account.name} with new credentials.`,
	});
	await restartSync(ctx, connection._id, await nameOf(ctx, args.by), Date.now());
	return true;
}

async function nameOf(ctx: MutationCtx, userId: string): Promise<string | null> {
	return (await readUser(ctx, userId))?.name ?? null;
}

export async function removeSecrets(
	ctx: MutationCtx,
	connectionId: Id<'connections'>,
): Promise<void> {
	const rows = await ctx.db
		.query('secrets')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
		.collect();
	for (const row of rows) await ctx.db.delete('secrets', row._id);
}

async function writeSecrets(
	ctx: MutationCtx,
	connectionId: Id<'connections'>,
	sealed: Infer<typeof vSealedFields>,
): Promise<void> {
	for (const one of sealed) await ctx.db.insert('secrets', { connectionId, ...one });
}

/** Leaves a trace of stored credentials that did not open: a lost key, or somebody at the database. */
export const recordUnreadable = internalMutation({
	args: { connectionId: v.id('connections') },
	returns: v.null(),
	handler: async (ctx, { connectionId }) => {
		const connection = await ctx.db.get('connections', connectionId);
		if (!connection) return null;
		await audit(ctx, {
			workspaceId: connection.workspaceId,
			connectionId,
			by: null,
			event: 'connection.secretUnreadable',
			text: 'The stored credentials could not be opened. They must be entered again.',
		});
		return null;
	},
});
