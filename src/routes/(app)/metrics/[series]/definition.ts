import type { SeriesAnswer } from './series.ts';

type Series = SeriesAnswer['series'];

const kinds: Record<Series['kind'], string> = {
	gauge: 'A level: each point is what was true at that moment.',
	delta: 'An amount: each point is what happened in its span.',
	cumulative: 'A running total: the chart shows what was added in each span.',
};

const merges: Record<Series['merge'], string> = {
	sum: 'Points of one span are added up.',
	last: 'Of several points in one span the last counts.',
	avg: 'Points of one span are averaged.',
	min: 'Of several points in one span the lowest counts.',
	max: 'Of several points in one span the highest counts.',
};

const strategies: Record<Series['strategy'], string> = {
	snapshot:
		'The service tells only the present, so history begins with the first sync and a missed day cannot be fetched later.',
	events: 'The history is rebuilt from dated records, so a missed day is fetched later.',
	hybrid:
		'The service tells its history too, so a missed day is fetched later as far back as it keeps it.',
};

/** How a metric is computed, in sentences: what a point is, how points become a bucket, where history comes from. */
export function definitionLines({ kind, merge, strategy }: Series): string[] {
	return [kinds[kind], merges[merge], strategies[strategy]];
}

/** Why a gap is there and whether it will close. */
export function gapReason(strategy: Series['strategy']): string {
	return strategy === 'snapshot'
		? 'Nothing was read then, and this service cannot tell it afterwards.'
		: 'The service had nothing for it, or it is not fetched yet.';
}
