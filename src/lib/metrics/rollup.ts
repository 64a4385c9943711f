/**
 * Rollups: the aggregate of one bucket, always recomputed from what lies below it, never incremented. Hours come from
 * points, days from hours, weeks and months from days. Late, repeated and corrected points therefore come out right.
 */
import type { Merge, MetricKind, PointColumns } from './dataPoint.ts';
import { bucketEnd, bucketStart, type Granularity } from './granularity.ts';

export interface Rollup {
	/** First instant of the bucket. */
	start: number;
	count: number;
	sum: number;
	min: number;
	max: number;
	first: number;
	last: number;
	/** Time of the last point. */
	lastAt: number;
	/**
	 * How much a running total grew between the points of the bucket. A total that falls was restarted and counts from
	 * 0, as in Prometheus' increase(). Growth across a bucket's edge is added when buckets are joined or read.
	 */
	rise: number;
}

/** Growth of a running total from one point to the next. */
export function riseBetween(before: number, after: number): number {
	return after >= before ? after - before : after;
}

/** Neumaier's compensated sum: the order in which buckets are joined does not wear the total down. */
class Sum {
	#sum = 0;
	#lost = 0;

	add(value: number): void {
		const next = this.#sum + value;
		this.#lost +=
			Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - next + value : value - next + this.#sum;
		this.#sum = next;
	}

	get total(): number {
		const total = this.#sum + this.#lost;
		// Beyond the largest float the compensation is NaN; the plain sum tells more.
		return Number.isNaN(total) ? this.#sum : total;
	}
}

/** The rollup of points[from, to). Null without points: no data is not 0. */
export function rollupPoints(
	start: number,
	{ ats, values }: PointColumns,
	from = 0,
	to = ats.length,
): Rollup | null {
	if (to <= from) return null;
	const sum = new Sum();
	const rise = new Sum();
	let min = Infinity;
	let max = -Infinity;
	for (let i = from; i < to; i++) {
		const value = values[i]!;
		sum.add(value);
		if (i > from) rise.add(riseBetween(values[i - 1]!, value));
		if (value < min) min = value;
		if (value > max) max = value;
	}
	const last = to - 1;
	return {
		start,
		count: to - from,
		sum: clamp(sum.total),
		min,
		max,
		first: values[from]!,
		last: values[last]!,
		lastAt: ats[last]!,
		rise: clamp(rise.total),
	};
}

/** Joins rollups of smaller buckets (ascending) into one. Null for none. */
export function joinRollups(start: number, parts: readonly Rollup[]): Rollup | null {
	const head = parts[0];
	const tail = parts[parts.length - 1];
	if (!head || !tail) return null;
	const sum = new Sum();
	const rise = new Sum();
	let [count, min, max] = [0, Infinity, -Infinity];
	parts.forEach((part, i) => {
		count += part.count;
		sum.add(part.sum);
		rise.add(part.rise);
		if (i > 0) rise.add(riseBetween(parts[i - 1]!.last, part.first));
		min = Math.min(min, part.min);
		max = Math.max(max, part.max);
	});
	const { first } = head;
	const { last, lastAt } = tail;
	return {
		start,
		count,
		sum: clamp(sum.total),
		min,
		max,
		first,
		last,
		lastAt,
		rise: clamp(rise.total),
	};
}

/** A sum of finite numbers may still overflow; stored numbers stay finite. */
function clamp(value: number): number {
	return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/** Hour rollups of sorted points. */
export function rollupHours(points: PointColumns, timeZone: string): Rollup[] {
	const hours: Rollup[] = [];
	for (let from = 0; from < points.ats.length;) {
		const start = bucketStart(points.ats[from]!, 'hour', timeZone);
		const end = bucketEnd(start, 'hour', timeZone);
		let to = from + 1;
		while (to < points.ats.length && points.ats[to]! < end) to++;
		hours.push(rollupPoints(start, points, from, to)!);
		from = to;
	}
	return hours;
}

/** Joins ascending rollups into the larger buckets of a calendar, e.g. hours into days or days into weeks. */
export function regroup(
	parts: readonly Rollup[],
	granularity: Granularity,
	timeZone: string,
): Rollup[] {
	const joined: Rollup[] = [];
	for (let from = 0; from < parts.length;) {
		const start = bucketStart(parts[from]!.start, granularity, timeZone);
		const end = bucketEnd(start, granularity, timeZone);
		let to = from + 1;
		while (to < parts.length && parts[to]!.start < end) to++;
		joined.push(joinRollups(start, parts.slice(from, to))!);
		from = to;
	}
	return joined;
}

/**
 * The one number a chart shows for a bucket. A running total shows its growth, which needs the bucket before it (the
 * last one with data, however long ago); without one only the growth inside the bucket is known.
 */
export function valueOf(
	rollup: Rollup,
	kind: MetricKind,
	merge: Merge,
	before: Rollup | null,
): number {
	if (kind === 'delta') return rollup.sum;
	if (kind === 'cumulative')
		return rollup.rise + (before ? riseBetween(before.last, rollup.first) : 0);
	switch (merge) {
		case 'sum':
			return rollup.sum;
		case 'avg':
			return rollup.sum / rollup.count;
		case 'min':
			return rollup.min;
		case 'max':
			return rollup.max;
		case 'last':
			return rollup.last;
	}
}
