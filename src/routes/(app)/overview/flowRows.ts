import type { FlowRow, FlowState } from '../../../lib/charts/flow.ts';
import { formatAge } from '../../../lib/metrics/format.ts';
import type { Health } from '../../../lib/metrics/freshness.ts';
import type { Overview } from './card.ts';

type Source = Overview['flow'][number];

const states: Record<Health, FlowState> = {
	fresh: 'flowing',
	late: 'waiting',
	waiting: 'waiting',
	syncing: 'starting',
	needsReauth: 'cut',
	failing: 'cut',
	paused: 'still',
	never: 'still',
};

/** A band of more rows than this is a wall; what needs a look stays, the quietest sources go. */
const MAX_ROWS = 10;

export interface FlowBandRows {
	sources: Source[];
	rows: FlowRow[];
	hidden: number;
}

/** The rows of the band in the order given, cut to what fits. */
export function flowBandRows(flow: readonly Source[]): FlowBandRows {
	const keeps = new Set(
		[...flow]
			.sort(
				(a, b) =>
					Number(states[a.health] === 'flowing') - Number(states[b.health] === 'flowing') ||
					b.points24h - a.points24h,
			)
			.slice(0, MAX_ROWS),
	);
	const sources = flow.filter((source) => keeps.has(source));
	return {
		sources,
		rows: sources.map((source) => ({
			id: source.connectionId,
			state: states[source.health],
			points: source.points24h,
		})),
		hidden: flow.length - sources.length,
	};
}

/** "40 s", "until 14:05", "token revoked". A fresh age grows between two answers of the backend, so the page counts on. */
export function flowText(
	source: Pick<Source, 'health' | 'lastSuccessAt' | 'freshnessText'>,
	now: number,
): string {
	return source.health === 'fresh' && source.lastSuccessAt !== null
		? formatAge(now - source.lastSuccessAt)
		: source.freshnessText;
}
