/** New credentials in place of the old, for the same external account: history and name stay. */
import { v, type Infer } from 'convex/values';
import { ConnectorError, toPlain, type Json } from '../../src/lib/server/integrations/sdk/index.ts';
import { internal } from '../_generated/api.js';
import { notFound, refusal } from '../lib/errors.ts';
import type { WorkspaceActionCtx } from '../lib/functions.ts';
import { vFailed } from '../lib/shapes.ts';
import { credentialFacts, sealCredentials, vaultOf } from '../lib/vault.ts';
import { attempt } from './attempt.ts';
import { accountOf } from './test.ts';

export const vReconnectResult = v.union(v.object({ ok: v.literal(true) }), vFailed);

export async function reconnectAccount(
	ctx: WorkspaceActionCtx,
	args: { connectionId: string; authId: string; values: Record<string, Json> },
): Promise<Infer<typeof vReconnectResult>> {
	const workspaceId = ctx.viewer.workspace._id;
	const { connectionId } = args;
	const before = await ctx.runQuery(internal.connecting.load.connection, {
		workspaceId,
		connectionId,
	});
	if (!before) throw notFound('This connection');
	const outcome = await attempt(ctx, { ...args, service: before.service });
	if (!outcome.ok) return outcome;
	const { prepared, input } = outcome;
	const account = accountOf(outcome);
	if (account.id !== before.account.id) {
		return { ok: false, failure: toPlain(mismatch(before.account.name, account.name)) };
	}
	const version = before.vaultVersion + 1;
	const isReplaced: boolean = await ctx.runMutation(internal.connecting.store.replace, {
		workspaceId,
		by: ctx.viewer.userId,
		connectionId: before.connectionId,
		expectedVersion: before.vaultVersion,
		authId: input.authId,
		account,
		settings: input.settings,
		credentials: credentialFacts(
			prepared.integration,
			input.authId,
			input.credentials,
			prepared.environment.clock.now(),
		),
		sealed: await sealCredentials({ ...vaultOf(before), version }, input.credentials),
	});
	if (isReplaced) return { ok: true };
	throw refusal(
		'VALIDATION',
		'Somebody else reconnected this account a moment ago. Look at it, then try again if it still needs it.',
	);
}

function mismatch(expected: string, found: string): ConnectorError {
	return new ConnectorError('ACCOUNT_MISMATCH', {
		message: `These credentials belong to ${found}, but this connection is ${expected}. Use credentials of ${expected}, or connect ${found} as a new account.`,
	});
}
