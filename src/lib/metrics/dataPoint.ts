/**
 * The vocabulary of a measurement. A data point is one value of one series at one instant; everything else in this
 * room (chunks, rollups, series) is built from it.
 */

/** `gauge`: a level at an instant. `delta`: an amount in an interval. `cumulative`: a running total, differenced when read. */
export type MetricKind = 'gauge' | 'delta' | 'cumulative';

/** How the points of one bucket become one number. */
export type Merge = 'sum' | 'last' | 'avg' | 'min' | 'max';

/** Which way is better for the person reading the number. */
export type Direction = 'up' | 'down' | 'none';

/**
 * What a value measures. `ratio` is 0..1, `percent` is 0..100, money is an integer number of the currency's minor
 * units (cents), never a fraction of the major one.
 */
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

export interface DataPoint {
	/** ms since epoch, UTC, a whole number. */
	at: number;
	/** Any finite float64; kept bit for bit. */
	value: number;
}

/** Points of one series as columns: same length, `ats` strictly ascending. */
export interface PointColumns {
	ats: number[];
	values: number[];
}

/** 9999-12-31T23:59:59.999Z: the last instant every calendar function here handles. */
export const MAX_AT_MS = 253_402_300_799_999;

export type PointErrorCode = 'POINT_VALUE_NOT_FINITE' | 'POINT_TIME_INVALID';

/** A point that cannot be stored exactly. It is refused, never rounded or turned into 0. */
export class PointError extends Error {
	readonly code: PointErrorCode;

	constructor(code: PointErrorCode, message: string) {
		super(message);
		this.name = 'PointError';
		this.code = code;
	}
}

/** Throws PointError unless the value is finite and the time a whole ms between 1970 and 9999. */
export function assertPoint(at: number, value: number): void {
	if (typeof value !== 'number' || !Number.isFinite(value)) {
		throw new PointError(
			'POINT_VALUE_NOT_FINITE',
			`A point has the value ${value}, which is not a finite number.`,
		);
	}
	if (!Number.isInteger(at) || at < 0 || at > MAX_AT_MS) {
		throw new PointError(
			'POINT_TIME_INVALID',
			`A point has the time ${at}, which is not a whole ms from 1970 to 9999.`,
		);
	}
}

/**
 * Sorts points by time and keeps the last of those with the same time (a later row of a page corrects an earlier one).
 * Throws PointError for a point that cannot be stored.
 */
export function toColumns(points: readonly DataPoint[]): PointColumns {
	const order = points.map((point, index) => {
		assertPoint(point.at, point.value);
		return index;
	});
	order.sort((a, b) => points[a]!.at - points[b]!.at || a - b);
	const ats: number[] = [];
	const values: number[] = [];
	for (const index of order) {
		const { at, value } = points[index]!;
		if (ats.length > 0 && ats[ats.length - 1] === at) values[values.length - 1] = value;
		else {
			ats.push(at);
			values.push(value);
		}
	}
	return { ats, values };
}

export interface MergedColumns extends PointColumns {
	added: number;
	corrected: number;
	/** Times of the points that are new or have a new value, ascending. */
	touched: number[];
}

/** Upserts `incoming` into `stored` by time; an equal value (bit for bit) counts as unchanged. Both sorted. */
export function mergeColumns(stored: PointColumns, incoming: PointColumns): MergedColumns {
	const ats: number[] = [];
	const values: number[] = [];
	const touched: number[] = [];
	let added = 0;
	let corrected = 0;
	let i = 0;
	let j = 0;
	while (i < stored.ats.length || j < incoming.ats.length) {
		const storedAt = i < stored.ats.length ? stored.ats[i]! : Infinity;
		const incomingAt = j < incoming.ats.length ? incoming.ats[j]! : Infinity;
		if (storedAt < incomingAt) {
			ats.push(storedAt);
			values.push(stored.values[i++]!);
			continue;
		}
		const value = incoming.values[j++]!;
		ats.push(incomingAt);
		values.push(value);
		if (storedAt === incomingAt) {
			if (Object.is(stored.values[i++], value)) continue;
			corrected++;
		} else added++;
		touched.push(incomingAt);
	}
	return { ats, values, added, corrected, touched };
}
