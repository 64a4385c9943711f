/**
 * Buckets of a calendar in a time zone. A bucket is named by its first instant. Buckets of one granularity lie side
 * by side without overlap, and every hour lies within one day, every day within one week and one month, so sums agree
 * across granularities whatever the zone does: days of 23 or 25 hours, 30 or 45 minute offsets, a day left out.
 */
import { MAX_AT_MS } from './dataPoint.ts';
import { timeZoneOf, type OffsetSpan, type TimeZone } from './timeZone.ts';

export type Granularity = 'hour' | 'day' | 'week' | 'month';
export const granularities: readonly Granularity[] = ['hour', 'day', 'week', 'month'];

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Ordinal of a calendar period: consecutive periods have consecutive ordinals. Hours are not ordinals, see hourStart. */
type Calendar = 'day' | 'week' | 'month' | 'year';

/** Local days are counted from 1970-01-01, a Thursday; the Monday before it is day -3. Weeks start on Monday. */
function ordinalOf(localMs: number, calendar: Calendar): number {
	const day = Math.floor(localMs / DAY_MS);
	if (calendar === 'day') return day;
	if (calendar === 'week') return Math.floor((day + 3) / 7);
	const date = new Date(localMs);
	const year = date.getUTCFullYear();
	return calendar === 'year' ? year : year * 12 + date.getUTCMonth();
}

function localStartOf(ordinal: number, calendar: Calendar): number {
	if (calendar === 'day') return ordinal * DAY_MS;
	if (calendar === 'week') return (ordinal * 7 - 3) * DAY_MS;
	return calendar === 'year'
		? Date.UTC(ordinal, 0, 1)
		: Date.UTC(Math.floor(ordinal / 12), ordinal % 12, 1);
}

/**
 * The span and period an instant belongs to. Where a clock set back returns to the day before (St. John's, 00:01 to
 * 23:01), the new day that had begun goes on: periods never interleave.
 */
function locate(
	zone: TimeZone,
	at: number,
	calendar: Calendar,
): { span: OffsetSpan; ordinal: number } {
	const span = zone.spanAt(at);
	const ordinal = ordinalOf(at + span.offsetMs, calendar);
	const before = span.start - 1;
	return {
		span,
		ordinal: Math.max(ordinal, ordinalOf(before + zone.spanAt(before).offsetMs, calendar)),
	};
}

function calendarStart(zone: TimeZone, at: number, calendar: Calendar): number {
	const located = locate(zone, at, calendar);
	const { ordinal } = located;
	let { span } = located;
	for (;;) {
		const before = zone.spanAt(span.start - 1);
		if (ordinalOf(span.start - 1 + before.offsetMs, calendar) < ordinal) {
			return Math.max(localStartOf(ordinal, calendar) - span.offsetMs, span.start);
		}
		span = before;
	}
}

function calendarNext(zone: TimeZone, at: number, calendar: Calendar): number {
	const located = locate(zone, at, calendar);
	const { ordinal } = located;
	let { span } = located;
	for (;;) {
		const next = localStartOf(ordinal + 1, calendar) - span.offsetMs;
		if (next > at && next < span.end) return Math.max(next, span.start);
		span = zone.spanAt(span.end);
		if (ordinalOf(span.start + span.offsetMs, calendar) > ordinal) return span.start;
	}
}

/** A local hour, cut where the offset changes: a repeated hour is two buckets, a shift by 30 minutes leaves short ones. */
function hourStart(zone: TimeZone, at: number): number {
	const span = zone.spanAt(at);
	const start = Math.floor((at + span.offsetMs) / HOUR_MS) * HOUR_MS - span.offsetMs;
	if (start >= span.start) return start;
	return zone.spanAt(span.start - 1).offsetMs === span.offsetMs ? start : span.start;
}

function hourNext(zone: TimeZone, at: number): number {
	const span = zone.spanAt(at);
	const next = (Math.floor((at + span.offsetMs) / HOUR_MS) + 1) * HOUR_MS - span.offsetMs;
	if (next <= span.end) return next;
	return zone.spanAt(span.end).offsetMs === span.offsetMs ? next : span.end;
}

/** First instant of the bucket that holds `at`. */
export function bucketStart(at: number, granularity: Granularity, timeZone: string): number {
	const zone = timeZoneOf(timeZone);
	return granularity === 'hour' ? hourStart(zone, at) : calendarStart(zone, at, granularity);
}

/** First instant after the bucket that holds `at`. */
export function bucketEnd(at: number, granularity: Granularity, timeZone: string): number {
	const zone = timeZoneOf(timeZone);
	return granularity === 'hour' ? hourNext(zone, at) : calendarNext(zone, at, granularity);
}

/**
 * Starts of all buckets that touch [from, to), ascending; the first may begin before `from`.
 * Throws RangeError above `limit`, before the list is built.
 */
export function bucketStarts(
	from: number,
	to: number,
	granularity: Granularity,
	timeZone: string,
	limit = 50_000,
): number[] {
	if (!(from >= 0 && to <= MAX_AT_MS)) throw new RangeError('The range is outside 1970 to 9999.');
	if ((to - from) / longestMs[granularity] > limit)
		throw new RangeError(`The range has more than ${limit} buckets.`);
	const starts: number[] = [];
	for (
		let start = bucketStart(from, granularity, timeZone);
		start < to;
		start = bucketEnd(start, granularity, timeZone)
	) {
		starts.push(start);
		if (starts.length > limit) throw new RangeError(`The range has more than ${limit} buckets.`);
	}
	return starts;
}

/** Upper bounds of a bucket's length: 25 h days, 31 day months, and one hour for the clock set back. */
const longestMs: Record<Granularity, number> = {
	hour: HOUR_MS,
	day: 25 * HOUR_MS,
	week: 7 * DAY_MS + HOUR_MS,
	month: 31 * DAY_MS + HOUR_MS,
};

/**
 * Moves an instant by whole local days, weeks or months and keeps its local time of day, so that "30 days earlier" is
 * the same wall clock on both sides of a clock change. A day of the month that does not exist becomes the last one.
 */
export function shiftLocal(at: number, amount: number, by: Granularity, timeZone: string): number {
	if (by === 'hour') return at + amount * HOUR_MS;
	const zone = timeZoneOf(timeZone);
	const local = at + zone.spanAt(at).offsetMs;
	const timeOfDay = local - Math.floor(local / DAY_MS) * DAY_MS;
	const day = Math.floor(local / DAY_MS);
	if (by !== 'month')
		return fromLocal(zone, (day + amount * (by === 'week' ? 7 : 1)) * DAY_MS + timeOfDay);
	const month = ordinalOf(local, 'month') + amount;
	const lastDay = localStartOf(month + 1, 'month') / DAY_MS - 1;
	const shifted = localStartOf(month, 'month') / DAY_MS + new Date(local).getUTCDate() - 1;
	return fromLocal(zone, Math.min(shifted, lastDay) * DAY_MS + timeOfDay);
}

/** The instant of a wall clock reading; a skipped reading becomes the first instant after the skip, of two the first. */
function fromLocal(zone: TimeZone, local: number): number {
	const early = zone.spanAt(local - DAY_MS);
	const first = local - early.offsetMs;
	if (zone.spanAt(first).offsetMs === early.offsetMs) return first;
	const span = zone.spanAt(first);
	return Math.max(local - span.offsetMs, span.start);
}

/** Wall clock parts of an instant; `weekday` is 0 for Monday. */
export interface LocalParts {
	year: number;
	month: number;
	day: number;
	weekday: number;
	hour: number;
	minute: number;
	second: number;
}

export function localParts(at: number, timeZone: string): LocalParts {
	const date = new Date(at + timeZoneOf(timeZone).spanAt(at).offsetMs);
	return {
		year: date.getUTCFullYear(),
		month: date.getUTCMonth() + 1,
		day: date.getUTCDate(),
		weekday: (date.getUTCDay() + 6) % 7,
		hour: date.getUTCHours(),
		minute: date.getUTCMinutes(),
		second: date.getUTCSeconds(),
	};
}

/** Number of local days from the day of `from` to the day of `to` (0 on the same day). A skipped day still counts. */
export function localDaysBetween(from: number, to: number, timeZone: string): number {
	const zone = timeZoneOf(timeZone);
	return (
		ordinalOf(to + zone.spanAt(to).offsetMs, 'day') -
		ordinalOf(from + zone.spanAt(from).offsetMs, 'day')
	);
}

/** Ordinal of the local week (hours are stored by week) or year (days are stored by year) a bucket belongs to. */
export function periodOf(at: number, period: 'week' | 'year', timeZone: string): number {
	return locate(timeZoneOf(timeZone), at, period).ordinal;
}
