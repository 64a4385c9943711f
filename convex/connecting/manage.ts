/** What a person does to a connection that is there: sync now, pause, resume, rename. */
import type { Id } from '../_generated/dataModel.js';
import { audit, type AuditEvent } from '../lib/audit.ts';
import { invalid } from '../lib/errors.ts';
import { getOwned, type WorkspaceMutationCtx } from '../lib/functions.ts';
import { readUser } from '../lib/members.ts';
import { checkName, type Problems } from '../lib/validate.ts';
import { pauseSync, requestSync, resumeSync } from '../sync/api.ts';

type ConnectionId = Id<'connections'>;

/** Starts a run now. While one is live, asking again changes nothing: a thousand clicks are one run. */
export async function syncConnectionNow(
	ctx: WorkspaceMutationCtx,
	connectionId: ConnectionId,
): Promise<null> {
	const connection = await getOwned(ctx, 'connections', connectionId);
	const name = await viewerName(ctx);
	const runId = await requestSync(ctx, connection._id, 'person', name, Date.now());
	if (runId) await record(ctx, connectionId, 'connection.syncRequested', 'Started a sync by hand.');
	return null;
}

export async function pauseConnection(
	ctx: WorkspaceMutationCtx,
	connectionId: ConnectionId,
): Promise<null> {
	const connection = await getOwned(ctx, 'connections', connectionId);
	await pauseSync(ctx, connection._id, Date.now());
	await record(ctx, connectionId, 'connection.paused', 'Paused syncing.');
	return null;
}

export async function resumeConnection(
	ctx: WorkspaceMutationCtx,
	connectionId: ConnectionId,
): Promise<null> {
	const connection = await getOwned(ctx, 'connections', connectionId);
	await resumeSync(ctx, connection._id, await viewerName(ctx), Date.now());
	await record(ctx, connectionId, 'connection.resumed', 'Resumed syncing.');
	return null;
}

export async function renameConnection(
	ctx: WorkspaceMutationCtx,
	connectionId: ConnectionId,
	name: string,
): Promise<null> {
	const problems: Problems = {};
	checkName(problems, 'name', name);
	if (problems.name) throw invalid(problems);
	const connection = await getOwned(ctx, 'connections', connectionId);
	const wanted = name.trim();
	if (wanted === connection.name) return null;
	await ctx.db.patch('connections', connection._id, { name: wanted });
	await record(
		ctx,
		connectionId,
		'connection.renamed',
		`Renamed from “${connection.name}” to “${wanted}”.`,
	);
	return null;
}

/** The name that a run keeps as its cause. */
export async function viewerName(ctx: WorkspaceMutationCtx): Promise<string | null> {
	return (await readUser(ctx, ctx.viewer.userId))?.name ?? null;
}

function record(
	ctx: WorkspaceMutationCtx,
	connectionId: ConnectionId,
	event: AuditEvent,
	text: string,
): Promise<void> {
	const { workspace, userId } = ctx.viewer;
	return audit(ctx, { workspaceId: workspace._id, connectionId, by: userId, event, text });
}
