/** A person watching a connection sync, through the public functions alone. */
import type { ConvexHttpClient } from 'convex/browser';
import { api } from '../../convex/_generated/api.js';
import type { Id } from '../../convex/_generated/dataModel.js';
import { DAY_MS, HOUR_MS, hoursOf } from './prometheusConnection.ts';
import { until } from './waiting.ts';

type ConnectionId = Id<'connections'>;

/** The newest run of a connection; there is one from the moment it is connected. */
export async function newestRun(client: ConvexHttpClient, connectionId: ConnectionId) {
	const paginationOpts = { numItems: 1, cursor: null };
	const { page } = await client.query(api.syncRuns.list, { connectionId, paginationOpts });
	return page[0]!;
}

/** Resolves to the newest run once nothing is fetched any more: it has ended, or waits. */
export function quiet(client: ConvexHttpClient, connectionId: ConnectionId, limitMs = 120_000) {
	return until(
		'the run ends or waits',
		async () => {
			const run = await newestRun(client, connectionId);
			return run.endedAt !== null || run.state === 'waiting' ? run : false;
		},
		limitMs,
	);
}

/** Asks for a sync and resolves to its run, once that has ended or waits. The connection must be quiet. */
export async function syncOnce(client: ConvexHttpClient, connectionId: ConnectionId) {
	const before = await newestRun(client, connectionId);
	await client.mutation(api.connections.syncNow, { connectionId });
	// The schedule may have been faster; then its run is the answer as well.
	await until(
		'a new run',
		async () => (await newestRun(client, connectionId)).id !== before.id,
		30_000,
	);
	return await quiet(client, connectionId);
}

/** All that can be seen of a connection's points: how many, and the value of every hour of the last `days` days. */
export async function pointsOf(client: ConvexHttpClient, connectionId: ConnectionId, days: number) {
	const to = Math.ceil(Date.now() / DAY_MS) * DAY_MS;
	const { points } = await client.query(api.connections.removalImpact, { connectionId });
	const hours = await hoursOf(client, connectionId, to - days * DAY_MS, to + HOUR_MS);
	return { points, hours };
}

/** The connection as the list shows it. */
export async function summaryOf(client: ConvexHttpClient, connectionId: ConnectionId) {
	const all = await client.query(api.connections.list, {});
	return all.find(({ id }) => id === connectionId)!;
}
