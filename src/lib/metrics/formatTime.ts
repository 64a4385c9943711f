/** Instants as people read them in a zone: `Tue 20 Oct 2026`, `22 Oct – 20 Nov 2026`, `14:05`. */
import {
	bucketEnd,
	localParts,
	shiftLocal,
	type Granularity,
	type LocalParts,
} from './granularity.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

const two = (value: number): string => String(value).padStart(2, '0');
const clock = (parts: LocalParts): string => `${two(parts.hour)}:${two(parts.minute)}`;
const dayMonth = (parts: LocalParts): string => `${parts.day} ${months[parts.month - 1]}`;
const sameDay = (a: LocalParts, b: LocalParts): boolean =>
	a.year === b.year && a.month === b.month && a.day === b.day;

/** `14:05`, with `seconds` `14:05:09`. */
export function formatClock(at: number, timeZone: string, seconds = false): string {
	const parts = localParts(at, timeZone);
	return seconds ? `${clock(parts)}:${two(parts.second)}` : clock(parts);
}

/** `20 Oct 2026`. */
export function formatDay(at: number, timeZone: string): string {
	const parts = localParts(at, timeZone);
	return `${dayMonth(parts)} ${parts.year}`;
}

/** `Today 13:38`, `Yesterday 02:00`, `18 Nov 09:12`, `18 Nov 2025 09:12`. */
export function formatMoment(at: number, now: number, timeZone: string, seconds = false): string {
	const parts = localParts(at, timeZone);
	const today = localParts(now, timeZone);
	const time = formatClock(at, timeZone, seconds);
	if (sameDay(parts, today)) return `Today ${time}`;
	if (sameDay(parts, localParts(shiftLocal(now, -1, 'day', timeZone), timeZone)))
		return `Yesterday ${time}`;
	return `${dayMonth(parts)}${parts.year === today.year ? '' : ` ${parts.year}`} ${time}`;
}

/** A bucket in full, for tooltips and tables: `Tue 20 Oct 2026, 14:00`, `Tue 20 Oct 2026`, `16 – 22 Nov 2026`, `Nov 2026`. */
export function formatBucket(start: number, granularity: Granularity, timeZone: string): string {
	const parts = localParts(start, timeZone);
	if (granularity === 'month') return `${months[parts.month - 1]} ${parts.year}`;
	if (granularity === 'week')
		return formatRange(start, bucketEnd(start, 'week', timeZone), timeZone);
	const day = `${weekdays[parts.weekday]} ${dayMonth(parts)} ${parts.year}`;
	return granularity === 'day' ? day : `${day}, ${clock(parts)}`;
}

/** A bucket on an axis: `14:00` (the day at midnight), `20 Oct`, `Nov` (the year in January). */
export function formatTick(start: number, granularity: Granularity, timeZone: string): string {
	const parts = localParts(start, timeZone);
	if (granularity === 'hour')
		return parts.hour === 0 && parts.minute === 0 ? dayMonth(parts) : clock(parts);
	if (granularity !== 'month') return dayMonth(parts);
	return parts.month === 1 ? String(parts.year) : months[parts.month - 1]!;
}

/** The days a range [from, to) covers: `20 Nov 2026`, `1 – 31 Aug 2026`, `22 Oct – 20 Nov 2026`. */
export function formatRange(from: number, to: number, timeZone: string): string {
	const first = localParts(from, timeZone);
	const last = localParts(Math.max(from, to - 1), timeZone);
	const end = `${dayMonth(last)} ${last.year}`;
	if (sameDay(first, last)) return end;
	if (first.year !== last.year) return `${dayMonth(first)} ${first.year} – ${end}`;
	return first.month === last.month ? `${first.day} – ${end}` : `${dayMonth(first)} – ${end}`;
}

/** `2026-11` for the local month of an instant: the key of a backfill's months. */
export function monthKey(at: number, timeZone: string): string {
	const parts = localParts(at, timeZone);
	return `${parts.year}-${two(parts.month)}`;
}

/** `2026-10-20` or `2026-10-20T14:00:00+02:00` for exports, by what the bucket is. */
export function formatIso(at: number, granularity: Granularity, timeZone: string): string {
	const parts = localParts(at, timeZone);
	const day = `${String(parts.year).padStart(4, '0')}-${two(parts.month)}-${two(parts.day)}`;
	if (granularity !== 'hour') return day;
	const local = Date.UTC(
		parts.year,
		parts.month - 1,
		parts.day,
		parts.hour,
		parts.minute,
		parts.second,
	);
	const offsetMinutes = Math.round((local - Math.floor(at / 1000) * 1000) / 60_000);
	const size = Math.abs(offsetMinutes);
	const offset = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
	return `${day}T${clock(parts)}:${two(parts.second)}${offset}`;
}
