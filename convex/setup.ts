/** The first visit: the only two functions that need no session. */
import { isAPIError } from 'better-auth/api';
import { v } from 'convex/values';
import { mutation, query, type MutationCtx, type QueryCtx } from './_generated/server.js';
import { createAuth, PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './lib/auth.ts';
import { env } from './lib/env.ts';
import { invalid, refusal } from './lib/errors.ts';
import { event } from './lib/events.ts';
import { readSite, setupClosed } from './lib/members.ts';
import { checkEmail, checkName, checkTimeZone, type Problems } from './lib/validate.ts';

/** Below 40 bits a code could be guessed over the network before the owner arrives; eight signs of base 32 are 40. */
const SETUP_CODE_MIN_LENGTH = 8;

const vNewOwner = {
	name: v.string(),
	email: v.string(),
	password: v.string(),
	workspaceName: v.string(),
	timeZone: v.string(),
	/** What `npm start` printed, when this server can be reached from other machines. */
	code: v.optional(v.string()),
};

export interface NewOwner {
	name: string;
	email: string;
	password: string;
	workspaceName: string;
	timeZone: string;
	code?: string;
}

export const status = query({
	args: {},
	returns: v.object({ needsOwner: v.boolean(), needsCode: v.boolean() }),
	handler: (ctx) => readStatus(ctx),
});

export async function readStatus(ctx: QueryCtx) {
	const needsOwner = (await readSite(ctx)) === null;
	return { needsOwner, needsCode: needsOwner && env.setupCode !== '' };
}

export const createOwner = mutation({
	args: vNewOwner,
	returns: v.object({ userId: v.string() }),
	handler: (ctx, args) => admitFirstOwner(ctx, args),
});

/**
 * Workspace, user, password and membership in one transaction: a crash or a refusal leaves nothing behind, and of two
 * simultaneous calls one conflicts on the `site` row, reruns and finds setup closed.
 */
export async function admitFirstOwner(
	ctx: MutationCtx,
	owner: NewOwner,
): Promise<{ userId: string }> {
	// Before any other check: a closed setup must not tell a stranger whether a code was right.
	if (await readSite(ctx)) throw setupClosed();
	requireSetupCode(owner.code);
	checkOwner(owner);
	const now = Date.now();
	const workspaceId = await ctx.db.insert('workspaces', {
		name: owner.workspaceName.trim(),
		timeZone: owner.timeZone,
		createdAt: now,
	});
	// Without an owner until the trigger on the user table fills it in: see lib/members.ts.
	await ctx.db.insert('settings', { key: 'site', workspaceId, ownerId: null, createdAt: now });
	const userId = await signUp(ctx, owner);
	const site = await readSite(ctx);
	if (site?.ownerId !== userId) throw new Error('The owner was not recorded by the user trigger.');
	event('setup.ownerCreated', { userId, workspaceId });
	return { userId };
}

async function signUp(ctx: MutationCtx, { name, email, password }: NewOwner): Promise<string> {
	try {
		const { user } = await createAuth(ctx).api.signUpEmail({
			body: { name: name.trim(), email: email.trim().toLowerCase(), password },
		});
		return user.id;
	} catch (error) {
		// Better Auth's own refusals carry a fit sentence; anything else is a bug and must not be dressed up.
		if (isAPIError(error) && error.status !== 'INTERNAL_SERVER_ERROR') {
			throw invalid({ email: error.message });
		}
		throw error;
	}
}

function checkOwner(owner: NewOwner): void {
	const problems: Problems = {};
	checkName(problems, 'name', owner.name);
	checkEmail(problems, 'email', owner.email.trim());
	checkName(problems, 'workspaceName', owner.workspaceName);
	checkTimeZone(problems, 'timeZone', owner.timeZone);
	if (owner.password.length < PASSWORD_MIN_LENGTH) {
		problems.password = `A password needs at least ${PASSWORD_MIN_LENGTH} signs.`;
	} else if (owner.password.length > PASSWORD_MAX_LENGTH) {
		problems.password = `A password has at most ${PASSWORD_MAX_LENGTH} signs.`;
	}
	if (Object.keys(problems).length > 0) throw invalid(problems);
}

/** @throws ConvexError SETUP_CODE_WRONG when this server asks for a code and another one was given */
function requireSetupCode(given: string | undefined): void {
	if (env.setupCode === '') return;
	const expected = plainCode(env.setupCode);
	if (expected.length < SETUP_CODE_MIN_LENGTH) {
		throw refusal(
			'SERVER_MISCONFIGURED',
			`TRIBUTARY_SETUP_CODE is shorter than ${SETUP_CODE_MIN_LENGTH} signs. Set a longer one and start again.`,
		);
	}
	if (!isSame(expected, plainCode(given ?? ''))) {
		throw refusal(
			'SETUP_CODE_WRONG',
			'This is not the setup code. It was printed where the server was started.',
		);
	}
}

/** Dashes, blanks and case are for the eye. */
function plainCode(text: string): string {
	return text.replace(/[^0-9a-z]/gi, '').toUpperCase();
}

/** Takes the same time wherever the first difference is. */
function isSame(expected: string, given: string): boolean {
	let difference = expected.length ^ given.length;
	for (let i = 0; i < expected.length; i++) {
		difference |= expected.charCodeAt(i) ^ (given.charCodeAt(i) || 0);
	}
	return difference === 0;
}
