/** When a number counts as late, and how healthy a connection is. Shared by the backend and the clock on the page. */
import { MINUTE_MS } from './granularity.ts';

export type Health =
	'fresh' | 'late' | 'syncing' | 'waiting' | 'paused' | 'needsReauth' | 'failing' | 'never';

/** Worst first: what a person should look at. */
export const healthOrder: readonly Health[] = [
	'needsReauth',
	'failing',
	'waiting',
	'late',
	'never',
	'paused',
	'syncing',
	'fresh',
];

/** A run may take a while and the next tick a few seconds: late means one whole turn was missed, and then some. */
const MISSED_TURNS = 2;
const GRACE_MS = 2 * MINUTE_MS;

/** Whether the last success is too long ago for how often the connection syncs. */
export function isLate(lastSuccessAt: number, syncEveryMinutes: number, now: number): boolean {
	return now - lastSuccessAt > MISSED_TURNS * syncEveryMinutes * MINUTE_MS + GRACE_MS;
}

export interface HealthFacts {
	isPaused: boolean;
	isRunning: boolean;
	/** A run that waits because the service asked for it. */
	isWaiting: boolean;
	/** History is still being fetched. */
	isBackfill: boolean;
	/** Why the last run did not succeed. `isRetryable`: the same request may succeed without anybody doing anything. */
	failure: { isReconnect: boolean; isRetryable: boolean } | null;
	/** Runs that failed since the last success. */
	failures: number;
	lastSuccessAt: number | null;
	syncEveryMinutes: number;
}

/** A single failed try of a source that is otherwise fresh is no news; three in a row are. */
const FAILURES_TO_WORRY = 3;

export function healthOf(facts: HealthFacts, now: number): Health {
	const { failure, lastSuccessAt } = facts;
	if (facts.isPaused) return 'paused';
	if (failure?.isReconnect) return 'needsReauth';
	if (failure && !failure.isRetryable) return 'failing';
	if (facts.isWaiting) return 'waiting';
	if (failure && (facts.failures >= FAILURES_TO_WORRY || lastSuccessAt === null)) return 'failing';
	if (facts.isRunning && (facts.isBackfill || lastSuccessAt === null)) return 'syncing';
	if (lastSuccessAt === null) return 'never';
	return isLate(lastSuccessAt, facts.syncEveryMinutes, now) ? 'late' : 'fresh';
}

/** The worst of several, null of none. */
export function worstHealth(healths: readonly Health[]): Health | null {
	return healthOrder.find((health) => healths.includes(health)) ?? null;
}
