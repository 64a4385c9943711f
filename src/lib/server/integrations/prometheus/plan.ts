import type { MetricInstance, TimeRange } from '../sdk/index.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Prometheus refuses query_range beyond this many steps per series ("exceeded maximum resolution"). */
export const maxStepsPerRequest = 11_000;

/** One day of minutes: a page that a single transaction stores with ease, with its 24 hours of rollups. */
const stepsPerSlice = 1440;

/** Beyond this a minute's resolution costs more than it tells: 86,400 points per series. */
const fineRangeMs = 60 * dayMs;

/** One request: the moments `fromAt`, `fromAt + stepMs`, …, `toAt` of one query. */
export interface Slice {
	seriesKey: string;
	fromAt: number;
	toAt: number;
	stepMs: number;
	/** Added to the moment of evaluation to get the point's time; negative for windows, which are named by their start. */
	shiftMs: number;
}

/**
 * The requests for a range, newest first, all queries of a span together: every chart gets its recent past before any gets
 * its old one. Moments lie on a grid that divides the hour, so that each hour of a rollup has the same number of points,
 * and so that a second run over the same range asks for the same moments.
 */
export function planSlices(
	metrics: readonly Pick<MetricInstance, 'seriesKey' | 'kind' | 'description'>[],
	range: TimeRange,
	windowOf: (metric: Pick<MetricInstance, 'description'>) => number | undefined,
): Slice[] {
	const slices: (Slice & { order: number })[] = [];
	metrics.forEach((metric, order) => {
		const windowMs = metric.kind === 'delta' ? windowOf(metric) : undefined;
		const stepMs =
			windowMs ?? (range.endAt - range.startAt <= fineRangeMs ? minuteMs : 5 * minuteMs);
		const shiftMs = windowMs === undefined ? 0 : -windowMs;
		// A window belongs to the range in which it ends: a sync every minute must still see the hours go by.
		const firstAt =
			windowMs === undefined
				? Math.ceil(range.startAt / stepMs) * stepMs
				: Math.floor(range.startAt / stepMs) * stepMs + stepMs;
		const endAt = windowMs === undefined ? range.endAt - 1 : range.endAt;
		const lastAt = Math.floor(endAt / stepMs) * stepMs;
		const sliceMs = Math.max(dayMs, Math.floor((stepsPerSlice * stepMs) / dayMs) * dayMs);
		for (let toAt = lastAt; toAt >= firstAt;) {
			const fromAt = Math.max(firstAt, Math.floor(toAt / sliceMs) * sliceMs);
			slices.push({ seriesKey: metric.seriesKey, fromAt, toAt, stepMs, shiftMs, order });
			toAt = fromAt - stepMs;
		}
	});
	slices.sort((a, b) => b.toAt - a.toAt || a.order - b.order);
	return slices.map(({ order: _, ...slice }) => slice);
}

/** Stable name of a slice within its plan. */
export const sliceKey = (slice: Slice): string => `${slice.seriesKey}@${slice.fromAt}`;
