/** One evaluated query, serialised once for everybody who is told of it. */
import { createHash } from 'node:crypto';
import type { KeyRange, QueryOutcome, Timestamp } from '../types.ts';

/** Whoever wants to hear, once, that a result no longer holds. */
export interface Watcher {
	onStale(): void;
}

export interface CachedResult {
	/** Where the cache keeps it. */
	readonly key: string;
	/** The result is exact from this timestamp on … */
	readonly ts: Timestamp;
	/** … up to, not including, this one. null = still exact. */
	validBefore: Timestamp | null;
	/** False once the functions it came from were replaced. */
	isCurrent: boolean;
	readonly ok: boolean;
	/** Convex JSON of the value; for a failure of `ConvexError` data, or null when there is none. */
	readonly json: string | null;
	/** '' on success. */
	readonly message: string;
	readonly logLinesJson: string;
	/** For the next evaluation and for the client's reconnect. A failure keeps the one it was asked with. */
	readonly journal: string | null;
	readonly usedIdentity: boolean;
	/** Equal fingerprints: nothing to tell. */
	readonly fingerprint: string;
	readonly readSet: readonly KeyRange[];
	/** What keeping it costs, roughly. */
	readonly bytes: number;
	readonly watchers: Set<Watcher>;
	/** Number of the newest evaluation when the last watcher left or the result was last found. */
	idleSince: number;
}

/** Two keys, a tree node, a set: measured order of magnitude, only used to bound the cache. */
const RANGE_OVERHEAD_BYTES = 250;
const RESULT_OVERHEAD_BYTES = 600;

/**
 * @param journalAsked what the evaluation was given: a failure must not unpin a page.
 * @param showLogLines false: clients get no console output of functions.
 */
export function toCachedResult(
	key: string,
	query: QueryOutcome,
	journalAsked: string | null,
	showLogLines: boolean,
): CachedResult {
	const { outcome } = query;
	const json = outcome.ok
		? JSON.stringify(outcome.value)
		: outcome.failure.data === undefined
			? null
			: JSON.stringify(outcome.failure.data);
	const message = outcome.ok ? '' : outcome.failure.message;
	const logLinesJson = JSON.stringify(showLogLines ? outcome.logLines : []);
	const journal = outcome.ok ? query.journal : journalAsked;
	const fingerprint = createHash('sha256')
		.update(JSON.stringify([outcome.ok, message, journal]))
		.update(logLinesJson)
		.update(json ?? 'none')
		.digest('base64');
	const rangeBytes = query.readSet.reduce(
		(sum, range) => sum + range.start.length + range.end.length + RANGE_OVERHEAD_BYTES,
		0,
	);
	return {
		key,
		ts: query.ts,
		validBefore: null,
		isCurrent: true,
		ok: outcome.ok,
		json,
		message,
		logLinesJson,
		journal,
		usedIdentity: query.usedIdentity,
		fingerprint,
		readSet: query.readSet,
		// UTF-16 in memory at worst.
		bytes: RESULT_OVERHEAD_BYTES + rangeBytes + 2 * ((json?.length ?? 0) + logLinesJson.length),
		watchers: new Set(),
		idleSince: 0,
	};
}

export function isExactAt(result: CachedResult, ts: Timestamp): boolean {
	return result.ts <= ts && (result.validBefore === null || ts < result.validBefore);
}
