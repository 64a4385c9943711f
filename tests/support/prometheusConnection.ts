/** The queries the system and browser tests connect, and what they must amount to. */
import type { ConvexHttpClient } from 'convex/browser';
import { api } from '../../convex/_generated/api.js';
import type { Id } from '../../convex/_generated/dataModel.js';
import { openMetrics, samplesOf } from './realPrometheus.ts';
import { until } from './waiting.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Three gauges over the last `days` days, a sample every five minutes, values exact in binary. */
export function sampleHistory(days: number, now = Date.now()): string {
	const span = {
		from: Math.floor(now / 1000) - days * 86_400,
		to: Math.floor(now / 1000),
		stepSeconds: 300,
	};
	const wave = (seconds: number, scale: number) =>
		Math.round(scale * (2 + Math.sin(seconds / 9000)) * 8) / 8;
	return openMetrics(
		['orders', 'visitors', 'latency_ms'].map((name, i) => ({
			name: `shop_${name}`,
			samples: samplesOf(span, (seconds) => wave(seconds + i * 777, 50 * (i + 1))),
		})),
	);
}

export const QUERIES = [
	{ id: 'orders', name: 'Orders', query: 'shop_orders', unit: 'count' },
	{ id: 'visitors', name: 'Visitors', query: 'shop_visitors', unit: 'count' },
	{ id: 'latency', name: 'Latency', query: 'shop_latency_ms', unit: 'ms' },
];

/** Allows the host, connects, and resolves to the connection's id. Throws with the failure otherwise. */
export async function connectPrometheus(
	client: ConvexHttpClient,
	host: string,
): Promise<Id<'connections'>> {
	await client.mutation(api.egress.allowHost, { host });
	const result = await client.action(api.connections.connect, {
		service: 'prometheus',
		authId: 'none',
		values: { baseUrl: `http://${host}`, queries: QUERIES },
	});
	if (!result.ok) throw new Error(`connect failed: ${JSON.stringify(result.failure)}`);
	return result.connectionId as Id<'connections'>;
}

/** Resolves once the history has been fetched. */
export async function historyDone(
	client: ConvexHttpClient,
	connectionId: Id<'connections'>,
	limitMs = 180_000,
) {
	await until(
		'the history is fetched',
		async () => {
			const runs = await client.query(api.syncRuns.list, {
				connectionId,
				paginationOpts: { numItems: 50, cursor: null },
			});
			return runs.page.some((run) => run.kind === 'backfill' && run.state === 'succeeded');
		},
		limitMs,
	);
}

export interface SeriesHours {
	starts: number[];
	values: (number | null)[];
}

/** Hour buckets of every series of a connection over [from, to), by the series' key. */
export async function hoursOf(
	client: ConvexHttpClient,
	connectionId: Id<'connections'>,
	from: number,
	to: number,
): Promise<Map<string, SeriesHours>> {
	const connection = await client.query(api.connections.get, { connectionId });
	const hours = new Map<string, SeriesHours>();
	for (const { id, key } of connection!.series) {
		const series = await client.query(api.metrics.series, {
			seriesId: id,
			from,
			to,
			granularity: 'hour',
			compare: false,
		});
		hours.set(key, { starts: series!.starts, values: series!.values });
	}
	return hours;
}
