/** Who did what to one connection. */
import { v, type Infer } from 'convex/values';
import { notFound } from '../lib/errors.ts';
import { findOwned, type WorkspaceQueryCtx } from '../lib/functions.ts';

/** The page shows the recent past; older entries stay in the table. */
const AUDIT_LIMIT = 100;

export const vAuditEntry = v.object({
	at: v.number(),
	/** The person's name at that time. */
	actor: v.string(),
	event: v.string(),
	text: v.string(),
});

export async function readAudit(
	ctx: WorkspaceQueryCtx,
	connectionId: string,
): Promise<Infer<typeof vAuditEntry>[]> {
	const connection = await findOwned(ctx, 'connections', connectionId);
	if (!connection) throw notFound('This connection');
	const rows = await ctx.db
		.query('auditLog')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', connection._id))
		.order('desc')
		.take(AUDIT_LIMIT);
	return rows.map(({ at, actor, event, text }) => ({
		at,
		actor: actor ?? 'This server',
		event,
		text,
	}));
}
