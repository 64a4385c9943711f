import {
	auth,
	BaseIntegration,
	ConnectorError,
	readCheckpoint,
	snapshotAt,
	writeCheckpoint,
	z,
	type ConnectionContext,
	type MetricDefinition,
	type MetricPage,
	type ServerStats,
	type SyncContext,
	type TestConnectionResult,
} from '../sdk/index.ts';

const shared = { direction: 'none', strategy: 'snapshot', chart: 'line' } as const;

/** Each metric with the figure it is read from. */
const figures: (MetricDefinition & { read: (stats: ServerStats) => number | null })[] = [
	{
		...shared,
		id: 'sync_runs',
		name: 'Sync runs',
		description: 'Sync runs finished, of all connections, failed ones included.',
		unit: 'count',
		kind: 'cumulative',
		merge: 'last',
		chart: 'bar',
		read: (stats) => stats.syncRuns,
	},
	{
		...shared,
		id: 'failed_sync_runs',
		name: 'Failed sync runs',
		description: 'Sync runs that ended with an error. Waiting for a rate limit is not one.',
		unit: 'count',
		kind: 'cumulative',
		merge: 'last',
		direction: 'down',
		chart: 'bar',
		read: (stats) => stats.failedSyncRuns,
	},
	{
		...shared,
		id: 'points_stored',
		name: 'Points stored',
		description: 'Data points kept for all series, without hourly and daily totals.',
		unit: 'count',
		kind: 'gauge',
		merge: 'last',
		read: (stats) => stats.pointsStored,
	},
	{
		...shared,
		id: 'database_size',
		name: 'Database size',
		description: 'Bytes the database file takes on disk, its journal included.',
		unit: 'bytes',
		kind: 'gauge',
		merge: 'last',
		read: (stats) => stats.databaseBytes,
	},
	{
		...shared,
		id: 'memory',
		name: 'Memory',
		description: 'Resident memory of the server process.',
		unit: 'bytes',
		kind: 'gauge',
		merge: 'avg',
		read: (stats) => stats.memoryBytes,
	},
	{
		...shared,
		id: 'live_subscribers',
		name: 'Live subscribers',
		description: 'Pages and clients that hold a live connection at the moment of the sync.',
		unit: 'count',
		kind: 'gauge',
		merge: 'max',
		read: (stats) => stats.liveSubscribers,
	},
];

/** The server Tributary itself runs on: live data in the first minute, without any account. */
export class ThisServer extends BaseIntegration {
	readonly id = 'this-server';
	readonly name = 'This server';
	readonly description = 'How the server you are looking at is doing.';
	readonly category = 'operations';
	readonly auth = [auth.none({ id: 'none', label: 'No sign-in' })];
	readonly settings = {};
	readonly metrics = figures.map(({ read: _, ...metric }) => metric);
	readonly dataStrategy = 'snapshot';
	readonly shouldBackfill = false;
	readonly historicalDays = 0;
	readonly syncEveryMinutes = 1;
	readonly guide = {
		title: 'Connect this server',
		steps: ['Nothing to enter: press "Test connection", then connect.'],
	};
	readonly quirks = [
		'Counting starts with the connection; nothing is known of the time before.',
		'What a deployment cannot tell about itself is left out, e.g. the size of a database it does not own.',
	];

	async testConnection(ctx: ConnectionContext): Promise<TestConnectionResult> {
		const stats = await statsOf(ctx);
		return {
			account: {
				id: stats.instanceId,
				name: stats.name,
				details: [{ label: 'Version', value: stats.version }],
			},
			permissions: figures.map(({ id, read }) =>
				read(stats) === null
					? { metricId: id, readable: false, reason: 'This deployment cannot tell.' }
					: { metricId: id, readable: true },
			),
		};
	}

	async *fetchMetrics(ctx: SyncContext): AsyncGenerator<MetricPage, void, void> {
		const { range, isDone } = readCheckpoint(ctx, z.never());
		if (isDone) return;
		const stats = await statsOf(ctx);
		const points = ctx.metrics.flatMap(({ id, seriesKey }) => {
			const value = figures.find((figure) => figure.id === id)?.read(stats) ?? null;
			return value === null || !Number.isFinite(value)
				? []
				: [{ seriesKey, at: snapshotAt(range), value }];
		});
		yield {
			points,
			checkpoint: writeCheckpoint(range, null),
			progress: { donePages: 1, totalPages: 1 },
			hasMore: false,
		};
	}
}

async function statsOf(ctx: ConnectionContext): Promise<ServerStats> {
	if (!ctx.serverStats) throw new ConnectorError('INTEGRATION_BUG');
	return await ctx.serverStats();
}
