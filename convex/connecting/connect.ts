/** A new connection: tested, sealed, stored, and its first sync enqueued. Nothing is kept of a test that failed. */
import { v, type Infer } from 'convex/values';
import { internal } from '../_generated/api.js';
import type { Id } from '../_generated/dataModel.js';
import { invalid } from '../lib/errors.ts';
import type { WorkspaceActionCtx } from '../lib/functions.ts';
import { vFailed, type Failed } from '../lib/shapes.ts';
import { credentialFacts, newVaultId, sealCredentials } from '../lib/vault.ts';
import { checkName, type Problems } from '../lib/validate.ts';
import { attempt, type Ask } from './attempt.ts';
import { accountOf } from './test.ts';

export const vConnectResult = v.union(
	v.object({ ok: v.literal(true), connectionId: v.id('connections') }),
	vFailed,
);

export async function connectAccount(
	ctx: WorkspaceActionCtx,
	{ name, ...ask }: Ask & { name?: string },
): Promise<Infer<typeof vConnectResult>> {
	const problems: Problems = {};
	if (name !== undefined && name !== '') checkName(problems, 'name', name);
	if (problems.name) throw invalid(problems);
	const outcome = await attempt(ctx, ask);
	if (!outcome.ok) return outcome;
	const { prepared, input } = outcome;
	const account = accountOf(outcome);
	const workspaceId = ctx.viewer.workspace._id;
	const vault = { workspaceId, vaultId: newVaultId(), version: 1 };
	const stored = await ctx.runMutation(internal.connecting.store.insert, {
		workspaceId,
		by: ctx.viewer.userId,
		service: ask.service,
		name: name?.trim() || account.name,
		authId: input.authId,
		account,
		settings: input.settings,
		credentials: credentialFacts(
			prepared.integration,
			input.authId,
			input.credentials,
			prepared.environment.clock.now(),
		),
		vaultId: vault.vaultId,
		sealed: await sealCredentials(vault, input.credentials),
	});
	if ('connectionId' in stored) return { ok: true, connectionId: stored.connectionId };
	return alreadyConnected(account.name, stored.duplicateOf);
}

function alreadyConnected(account: string, connectionId: Id<'connections'>): Failed {
	return {
		ok: false,
		failure: {
			code: 'ALREADY_CONNECTED',
			message: `${account} is connected already. Open that connection to change it.`,
			remedy: 'changeSetting',
			connectionId,
		},
	};
}
