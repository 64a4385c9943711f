import type { MetricDefinition } from '../sdk/index.ts';

/** What the catalogue shows; a connection has one of these per row of its queries. */
export const queryMetric: MetricDefinition = {
	id: 'query',
	name: 'Your PromQL queries',
	description: 'Whatever the query computes, once a minute.',
	unit: 'none',
	kind: 'gauge',
	merge: 'avg',
	direction: 'none',
	chart: 'line',
	strategy: 'hybrid',
	historicalDays: 30,
};
