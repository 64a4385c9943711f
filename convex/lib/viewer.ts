/**
 * Who is asking, decided from the database on every call. A token alone proves nothing here: the session row it names
 * must exist, belong to the same user and not have ended. Because the row is read, a live query that depended on it
 * reruns and refuses the moment the session is revoked.
 */
import type { Auth, GenericQueryCtx } from 'convex/server';
import type { DataModel, Doc } from '../_generated/dataModel.js';
import { components } from './components.ts';
import { refusal } from './errors.ts';

export type Role = Doc<'memberships'>['role'];

export interface Viewer {
	/** Better Auth's user id. */
	userId: string;
	sessionId: string;
	role: Role;
	workspace: Doc<'workspaces'>;
}

type Ctx = GenericQueryCtx<DataModel>;

/** @throws ConvexError UNAUTHENTICATED when there is no living session or its user belongs to no workspace. */
export async function requireViewer(ctx: Ctx): Promise<Viewer> {
	const session = await currentSession(ctx);
	if (!session) throw signedOut();
	const membership = await ctx.db
		.query('memberships')
		.withIndex('by_userId', (q) => q.eq('userId', session.userId))
		.first();
	const workspace = membership && (await ctx.db.get('workspaces', membership.workspaceId));
	if (!workspace) throw signedOut();
	return { ...session, role: membership.role, workspace };
}

/** @throws ConvexError FORBIDDEN */
export function requireRole(viewer: Viewer, role: Role): void {
	if (role === 'owner' && viewer.role !== 'owner') {
		throw refusal('FORBIDDEN', 'Only the owner of this workspace may do this. Ask the owner.');
	}
}

/** The living session behind the caller's token, or null. */
export async function currentSession(
	ctx: Pick<Ctx, 'runQuery'> & { auth: Auth },
): Promise<{ userId: string; sessionId: string } | null> {
	const identity = await ctx.auth.getUserIdentity();
	const sessionId = identity?.sessionId;
	if (!identity || typeof sessionId !== 'string' || sessionId === '') return null;
	const session: { userId: string; expiresAt: number } | null = await ctx.runQuery(
		components.betterAuth.adapter.findOne,
		{ model: 'session', where: [{ field: '_id', value: sessionId }] },
	);
	if (!session || session.userId !== identity.subject || session.expiresAt <= Date.now()) {
		return null;
	}
	return { userId: session.userId, sessionId };
}

function signedOut() {
	return refusal('UNAUTHENTICATED', 'You are signed out. Sign in to go on.');
}
