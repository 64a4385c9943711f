import type { Direction, Merge, MetricKind, Unit } from '../../../metrics/dataPoint.ts';

export type { Direction, Merge, MetricKind, Unit };

/** How a metric's history is obtained: one point per sync, dated rows, or rows for the past and points from now on. */
export type DataStrategy = 'snapshot' | 'events' | 'hybrid';

/** One measured quantity as the catalogue shows it. */
export interface MetricDefinition {
	/**
	 * snake_case, unique within the integration, never reused for another meaning. A metric a person names (a PromQL query)
	 * has its series key here.
	 */
	id: string;
	name: string;
	/** The definition card: how the number is computed and what is left out. */
	description: string;
	unit: Unit;
	kind: MetricKind;
	merge: Merge;
	/** Which way is better. */
	direction: Direction;
	chart: 'line' | 'bar';
	strategy: DataStrategy;
	/** How many days back the service can tell. Absent: only from now on. */
	historicalDays?: number;
	/** Days for which the service may still correct a value. */
	lagDays?: number;
	group?: string;
	dimensions?: string[];
}

/** One series of one connection: the definition, plus which repository, query or account it is about. */
export interface MetricInstance extends MetricDefinition {
	/** Stable and unique within the connection, e.g. `stars:owner/repo` or the id of a query. */
	seriesKey: string;
	dimensionValues?: Record<string, string>;
}
