/** A range a reader chose, and the granularity it implies. */
import { bucketStart, DAY_MS, shiftLocal, type Granularity } from './granularity.ts';

export interface Range {
	/** First instant, inclusive. */
	from: number;
	/** Exclusive. */
	to: number;
}

/** The last `days` local days, today's part included: 30 days on 20 November is 22 October, 00:00, until now. */
export function rangeOfDays(days: number, now: number, timeZone: string): Range {
	const today = bucketStart(now, 'day', timeZone);
	return { from: shiftLocal(today, 1 - days, 'day', timeZone), to: now };
}

/** What a chart of this length shows unless the reader says otherwise: 40 to 200 buckets. */
export function granularityOf({ from, to }: Range): Granularity {
	const days = (to - from) / DAY_MS;
	if (days <= 8) return 'hour';
	if (days <= 190) return 'day';
	return days <= 1100 ? 'week' : 'month';
}

/** The granularities that make sense for a range, finest first: at least 2 buckets and at most 2,500. */
export function granularityChoices({ from, to }: Range): Granularity[] {
	const days = (to - from) / DAY_MS;
	const choices: Granularity[] = [];
	if (days <= 100) choices.push('hour');
	if (days > 1.5) choices.push('day');
	if (days > 13) choices.push('week');
	if (days > 58) choices.push('month');
	return choices;
}

/**
 * The period before a range, as long by the calendar: the same number of local days (weeks, months) earlier at the same
 * time of day, so that a part-period is compared with the same part.
 */
export function previousRange(
	{ from, to }: Range,
	granularity: Granularity,
	timeZone: string,
): Range {
	const by = granularity === 'hour' ? 'day' : granularity;
	// Counting shifts until the range fits keeps months of different length apart; a year has 12 of them at most 4 times.
	let amount = Math.max(1, Math.floor((to - from) / roughMs[by]) - 1);
	while (shiftLocal(to, -amount, by, timeZone) > from) amount++;
	return {
		from: shiftLocal(from, -amount, by, timeZone),
		to: shiftLocal(to, -amount, by, timeZone),
	};
}

/** Longest possible lengths, so that the first guess above is never too far back. */
const roughMs = {
	day: DAY_MS + 3_600_000,
	week: 7 * DAY_MS + 3_600_000,
	month: 31 * DAY_MS + 3_600_000,
};
