/** Where the time axis is labelled: on boundaries of the workspace's calendar, at least 90 px apart. */
import { formatTick } from '../metrics/formatTime.ts';
import { bucketEnd, bucketStart, localParts, shiftLocal } from '../metrics/granularity.ts';

/** Labels nearer than this run into each other (design notes, section 3.3). */
export const LABEL_GAP_PX = 90;

export interface TimeTick {
	at: number;
	label: string;
}

interface Stride {
	by: 'hour' | 'day' | 'week' | 'month';
	amount: number;
	/** Rough length, to skip strides that are far too short. */
	ms: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STRIDES: Stride[] = [
	{ by: 'hour', amount: 1, ms: HOUR_MS },
	{ by: 'hour', amount: 3, ms: 3 * HOUR_MS },
	{ by: 'hour', amount: 6, ms: 6 * HOUR_MS },
	{ by: 'hour', amount: 12, ms: 12 * HOUR_MS },
	{ by: 'day', amount: 1, ms: DAY_MS },
	{ by: 'day', amount: 2, ms: 2 * DAY_MS },
	{ by: 'week', amount: 1, ms: 7 * DAY_MS },
	{ by: 'week', amount: 2, ms: 14 * DAY_MS },
	{ by: 'month', amount: 1, ms: 30 * DAY_MS },
	{ by: 'month', amount: 2, ms: 61 * DAY_MS },
	{ by: 'month', amount: 3, ms: 91 * DAY_MS },
	{ by: 'month', amount: 6, ms: 182 * DAY_MS },
	{ by: 'month', amount: 12, ms: 365 * DAY_MS },
	{ by: 'month', amount: 24, ms: 730 * DAY_MS },
	{ by: 'month', amount: 60, ms: 1826 * DAY_MS },
];

/** The ticks within [from, to] for an axis of `width` px. Never finer than one bucket (`bucketMs`). */
export function timeTicks(
	from: number,
	to: number,
	width: number,
	timeZone: string,
	bucketMs = HOUR_MS,
): TimeTick[] {
	if (!(to > from) || !(width > 0)) return [];
	const msPerPx = (to - from) / width;
	const needed = Math.max(LABEL_GAP_PX * msPerPx, bucketMs);
	// A month has 28 to 31 days; the nominal length may fall a little short of what is needed.
	const stride = STRIDES.find((candidate) => candidate.ms >= needed * 0.98) ?? STRIDES.at(-1)!;
	const instants: number[] = [];
	for (let at = firstTick(from, stride, timeZone); at <= to; at = nextTick(at, stride, timeZone)) {
		const before = instants.at(-1);
		if (before !== undefined && at <= before) break;
		if (at >= from) instants.push(at);
	}
	return instants.map((at) => ({ at, label: formatTick(at, stride.by, timeZone) }));
}

function firstTick(from: number, { by, amount }: Stride, timeZone: string): number {
	if (by !== 'month' && by !== 'hour')
		return bucketStart(from, by === 'week' ? 'week' : 'day', timeZone);
	if (by === 'hour') return bucketStart(from, 'day', timeZone);
	const month = bucketStart(from, 'month', timeZone);
	const { year, month: number } = localParts(month, timeZone);
	return shiftLocal(month, -((year * 12 + number - 1) % amount), 'month', timeZone);
}

function nextTick(at: number, { by, amount }: Stride, timeZone: string): number {
	if (by !== 'hour') return shiftLocal(at, amount, by, timeZone);
	// Local midnight resets the count, so that labels read 00:00, 06:00, … on days of 23 and 25 hours too.
	const midnight = bucketEnd(at, 'day', timeZone);
	return Math.min(at + amount * HOUR_MS, midnight);
}
