/** Where this account is signed in. Sessions are named by id; their tokens stay in the auth component. */
import { v, type Infer } from 'convex/values';
import { audit } from './lib/audit.ts';
import { components } from './lib/components.ts';
import { notFound } from './lib/errors.ts';
import {
	workspaceMutation,
	workspaceQuery,
	type WorkspaceMutationCtx,
	type WorkspaceQueryCtx,
} from './lib/functions.ts';

/** Far more than one person has devices; keeps the list one page of the component. */
const LIST_LIMIT = 100;

const vSession = v.object({
	id: v.string(),
	createdAt: v.number(),
	expiresAt: v.number(),
	/** Moves at most once a day: see `updateAge` in lib/auth.ts. */
	lastUsedAt: v.number(),
	ipAddress: v.union(v.string(), v.null()),
	userAgent: v.union(v.string(), v.null()),
	isCurrent: v.boolean(),
});

/** What the component's session rows hold; `token` is there too and is left there. */
interface SessionRow {
	_id: string;
	userId: string;
	createdAt: number;
	updatedAt: number;
	expiresAt: number;
	ipAddress?: string | null;
	userAgent?: string | null;
}

export const list = workspaceQuery({
	args: {},
	returns: v.array(vSession),
	handler: (ctx) => listSessions(ctx),
});

export async function listSessions(ctx: WorkspaceQueryCtx): Promise<Infer<typeof vSession>[]> {
	const now = Date.now();
	return (await readSessions(ctx))
		.filter((session) => session.expiresAt > now)
		.map((session) => ({
			id: session._id,
			createdAt: session.createdAt,
			expiresAt: session.expiresAt,
			lastUsedAt: session.updatedAt,
			ipAddress: session.ipAddress || null,
			userAgent: session.userAgent || null,
			isCurrent: session._id === ctx.viewer.sessionId,
		}))
		.sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent) || b.lastUsedAt - a.lastUsedAt);
}

export const revoke = workspaceMutation({
	args: { sessionId: v.string() },
	returns: v.null(),
	handler: (ctx, { sessionId }) => revokeSession(ctx, sessionId),
});

export async function revokeSession(ctx: WorkspaceMutationCtx, sessionId: string): Promise<null> {
	// Looked up among the viewer's own, so that nobody signs out somebody else by guessing ids.
	const own = (await readSessions(ctx)).some((session) => session._id === sessionId);
	if (!own) throw notFound('This session');
	await removeSession(ctx, sessionId);
	await recordRevocation(ctx, 1);
	return null;
}

export const revokeOthers = workspaceMutation({
	args: {},
	returns: v.object({ revoked: v.number() }),
	handler: (ctx) => revokeOtherSessions(ctx),
});

export async function revokeOtherSessions(ctx: WorkspaceMutationCtx): Promise<{ revoked: number }> {
	const others = (await readSessions(ctx)).filter(({ _id }) => _id !== ctx.viewer.sessionId);
	for (const { _id } of others) await removeSession(ctx, _id);
	if (others.length > 0) await recordRevocation(ctx, others.length);
	return { revoked: others.length };
}

async function readSessions(ctx: WorkspaceQueryCtx | WorkspaceMutationCtx): Promise<SessionRow[]> {
	const { page }: { page: SessionRow[] } = await ctx.runQuery(
		components.betterAuth.adapter.findMany,
		{
			model: 'session',
			where: [{ field: 'userId', value: ctx.viewer.userId }],
			paginationOpts: { numItems: LIST_LIMIT, cursor: null },
		},
	);
	return page;
}

async function removeSession(ctx: WorkspaceMutationCtx, sessionId: string): Promise<void> {
	await ctx.runMutation(components.betterAuth.adapter.deleteOne, {
		input: { model: 'session', where: [{ field: '_id', value: sessionId }] },
	});
}

function recordRevocation(ctx: WorkspaceMutationCtx, count: number): Promise<void> {
	return audit(ctx, {
		workspaceId: ctx.viewer.workspace._id,
		by: ctx.viewer.userId,
		event: 'session.revoked',
		text: count === 1 ? 'Signed out one device.' : `Signed out ${count} devices.`,
	});
}
