/** One connection in full, short of its secrets. */
import { v, type Infer } from 'convex/values';
import type { Doc } from '../_generated/dataModel.js';
import { findOwned, type WorkspaceQueryCtx } from '../lib/functions.ts';
import { readUser } from '../lib/members.ts';
import { vJson } from '../lib/shapes.ts';
import { seriesOfConnection, vConnectionSeries } from '../sync/api.ts';
import { vAccount, vCredentialFact } from '../tables/connections.ts';
import { faceOf, summarise, vConnectionSummary } from './summarise.ts';

export const vConnectionDetail = v.object({
	...vConnectionSummary.fields,
	account: vAccount,
	authId: v.string(),
	authLabel: v.string(),
	/** What is kept, never the values. */
	credentials: v.array(vCredentialFact),
	settings: v.record(v.string(), vJson),
	authorisedBy: v.object({ name: v.string() }),
	createdAt: v.number(),
	syncEveryMinutes: v.number(),
	series: v.array(vConnectionSeries),
});

/** null for an unknown id and for another workspace's alike. */
export async function describeConnection(
	ctx: WorkspaceQueryCtx,
	connectionId: string,
): Promise<Infer<typeof vConnectionDetail> | null> {
	const connection = await findOwned(ctx, 'connections', connectionId);
	if (!connection) return null;
	const { manifest } = faceOf(connection.service);
	const authoriser = await readUser(ctx, connection.authorisedBy);
	return {
		...(await summarise(ctx, connection, Date.now())),
		account: connection.account,
		authId: connection.authId,
		authLabel: manifest?.auth.find(({ id }) => id === connection.authId)?.label ?? '',
		credentials: connection.credentials,
		settings: connection.settings,
		authorisedBy: { name: authoriser?.name ?? 'A former member' },
		createdAt: connection.createdAt,
		syncEveryMinutes: manifest?.syncEveryMinutes ?? 0,
		series: await readSeries(ctx, connection),
	};
}

function readSeries(ctx: WorkspaceQueryCtx, connection: Doc<'connections'>) {
	return seriesOfConnection(ctx, connection._id, ctx.viewer.workspace.timeZone);
}
