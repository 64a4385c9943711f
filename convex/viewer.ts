/** The signed-in user and their workspace. */
import { v } from 'convex/values';
import type { Infer } from 'convex/values';
import { internalQuery, type QueryCtx } from './_generated/server.js';
import { audit } from './lib/audit.ts';
import { invalid, notFound } from './lib/errors.ts';
import {
	ownerMutation,
	workspaceQuery,
	type WorkspaceMutationCtx,
	type WorkspaceQueryCtx,
} from './lib/functions.ts';
import { readUser } from './lib/members.ts';
import { checkName, checkTimeZone } from './lib/validate.ts';
import { requireViewer, type Viewer } from './lib/viewer.ts';
import { changeTimeZone } from './sync/api.ts';
import { vRole } from './tables/accounts.ts';

const vMe = v.object({
	user: v.object({ id: v.string(), name: v.string(), email: v.string() }),
	workspace: v.object({ id: v.id('workspaces'), name: v.string(), timeZone: v.string() }),
	role: vRole,
	sessionId: v.string(),
});

const vViewer = v.object({
	userId: v.string(),
	sessionId: v.string(),
	role: vRole,
	workspace: v.object({
		_id: v.id('workspaces'),
		_creationTime: v.number(),
		name: v.string(),
		timeZone: v.string(),
		createdAt: v.number(),
	}),
});

export const me = workspaceQuery({
	args: {},
	returns: vMe,
	handler: (ctx) => readMe(ctx),
});

export async function readMe(ctx: WorkspaceQueryCtx): Promise<Infer<typeof vMe>> {
	const { userId, sessionId, role, workspace } = ctx.viewer;
	const user = await readUser(ctx, userId);
	if (!user) throw notFound('This account');
	return {
		user: { id: userId, name: user.name, email: user.email },
		workspace: { id: workspace._id, name: workspace.name, timeZone: workspace.timeZone },
		role,
		sessionId,
	};
}

export const updateWorkspace = ownerMutation({
	args: { name: v.optional(v.string()), timeZone: v.optional(v.string()) },
	returns: v.null(),
	handler: (ctx, args) => changeWorkspace(ctx, args),
});

export async function changeWorkspace(
	ctx: WorkspaceMutationCtx,
	args: { name?: string; timeZone?: string },
): Promise<null> {
	const problems: Record<string, string> = {};
	if (args.name !== undefined) checkName(problems, 'name', args.name);
	if (args.timeZone !== undefined) checkTimeZone(problems, 'timeZone', args.timeZone);
	if (Object.keys(problems).length > 0) throw invalid(problems);
	const { workspace, userId } = ctx.viewer;
	const { name = workspace.name, timeZone = workspace.timeZone } = args;
	await ctx.db.patch('workspaces', workspace._id, { name: name.trim(), timeZone });
	// Days are cut in the workspace's zone, so every stored rollup must be cut again.
	if (timeZone !== workspace.timeZone) await changeTimeZone(ctx, workspace._id, timeZone);
	await audit(ctx, {
		workspaceId: workspace._id,
		by: userId,
		event: 'workspace.changed',
		text: `Set the name to “${name.trim()}” and the time zone to ${timeZone}.`,
	});
	return null;
}

/** Convex actions ask this who is calling; the caller's identity travels along. */
export const resolve = internalQuery({
	args: {},
	returns: vViewer,
	handler: (ctx: QueryCtx): Promise<Viewer> => requireViewer(ctx),
});
