/** Validators shared by the queries that read metrics. */
import { v } from 'convex/values';
import { vChart, vDirection, vMerge, vMetricKind, vStrategy, vUnit } from '../tables/metrics.ts';
import { vFailure } from '../tables/sync.ts';
import { vHealth } from '../lib/shapes.ts';

export const vNumber = v.union(v.number(), v.null());
/** One number per bucket; null = no data. */
export const vColumn = v.array(vNumber);

export const vCard = v.object({
	seriesId: v.id('series'),
	connectionId: v.id('connections'),
	service: v.string(),
	icon: v.string(),
	/** The metric's name. */
	name: v.string(),
	/** The repository or query it is about, else the connection's name. */
	context: v.string(),
	unit: vUnit,
	kind: vMetricKind,
	direction: vDirection,
	chart: vChart,
	/** A level: the last one known. An amount: its sum over the range. */
	value: vNumber,
	/** Time of the last point, of a level. */
	valueAt: vNumber,
	/** The level at the same moment of the period before, or the sum over the same part of it. */
	previous: vNumber,
	/** Relative, 0.042 = +4.2%; for shares (percent, ratio) in percentage points. */
	change: vNumber,
	spark: vColumn,
	previousSpark: v.union(vColumn, v.null()),
	health: vHealth,
	failure: v.union(vFailure, v.null()),
	lastPointAt: vNumber,
});

export const vFlow = v.object({
	connectionId: v.id('connections'),
	name: v.string(),
	service: v.string(),
	icon: v.string(),
	health: vHealth,
	/** Two or three words as of this reading; the page counts on from lastSuccessAt. */
	freshnessText: v.string(),
	lastSuccessAt: vNumber,
	points24h: v.number(),
});

export const vOverview = v.object({
	now: v.number(),
	timeZone: v.string(),
	from: v.number(),
	to: v.number(),
	groups: v.array(
		v.object({
			id: v.string(),
			name: v.string(),
			/** Names of the services whose cards are in it. */
			services: v.array(v.string()),
			cards: v.array(vCard),
		}),
	),
	flow: v.array(vFlow),
	/** Cards that are fresh, of all cards. */
	fresh: v.number(),
	total: v.number(),
});

export const vListed = v.object({
	seriesId: v.id('series'),
	connectionId: v.id('connections'),
	connectionName: v.string(),
	service: v.string(),
	icon: v.string(),
	name: v.string(),
	context: v.string(),
	unit: vUnit,
	kind: vMetricKind,
	lastValue: vNumber,
	lastAt: vNumber,
	health: vHealth,
});

export const vGranularity = v.union(
	v.literal('hour'),
	v.literal('day'),
	v.literal('week'),
	v.literal('month'),
);

export const vLevel = v.object({
	/** The last value known in the range. */
	value: vNumber,
	at: vNumber,
	/** The last value known at the same time of day one range earlier, to the hour. */
	previous: vNumber,
	previousAt: vNumber,
	/** As changeOf returns it. */
	change: vNumber,
});

export const vSeriesReading = v.object({
	series: v.object({
		id: v.id('series'),
		name: v.string(),
		context: v.string(),
		service: v.string(),
		icon: v.string(),
		connectionId: v.id('connections'),
		connectionName: v.string(),
		description: v.string(),
		unit: vUnit,
		kind: vMetricKind,
		merge: vMerge,
		direction: vDirection,
		chart: vChart,
		strategy: vStrategy,
		lastAt: vNumber,
		health: vHealth,
		timeZone: v.string(),
	}),
	granularity: vGranularity,
	/** First instants of the buckets. */
	starts: v.array(v.number()),
	values: vColumn,
	/** The figure of a level; null for amounts, whose figure is the sum of `values`. */
	level: v.union(vLevel, v.null()),
	/** As many values as `starts`, bucket by bucket against the period before. */
	previous: v.union(v.object({ from: v.number(), to: v.number(), values: vColumn }), v.null()),
	stats: v.union(
		v.object({
			first: v.number(),
			last: v.number(),
			min: v.number(),
			max: v.number(),
			sum: v.number(),
			avg: v.number(),
			count: v.number(),
		}),
		v.null(),
	),
	/** Whether the last bucket is still going on. */
	isLastPartial: v.boolean(),
	gaps: v.array(v.object({ from: v.number(), to: v.number() })),
});
