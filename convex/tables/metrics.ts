/** What was measured: series, their packed points, and the rollups charts read. */
import { defineTable } from 'convex/server';
import { v } from 'convex/values';
import { vFailure } from './sync.ts';

export const vUnit = v.union(
	v.literal('count'),
	v.literal('ratio'),
	v.literal('percent'),
	v.literal('bytes'),
	v.literal('ms'),
	v.literal('s'),
	v.literal('perSecond'),
	v.literal('none'),
	v.object({ currency: v.string() }),
);
export const vMetricKind = v.union(v.literal('gauge'), v.literal('delta'), v.literal('cumulative'));
export const vMerge = v.union(
	v.literal('sum'),
	v.literal('last'),
	v.literal('avg'),
	v.literal('min'),
	v.literal('max'),
);
export const vDirection = v.union(v.literal('up'), v.literal('down'), v.literal('none'));
export const vChart = v.union(v.literal('line'), v.literal('bar'));
export const vStrategy = v.union(v.literal('snapshot'), v.literal('events'), v.literal('hybrid'));

/** What a series takes over from its metric definition; refreshed whenever the connection's settings change. */
export const seriesFacts = {
	/** Unique within the connection and stable: `stars:owner/repo`, a query's id. */
	key: v.string(),
	metricId: v.string(),
	name: v.string(),
	/** What tells two series of one metric apart (a repository); '' means the connection's name does. */
	context: v.string(),
	description: v.string(),
	unit: vUnit,
	kind: vMetricKind,
	merge: vMerge,
	direction: vDirection,
	chart: vChart,
	strategy: vStrategy,
	/** Heading on the overview. */
	group: v.string(),
	/** Days for which the service may still correct a value. */
	lagDays: v.number(),
	/** Place among the connection's series, as the integration lists them. */
	order: v.number(),
};

export const metricTables = {
	/**
	 * Inserted and patched by `sync/series.ts` (connect, reconnect), patched by `rollups/rebuild.ts` (time zone) and by
	 * removal with points kept, deleted by `sync/remove.ts`.
	 */
	series: defineTable({
		workspaceId: v.id('workspaces'),
		/** Of a removed connection once `formerConnectionName` is set. */
		connectionId: v.id('connections'),
		service: v.string(),
		/** The external account: a later connection to the same one takes the kept points over. */
		accountId: v.string(),
		...seriesFacts,
		/** False once the settings no longer ask for it or its connection was removed; its points stay readable. */
		isActive: v.boolean(),
		formerConnectionName: v.union(v.string(), v.null()),
		/** Zone the stored rollups are cut in. */
		timeZone: v.string(),
	})
		.index('by_connectionId', ['connectionId', 'key'])
		.index('by_workspaceId', ['workspaceId', 'service', 'accountId', 'key']),

	/** The hot facts of a series, one row each. Inserted with it, patched by `sync/commit.ts`, deleted with it. */
	seriesStates: defineTable({
		seriesId: v.id('series'),
		connectionId: v.id('connections'),
		workspaceId: v.id('workspaces'),
		firstAt: v.union(v.number(), v.null()),
		lastAt: v.union(v.number(), v.null()),
		lastValue: v.union(v.number(), v.null()),
		pointCount: v.number(),
		/** Why this one could not be read while the rest of its connection could; null once it is read again. */
		failure: v.union(vFailure, v.null()),
		/** The run that said so: the next one that succeeds without saying it again clears it. */
		failedRunId: v.union(v.id('syncRuns'), v.null()),
	})
		.index('by_seriesId', ['seriesId'])
		.index('by_connectionId', ['connectionId'])
		.index('by_workspaceId', ['workspaceId']),

	/**
	 * Packed points (lib/metrics/chunkCodec) of one series from `startAt` until the next chunk's `startAt`. A chunk that
	 * grows beyond POINTS_PER_CHUNK is split, so a chunk covers hours of a busy series and years of a quiet one.
	 * Written only by `sync/commit.ts`, deleted by `sync/remove.ts`.
	 */
	pointChunks: defineTable({
		seriesId: v.id('series'),
		/** Time of the first point. */
		startAt: v.number(),
		/** Time of the last point. */
		endAt: v.number(),
		count: v.number(),
		data: v.bytes(),
	}).index('by_seriesId', ['seriesId', 'startAt']),

	/**
	 * Packed rollups (lib/metrics/rollupCodec): the hours of one local week or the days of one local year, so that two
	 * years by day are three rows. Always recomputed from points. Written by `sync/commit.ts` and `rollups/rebuild.ts`,
	 * which also deletes those of a former time zone; deleted by `sync/remove.ts`.
	 */
	rollupChunks: defineTable({
		seriesId: v.id('series'),
		granularity: v.union(v.literal('hour'), v.literal('day')),
		timeZone: v.string(),
		/** Ordinal of the local week (hours) or the local year (days). */
		period: v.number(),
		data: v.bytes(),
	}).index('by_seriesId', ['seriesId', 'granularity', 'timeZone', 'period']),

	/**
	 * New and corrected points per UTC hour of one connection, the last two days of them: what "in the last 24 hours"
	 * counts. Written by `sync/commit.ts`, deleted by `sync/remove.ts`.
	 */
	flows: defineTable({
		connectionId: v.id('connections'),
		workspaceId: v.id('workspaces'),
		hours: v.array(v.object({ at: v.number(), points: v.number() })),
	})
		.index('by_connectionId', ['connectionId'])
		.index('by_workspaceId', ['workspaceId']),
};
