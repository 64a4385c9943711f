/** What a reader chose on a metric page; it lives in the address, so that a link shows the same. */
import {
	bucketEnd,
	DAY_MS,
	granularities,
	shiftLocal,
	type Granularity,
} from '../../../../lib/metrics/granularity.ts';
import {
	granularityChoices,
	granularityOf,
	rangeOfDays,
	type Range,
} from '../../../../lib/metrics/range.ts';

export interface MetricView {
	/** The last so many days, or a span chosen by zooming. */
	range: number | Range;
	/** Null lets the range decide. */
	granularity: Granularity | null;
	compare: boolean;
	isTable: boolean;
	fromZero: boolean;
}

const RANGE_DAYS = [7, 30, 90, 365];
const DEFAULT_DAYS = 30;
/** The backend refuses longer ranges. */
const MAX_RANGE_MS = 4 * 365 * DAY_MS;
/** A zoom closer than this shows single points of noise. */
const MIN_RANGE_MS = 3 * 3_600_000;

export const metricRanges = RANGE_DAYS.map((days) => ({
	value: String(days),
	label: days === 365 ? '12m' : `${days}d`,
}));

/** Anything not understood is the default: an address is typed by people. */
export function parseMetricView(params: URLSearchParams): MetricView {
	const from = Number(params.get('from'));
	const to = Number(params.get('to'));
	const isSpan =
		params.has('from') && from > 0 && to - from >= MIN_RANGE_MS && to - from <= MAX_RANGE_MS;
	const days = RANGE_DAYS.find((choice) => String(choice) === params.get('range')) ?? DEFAULT_DAYS;
	const granularity = granularities.find((choice) => choice === params.get('by')) ?? null;
	return {
		range: isSpan ? { from, to } : days,
		granularity,
		compare: params.get('compare') !== '0',
		isTable: params.get('view') === 'table',
		fromZero: params.get('zero') === '1',
	};
}

/** The query string of a view, empty for the default one. */
export function metricQuery(view: MetricView): string {
	const params = new URLSearchParams();
	if (typeof view.range === 'object') {
		params.set('from', String(Math.round(view.range.from)));
		params.set('to', String(Math.round(view.range.to)));
	} else if (view.range !== DEFAULT_DAYS) params.set('range', String(view.range));
	if (view.granularity) params.set('by', view.granularity);
	if (!view.compare) params.set('compare', '0');
	if (view.isTable) params.set('view', 'table');
	if (view.fromZero) params.set('zero', '1');
	const query = params.toString();
	return query ? `?${query}` : '';
}

export interface ResolvedView extends Range {
	granularity: Granularity;
	choices: Granularity[];
}

/** The span and granularity to ask for. The end is the end of the running bucket: new points land inside, nothing resubscribes each second. */
export function resolveView(view: MetricView, now: number, timeZone: string): ResolvedView {
	const wanted =
		typeof view.range === 'object' ? view.range : rangeOfDays(view.range, now, timeZone);
	const choices = granularityChoices(wanted);
	const granularity =
		view.granularity && choices.includes(view.granularity)
			? view.granularity
			: granularityOf(wanted);
	const to = typeof view.range === 'object' ? wanted.to : bucketEnd(now, granularity, timeZone);
	return { from: wanted.from, to, granularity, choices };
}

/** A dragged span, widened to what can be shown; null when the drag chose almost nothing. */
export function zoomTo(from: number, to: number, view: MetricView): MetricView | null {
	if (!(to > from)) return null;
	const room = Math.max(0, MIN_RANGE_MS - (to - from)) / 2;
	return { ...view, range: { from: Math.max(1, from - room), to: to + room }, granularity: null };
}

/** The neighbouring span as long by the calendar: earlier (-1) or later (1). Never beyond now. */
export function stepView(
	view: MetricView,
	step: 1 | -1,
	now: number,
	timeZone: string,
): MetricView {
	const { from, to } = resolveView(view, now, timeZone);
	const days = Math.max(1, Math.round((to - from) / DAY_MS));
	const moved = {
		from: shiftLocal(from, step * days, 'day', timeZone),
		to: shiftLocal(to, step * days, 'day', timeZone),
	};
	if (moved.to > now + DAY_MS)
		return { ...view, range: typeof view.range === 'number' ? view.range : nearestDays(days) };
	return moved.from <= 0 ? view : { ...view, range: moved };
}

const nearestDays = (days: number) =>
	RANGE_DAYS.reduce(
		(best, choice) => (Math.abs(choice - days) < Math.abs(best - days) ? choice : best),
		DEFAULT_DAYS,
	);
