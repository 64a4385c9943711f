import { formatBytes, formatDuration, formatRemaining } from '../../../lib/metrics/format.ts';
import type { FreshnessShape } from '../health.ts';
import { countOf } from '../text.ts';

export type RunState =
	'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'needsReauth' | 'canceled' | 'paused';

interface RunLook {
	/** `done` is a tick; the others are the shapes of freshness. */
	shape: FreshnessShape | 'done';
	word: string;
	isOver: boolean;
}

const looks: Record<RunState, RunLook> = {
	queued: { shape: 'none', word: 'queued', isOver: false },
	running: { shape: 'syncing', word: 'running', isOver: false },
	waiting: { shape: 'late', word: 'waiting', isOver: false },
	succeeded: { shape: 'done', word: 'done', isOver: true },
	failed: { shape: 'broken', word: 'failed', isOver: true },
	needsReauth: { shape: 'broken', word: 'reconnect needed', isOver: true },
	canceled: { shape: 'none', word: 'stopped', isOver: true },
	paused: { shape: 'none', word: 'paused', isOver: false },
};

/** How the state of a run is drawn and read out; a state this page does not know shows its own name. */
export function runLook(state: string): RunLook {
	return looks[state as RunState] ?? { shape: 'none', word: state, isOver: true };
}

/** "History", "Refresh, failed": what a run does, and how it ended when that is not simply well. */
export function runTitle(run: { kind: string; state: string }): string {
	const name = run.kind === 'backfill' ? 'History' : 'Refresh';
	const look = runLook(run.state);
	return look.word === 'done' || look.word === 'running' ? name : `${name}, ${look.word}`;
}

/** "every 5 min", "every 6 hours". */
export function everyText(minutes: number): string {
	if (minutes % 1440 === 0) return minutes === 1440 ? 'every day' : `every ${minutes / 1440} days`;
	if (minutes % 60 === 0) return minutes === 60 ? 'every hour' : `every ${minutes / 60} hours`;
	return minutes === 1 ? 'every minute' : `every ${minutes} min`;
}

/** Who or what started a run. */
export function causeText(
	run: { cause: string; causedBy: string | null },
	syncEveryMinutes?: number,
): string {
	switch (run.cause) {
		case 'schedule':
			return syncEveryMinutes ? `schedule, ${everyText(syncEveryMinutes)}` : 'schedule';
		case 'person':
			return run.causedBy ? `asked for by ${run.causedBy}` : 'asked for by a person';
		case 'connect':
			return run.causedBy ? `connected by ${run.causedBy}` : 'connecting';
		case 'recovery':
			return 'picked up after a restart';
		default:
			return run.cause;
	}
}

const stepNames: Record<string, string> = {
	openSecret: 'Open secret',
	checkIdentity: 'Check identity',
	fetch: 'Fetch',
	store: 'Store and roll up',
	complete: 'Finish',
};

/** A step's name for people; a step this page does not know is split into words. */
export function stepName(name: string): string {
	const known = stepNames[name];
	if (known) return known;
	const spaced = name
		.replace(/[_-]+/g, ' ')
		.replace(/([a-z])([A-Z])/g, '$1 $2')
		.toLowerCase();
	return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** How long a run took, or has taken so far. */
export function tookMs(run: { startedAt: number; endedAt: number | null }, now: number): number {
	return Math.max(0, (run.endedAt ?? now) - run.startedAt);
}

/** "318 ms", "2.1 s", "3 min 31 s". */
export function tookText(ms: number): string {
	return ms < 60_000 ? formatDuration(ms) : formatRemaining(ms);
}

/** What a request brought or why it did not: "100 rows", "12 KiB" where nobody counted rows, "TIMEOUT". */
export function requestResult(request: {
	rows: number | null;
	bytes: number;
	errorCode: string | null;
}): string {
	if (request.errorCode) return request.errorCode;
	return request.rows === null ? formatBytes(request.bytes) : countOf(request.rows, 'row');
}

/** Colour family of an HTTP status; no answer at all is bad. */
export function statusTone(status: number | null): 'good' | 'warn' | 'bad' {
	if (status === null || status >= 500) return 'bad';
	if (status === 429 || status === 202 || (status >= 300 && status < 400)) return 'warn';
	return status >= 400 ? 'bad' : 'good';
}
