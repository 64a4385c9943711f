/** Taking a connection away: what goes with it, said before and done in one transaction. */
import { v, type Infer } from 'convex/values';
import type { Id } from '../_generated/dataModel.js';
import { audit } from '../lib/audit.ts';
import { getOwned, type WorkspaceMutationCtx, type WorkspaceQueryCtx } from '../lib/functions.ts';
import { removalImpactOf, removeConnectionData } from '../sync/api.ts';
import { removeSecrets } from './store.ts';

export const vImpact = v.object({ metrics: v.number(), points: v.number(), runs: v.number() });

export async function readImpact(
	ctx: WorkspaceQueryCtx,
	connectionId: Id<'connections'>,
): Promise<Infer<typeof vImpact>> {
	const connection = await getOwned(ctx, 'connections', connectionId);
	return removalImpactOf(ctx, connection._id);
}

/** The credentials are gone when this commits; points, if unwanted, follow in batches of the sync engine. */
export async function removeConnection(
	ctx: WorkspaceMutationCtx,
	connectionId: Id<'connections'>,
	keepPoints: boolean,
): Promise<null> {
	const connection = await getOwned(ctx, 'connections', connectionId);
	await removeConnectionData(ctx, connection, keepPoints, Date.now());
	await removeSecrets(ctx, connection._id);
	await ctx.db.delete('connections', connection._id);
	await audit(ctx, {
		workspaceId: connection.workspaceId,
		connectionId: connection._id,
		by: ctx.viewer.userId,
		event: 'connection.removed',
		text: `Removed ${connection.name}, ${keepPoints ? 'kept its points' : 'with its points'}.`,
	});
	return null;
}
