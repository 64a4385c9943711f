/**
 * The only builders public functions are made with (the two in setup.ts excepted). Each resolves session, user,
 * membership and workspace from the database before the handler runs, and refuses otherwise; handlers find the result
 * as `ctx.viewer`. tests/convex walks every public function and fails on one that lets a stranger in.
 */
import {
	customAction,
	customCtx,
	customMutation,
	customQuery,
} from 'convex-helpers/server/customFunctions';
import type { TableNamesInDataModel } from 'convex/server';
import {
	action,
	mutation,
	query,
	type ActionCtx,
	type MutationCtx,
	type QueryCtx,
} from '../_generated/server.js';
import { internal } from '../_generated/api.js';
import type { DataModel, Doc, Id } from '../_generated/dataModel.js';
import { notFound } from './errors.ts';
import { requireRole, requireViewer, type Viewer } from './viewer.ts';

export type WorkspaceQueryCtx = QueryCtx & { viewer: Viewer };
export type WorkspaceMutationCtx = MutationCtx & { viewer: Viewer };
export type WorkspaceActionCtx = ActionCtx & { viewer: Viewer };

/** A query for any member of the workspace. */
export const workspaceQuery = customQuery(
	query,
	customCtx(async (ctx: QueryCtx) => ({ viewer: await requireViewer(ctx) })),
);

/** A mutation for any member of the workspace. */
export const workspaceMutation = customMutation(
	mutation,
	customCtx(async (ctx: MutationCtx) => ({ viewer: await requireViewer(ctx) })),
);

/** A Convex action for any member of the workspace. It has no database of its own, so it asks a query. */
export const workspaceAction = customAction(
	action,
	customCtx(async (ctx: ActionCtx): Promise<{ viewer: Viewer }> => ({
		viewer: await ctx.runQuery(internal.viewer.resolve, {}),
	})),
);

/** A mutation for the owner alone. */
export const ownerMutation = customMutation(
	mutation,
	customCtx(async (ctx: MutationCtx) => {
		const viewer = await requireViewer(ctx);
		requireRole(viewer, 'owner');
		return { viewer };
	}),
);

/** Tables whose rows belong to a workspace by a field of their own. */
type OwnedTable = {
	[T in TableNamesInDataModel<DataModel>]: Doc<T> extends { workspaceId: Id<'workspaces'> }
		? T
		: never;
}[TableNamesInDataModel<DataModel>];

/**
 * The row with this id, if the viewer's workspace owns it.
 * @throws ConvexError NOT_FOUND, the same for an absent row and for another workspace's
 */
export async function getOwned<T extends OwnedTable>(
	ctx: WorkspaceQueryCtx | WorkspaceMutationCtx,
	table: T,
	id: Id<T>,
): Promise<Doc<T>> {
	const row = await findOwned(ctx, table, id);
	if (!row) throw notFound();
	return row;
}

/** As `getOwned`, but null; takes any text, so that an address typed by hand is merely not found. */
export async function findOwned<T extends OwnedTable>(
	ctx: WorkspaceQueryCtx | WorkspaceMutationCtx,
	table: T,
	id: string,
): Promise<Doc<T> | null> {
	const normal = ctx.db.normalizeId(table, id);
	const row = normal && (await ctx.db.get(table, normal));
	if (!row || (row as { workspaceId?: unknown }).workspaceId !== ctx.viewer.workspace._id)
		return null;
	return row;
}
