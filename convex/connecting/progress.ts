/** The progress of a connection's latest run, checked to be the viewer's. */
import { findOwned, type WorkspaceQueryCtx } from '../lib/functions.ts';
import { progressOf, type Progress } from '../sync/api.ts';

export { vProgress } from '../sync/api.ts';

export async function readProgress(
	ctx: WorkspaceQueryCtx,
	connectionId: string,
): Promise<Progress | null> {
	const connection = await findOwned(ctx, 'connections', connectionId);
	return connection && progressOf(ctx, connection._id, ctx.viewer.workspace.timeZone);
}
