/**
 * How a value behaves between two points.
 * `gauge`: a level (open issues). `delta`: an amount that belongs to its moment and adds up (merged pull requests).
 * `cumulative`: a counter that only grows and is differenced when read (release downloads).
 */
export type MetricKind = 'gauge' | 'delta' | 'cumulative';

/** What one unit of the value is. `ratio` is 0..1, `percent` 0..100; a currency is counted in its minor units. */
export type Unit =
	| 'count'
	| 'ratio'
	| 'percent'
	| 'bytes'
	| 'ms'
	| 's'
	| 'perSecond'
	| 'none'
	| { currency: string };

/** How the points of one bucket become the bucket's value. */
export type Merge = 'sum' | 'last' | 'avg' | 'min' | 'max';

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
	direction: 'up' | 'down' | 'none';
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
