/** Private addresses this workspace may call. Refused by default; the owner opens one host and port at a time. */
import { v, type Infer } from 'convex/values';
import { normaliseAllowedHost, toPlain } from '../src/lib/server/integrations/sdk/index.ts';
import type { Id } from './_generated/dataModel.js';
import type { QueryCtx } from './_generated/server.js';
import { audit } from './lib/audit.ts';
import { invalid, notFound } from './lib/errors.ts';
import {
	ownerMutation,
	workspaceQuery,
	type WorkspaceMutationCtx,
	type WorkspaceQueryCtx,
} from './lib/functions.ts';
import { readUser } from './lib/members.ts';

/** Nobody runs so many services at home; bounds the list that every request is checked against. */
const ALLOWED_HOSTS_LIMIT = 200;

const vAllowedHost = v.object({
	/** `host:port`, normalised */
	host: v.string(),
	allowedAt: v.number(),
	/** The name of who allowed it. */
	allowedBy: v.string(),
});

export const list = workspaceQuery({
	args: {},
	returns: v.array(vAllowedHost),
	handler: (ctx) => listHosts(ctx),
});

export async function listHosts(ctx: WorkspaceQueryCtx): Promise<Infer<typeof vAllowedHost>[]> {
	const rows = await readRows(ctx, ctx.viewer.workspace._id);
	return Promise.all(
		rows.map(async ({ host, allowedAt, allowedBy }) => ({
			host,
			allowedAt,
			allowedBy: (await readUser(ctx, allowedBy))?.name ?? 'A former member',
		})),
	);
}

export const allowHost = ownerMutation({
	args: { host: v.string() },
	returns: v.null(),
	handler: (ctx, { host }) => allow(ctx, host),
});

export async function allow(ctx: WorkspaceMutationCtx, input: string): Promise<null> {
	const host = normalise(input);
	const rows = await readRows(ctx, ctx.viewer.workspace._id);
	if (rows.some((row) => row.host === host)) return null;
	if (rows.length >= ALLOWED_HOSTS_LIMIT) {
		throw invalid({
			host: `At most ${ALLOWED_HOSTS_LIMIT} hosts can be allowed. Remove one first.`,
		});
	}
	await ctx.db.insert('allowedHosts', {
		workspaceId: ctx.viewer.workspace._id,
		host,
		allowedBy: ctx.viewer.userId,
		allowedAt: Date.now(),
	});
	await record(ctx, 'egress.allowed', `Allowed requests to ${host}.`);
	return null;
}

export const revokeHost = ownerMutation({
	args: { host: v.string() },
	returns: v.null(),
	handler: (ctx, { host }) => revoke(ctx, host),
});

export async function revoke(ctx: WorkspaceMutationCtx, host: string): Promise<null> {
	const rows = await readRows(ctx, ctx.viewer.workspace._id);
	const row = rows.find((candidate) => candidate.host === host);
	if (!row) throw notFound('This host');
	await ctx.db.delete('allowedHosts', row._id);
	await record(ctx, 'egress.revoked', `Stopped allowing requests to ${host}.`);
	return null;
}

/** What the HTTP client of an integration is given. */
export async function allowedHostsOf(
	ctx: Pick<QueryCtx, 'db'>,
	workspaceId: Id<'workspaces'>,
): Promise<string[]> {
	return (await readRows(ctx, workspaceId)).map(({ host }) => host);
}

function readRows(ctx: Pick<QueryCtx, 'db'>, workspaceId: Id<'workspaces'>) {
	return ctx.db
		.query('allowedHosts')
		.withIndex('by_workspaceId', (q) => q.eq('workspaceId', workspaceId))
		.take(ALLOWED_HOSTS_LIMIT);
}

/** A name or an address with its port; URL parsers also take signs that no host has. */
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):\d{1,5}$/;

function normalise(input: string): string {
	let host: string;
	try {
		host = normaliseAllowedHost(input);
	} catch (error) {
		throw invalid({ host: toPlain(error).message });
	}
	if (HOST_AND_PORT.test(host)) return host;
	throw invalid({ host: 'This is not a host and a port. Write it like 127.0.0.1:9090.' });
}

function record(
	ctx: WorkspaceMutationCtx,
	event: 'egress.allowed' | 'egress.revoked',
	text: string,
) {
	return audit(ctx, { workspaceId: ctx.viewer.workspace._id, by: ctx.viewer.userId, event, text });
}
