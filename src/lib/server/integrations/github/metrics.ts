import type { MetricDefinition } from '../sdk/index.ts';

const count = { unit: 'count' as const, dimensions: ['repository'] };
const level = { ...count, kind: 'gauge' as const, merge: 'last' as const, chart: 'line' as const };
const events = { ...count, kind: 'delta' as const, merge: 'sum' as const, chart: 'bar' as const };

/** A year tells the seasons; further back only costs requests. */
export const historyDays = 365;

/** GitHub forgets traffic after two weeks. What was fetched stays here. */
export const trafficDays = 14;

/** Every metric exists once per chosen repository. */
export const metrics: MetricDefinition[] = [
	{
		...level,
		id: 'stars',
		name: 'Stars',
		description:
			'People who have starred the repository. The past is rebuilt from the dates of the stars that are still there; withdrawn ones are missing from it.',
		direction: 'up',
		strategy: 'hybrid',
		historicalDays: historyDays,
		group: 'Audience',
	},
	{
		...level,
		id: 'forks',
		name: 'Forks',
		description: 'Forks of the repository at the moment of the sync.',
		direction: 'up',
		strategy: 'snapshot',
		group: 'Audience',
	},
	{
		...level,
		id: 'open_issues',
		name: 'Open issues',
		description: 'Issues that are open at the moment of the sync, pull requests not counted.',
		direction: 'down',
		strategy: 'snapshot',
		group: 'Work',
	},
	{
		...level,
		id: 'open_pull_requests',
		name: 'Open pull requests',
		description: 'Pull requests that are open at the moment of the sync, drafts included.',
		direction: 'down',
		strategy: 'snapshot',
		group: 'Work',
	},
	{
		...events,
		id: 'merged_pull_requests',
		name: 'Merged pull requests',
		description: 'Pull requests by the moment they were merged. Closed ones are left out.',
		direction: 'up',
		strategy: 'events',
		historicalDays: historyDays,
		group: 'Work',
	},
	{
		...events,
		id: 'commits',
		name: 'Commits',
		description: 'Commits to the default branch per day (UTC), merge commits left out.',
		direction: 'up',
		strategy: 'events',
		historicalDays: historyDays,
		// A rebase or a late push dates commits into days already read.
		lagDays: 7,
		group: 'Work',
	},
	{
		...count,
		id: 'release_downloads',
		name: 'Release downloads',
		description: 'Downloads of all files of all releases, source archives left out.',
		kind: 'cumulative',
		merge: 'last',
		chart: 'bar',
		direction: 'up',
		strategy: 'snapshot',
		group: 'Audience',
	},
	{
		...events,
		id: 'views',
		name: 'Views',
		description: 'Page views per day (UTC). GitHub keeps them 14 days; here they stay.',
		direction: 'up',
		strategy: 'events',
		historicalDays: trafficDays,
		lagDays: 2,
		group: 'Audience',
	},
	{
		...events,
		id: 'clones',
		name: 'Clones',
		description: 'Clones per day (UTC). GitHub keeps them 14 days; here they stay.',
		direction: 'up',
		strategy: 'events',
		historicalDays: trafficDays,
		lagDays: 2,
		group: 'Audience',
	},
];
