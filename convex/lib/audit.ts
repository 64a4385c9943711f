/** The record of who did what: sentences for people, an event name for machines. Never a secret. */
import type { Id } from '../_generated/dataModel.js';
import type { MutationCtx } from '../_generated/server.js';
import { event } from './events.ts';
import { readUser } from './members.ts';

export type AuditEvent =
	| 'connection.connected'
	| 'connection.reconnected'
	| 'connection.renamed'
	| 'connection.paused'
	| 'connection.resumed'
	| 'connection.removed'
	| 'connection.syncRequested'
	| 'connection.secretUnreadable'
	| 'egress.allowed'
	| 'egress.revoked'
	| 'workspace.changed'
	| 'session.revoked';

/**
 * Appends one entry in the caller's transaction.
 * @param by the acting user's id, or null for the server itself
 * @param text one sentence without the actor's name
 */
export async function audit(
	ctx: MutationCtx,
	entry: {
		workspaceId: Id<'workspaces'>;
		connectionId?: Id<'connections'>;
		by: string | null;
		event: AuditEvent;
		text: string;
	},
): Promise<void> {
	const user = entry.by === null ? null : await readUser(ctx, entry.by);
	await ctx.db.insert('auditLog', {
		workspaceId: entry.workspaceId,
		connectionId: entry.connectionId ?? null,
		at: Date.now(),
		actor: user?.name ?? null,
		event: entry.event,
		text: entry.text,
	});
	event(entry.event, {
		workspaceId: entry.workspaceId,
		connectionId: entry.connectionId ?? null,
		by: entry.by,
	});
}
