import { formatBucket } from '../../../../lib/metrics/formatTime.ts';

/** One block of the strip and one row of the slice table: a month of the backfill's range. */
export interface MonthSlice {
	/** "2026-08" */
	month: string;
	/** 0 to 1. */
	filled: number;
	state: 'complete' | 'current' | 'queued';
}

/** Below this share a month counts as not begun: the first page of a run may touch its neighbour by an hour. */
const begunShare = 0.001;
/** The end of a range rarely falls on a month's end; a month this full has nothing left to fetch. */
const completeShare = 0.999;

/** The months as the strip shows them, oldest first. */
export function slicesOf(months: readonly { month: string; filled: number }[]): MonthSlice[] {
	return months.map(({ month, filled }) => ({
		month,
		filled: Math.min(1, Math.max(0, filled)),
		state: filled >= completeShare ? 'complete' : filled > begunShare ? 'current' : 'queued',
	}));
}

/** The share of the whole range that is in, 0 to 1. Used for the progress bar's accessible value. */
export function filledShare(months: readonly { filled: number }[]): number {
	if (months.length === 0) return 0;
	return (
		months.reduce((sum, month) => sum + Math.min(1, Math.max(0, month.filled)), 0) / months.length
	);
}

/** "Aug 2026" of "2026-08". */
export function monthName(month: string): string {
	const [year = '1970', number = '01'] = month.split('-');
	return formatBucket(Date.UTC(Number(year), Number(number) - 1, 1), 'month', 'UTC');
}

/** The labels under the strip: first, middle when there is room for one, and last. */
export function stripLabels(months: readonly { month: string }[]): {
	first: string;
	middle: string | null;
	last: string;
} {
	const at = (index: number) => monthName(months[index]?.month ?? '1970-01');
	const middle = months.length >= 12 ? at(Math.floor((months.length - 1) / 2)) : null;
	return { first: at(0), middle, last: `${at(months.length - 1)}, today` };
}

/** "61 of ~510" while the end is an estimate, "61 of 510" once it is known, "61" when nobody can say. */
export function pagesText(pages: number, totalPages: number | null, isDone: boolean): string {
	if (totalPages === null || isDone) return pages.toLocaleString('en-GB');
	return `${pages.toLocaleString('en-GB')} of ~${Math.max(totalPages, pages).toLocaleString('en-GB')}`;
}

/** Whole seconds a wait still lasts; 0 once it is over. */
export function secondsLeft(waitUntil: number | null, now: number): number {
	return waitUntil === null ? 0 : Math.max(0, Math.ceil((waitUntil - now) / 1000));
}

export type ProgressView = 'fetching' | 'waiting' | 'paused' | 'broken' | 'done';

/** Which of its faces the progress card shows. */
export function progressView(state: string): ProgressView {
	switch (state) {
		case 'waiting':
			return 'waiting';
		case 'paused':
		case 'canceled':
			return 'paused';
		case 'failed':
		case 'needsReauth':
			return 'broken';
		case 'succeeded':
			return 'done';
		default:
			return 'fetching';
	}
}
