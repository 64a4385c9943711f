/** What a Convex action lends to an integration, and the stored side of a connection opened. */
import type {
	ConnectionEnvironment,
	RequestReport,
} from '../../src/lib/server/integrations/sdk/index.ts';
import { internal } from '../_generated/api.js';
import type { Id } from '../_generated/dataModel.js';
import type { ActionCtx } from '../_generated/server.js';
import { outboundFetch } from '../lib/outbound.ts';
import { openCredentials, vaultOf } from '../lib/vault.ts';
import { UnsealError } from '../lib/secrets.ts';
import type { LoadedConnection } from './load.ts';
import { readServerStats } from './serverStats.ts';

/**
 * @param onRequest is told of each request, without credentials and bodies
 */
export function connectionEnvironment(
	ctx: ActionCtx,
	workspaceId: Id<'workspaces'>,
	allowedHosts: readonly string[],
	onRequest?: (report: RequestReport) => void,
): ConnectionEnvironment {
	return {
		fetch: outboundFetch,
		clock: { now: () => Date.now() },
		allowedHosts,
		serverStats: () => readServerStats(ctx, workspaceId),
		...(onRequest && { onRequest }),
	};
}

/**
 * The credentials of a loaded connection, or null when they do not open: then that is audited and a person must enter
 * them again. Never half a set.
 */
export async function openStored(
	ctx: Pick<ActionCtx, 'runMutation'>,
	loaded: LoadedConnection,
): Promise<Record<string, string> | null> {
	try {
		const credentials = await openCredentials(vaultOf(loaded), loaded.sealed);
		const isWhole = loaded.credentialNames.every((name) => Object.hasOwn(credentials, name));
		if (!isWhole) throw new UnsealError('A stored credential is missing.');
		return credentials;
	} catch (error) {
		if (!(error instanceof UnsealError)) throw error;
		await ctx.runMutation(internal.connecting.store.recordUnreadable, {
			connectionId: loaded.connectionId,
		});
		return null;
	}
}
