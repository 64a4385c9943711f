/**
 * Triggers on the auth component's user table. They run in the transaction that writes the user, so throwing here
 * takes the user back too.
 */
import type { GenericMutationCtx } from 'convex/server';
import type { DataModel } from '../_generated/dataModel.js';
import { refusal } from './errors.ts';

type Ctx = GenericMutationCtx<DataModel>;
/** What of a user row concerns us. */
interface AuthUser {
	_id: string;
	name: string;
	email: string;
	createdAt: number;
}

/**
 * Lets a user be created only as the owner, inside `setup.createOwner`: that mutation writes the `site` row without
 * an owner first. Every other way to create a user (an HTTP sign-up that got past the hook, a second setup) finds
 * either no row or one that has an owner, and is rolled back. This is the guarantee; everything else is a courtesy.
 */
export async function admitOwner(ctx: Ctx, user: AuthUser): Promise<void> {
	const site = await readSite(ctx);
	if (!site || site.ownerId !== null) throw setupClosed();
	await ctx.db.patch('settings', site._id, { ownerId: user._id });
	await ctx.db.insert('users', { userId: user._id, name: user.name, email: user.email });
	await ctx.db.insert('memberships', {
		workspaceId: site.workspaceId,
		userId: user._id,
		role: 'owner',
		createdAt: user.createdAt,
	});
}

export async function mirrorUser(ctx: Ctx, user: AuthUser): Promise<void> {
	const mirror = await readUser(ctx, user._id);
	if (mirror) await ctx.db.patch('users', mirror._id, { name: user.name, email: user.email });
}

/** Membership goes with the user, so a token that outlives the user opens nothing. */
export async function forgetUser(ctx: Ctx, user: AuthUser): Promise<void> {
	const mirror = await readUser(ctx, user._id);
	if (mirror) await ctx.db.delete('users', mirror._id);
	const memberships = await ctx.db
		.query('memberships')
		.withIndex('by_userId', (q) => q.eq('userId', user._id))
		.collect();
	for (const membership of memberships) await ctx.db.delete('memberships', membership._id);
}

/** The row that closes setup, or null on a fresh server. */
export function readSite(ctx: Pick<Ctx, 'db'> | { db: Pick<Ctx['db'], 'query'> }) {
	return ctx.db
		.query('settings')
		.withIndex('by_key', (q) => q.eq('key', 'site'))
		.unique();
}

export function readUser(ctx: { db: Pick<Ctx['db'], 'query'> }, userId: string) {
	return ctx.db
		.query('users')
		.withIndex('by_userId', (q) => q.eq('userId', userId))
		.unique();
}

export function setupClosed() {
	return refusal(
		'SETUP_CLOSED',
		'This server has an owner already. Sign in, or ask the owner for access.',
	);
}
