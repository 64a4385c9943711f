/** When to try again after a failure, by who must act. */
import type { Doc } from '../_generated/dataModel.js';

type Remedy = NonNullable<Doc<'syncStates'>['failure']>['remedy'];

/** First retry within half a minute: most outages are a restart. */
const FIRST_RETRY_MS = 30_000;
/** An hour is the longest a person should wait for a source that is back. */
const LONGEST_RETRY_MS = 3_600_000;
/** Full jitter reaches down to 0; this keeps it from being a hot loop. */
const SHORTEST_RETRY_MS = 5_000;
/** What only a person can repair may be repaired at the service, where nothing tells us: look four times a day. */
const SLOW_RETRY_MS = 6 * 3_600_000;
/** A retry time further away than this is a mistake of the service. */
const LONGEST_ASKED_MS = 24 * 3_600_000;

/** Exponential with full jitter (AWS Architecture Blog, 2015). `failures` >= 1; `random` in [0, 1). */
export function retryDelayMs(failures: number, random: number): number {
	const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
	return Math.round(SHORTEST_RETRY_MS + random * (ceiling - SHORTEST_RETRY_MS));
}

/** Time of the next try; null means that nothing is called until a person reconnects. */
export function nextTryAt(
	failure: { remedy: Remedy; retryAt?: number | undefined },
	failures: number,
	now: number,
	random: number,
): number | null {
	switch (failure.remedy) {
		case 'reconnect':
			return null;
		case 'changeSetting':
		case 'bug':
			return now + SLOW_RETRY_MS + Math.round(random * LONGEST_RETRY_MS);
		case 'retry': {
			const asked = Math.min(failure.retryAt ?? 0, now + LONGEST_ASKED_MS);
			return Math.max(asked, now + retryDelayMs(failures, random));
		}
	}
}
