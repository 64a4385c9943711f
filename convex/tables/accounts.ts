/** Who may use this server: the workspace, its members, and what was decided at setup. */
import { defineTable } from 'convex/server';
import { v } from 'convex/values';

export const vRole = v.union(v.literal('owner'), v.literal('member'));

export const accountTables = {
	/** One row for now. Inserted by `setup.createOwner`, patched by `viewer.updateWorkspace`. */
	workspaces: defineTable({
		name: v.string(),
		/** IANA name; days and weeks of every chart are cut in it. */
		timeZone: v.string(),
		createdAt: v.number(),
	}),

	/** Inserted and removed only by the auth component's user triggers, in the user's own transaction. */
	memberships: defineTable({
		workspaceId: v.id('workspaces'),
		/** Better Auth's user id: the `sub` of every token. Never the token identifier, which contains the origin. */
		userId: v.string(),
		role: vRole,
		createdAt: v.number(),
	})
		.index('by_userId', ['userId'])
		.index('by_workspaceId', ['workspaceId']),

	/**
	 * Mirror of the auth component's users, because its tables cannot be joined from here. Written only by its triggers.
	 */
	users: defineTable({
		userId: v.string(),
		name: v.string(),
		email: v.string(),
	}).index('by_userId', ['userId']),

	/** Counts that pruning must not lower. Written only by `lib/totals.ts`, when a sync run ends. */
	workspaceTotals: defineTable({
		workspaceId: v.id('workspaces'),
		finishedRuns: v.number(),
		failedRuns: v.number(),
	}).index('by_workspaceId', ['workspaceId']),

	/**
	 * The row `site` exists once setup has begun. `setup.createOwner` inserts it without an owner; the trigger on the
	 * auth component's user table, in the same transaction, fills the owner in. A user can be created only while the
	 * row is without an owner, which no other transaction ever sees.
	 */
	settings: defineTable({
		key: v.literal('site'),
		workspaceId: v.id('workspaces'),
		ownerId: v.union(v.string(), v.null()),
		createdAt: v.number(),
	}).index('by_key', ['key']),
};
