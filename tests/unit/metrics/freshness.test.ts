import { describe, expect, it } from 'vitest';
import {
	healthOf,
	isLate,
	worstHealth,
	type HealthFacts,
} from '../../../src/lib/metrics/freshness.ts';
import { DAY_MS, MINUTE_MS } from '../../../src/lib/metrics/granularity.ts';

const now = 1_790_000_000_000;
const well: HealthFacts = {
	isPaused: false,
	isRunning: false,
	isWaiting: false,
	isBackfill: false,
	failure: null,
	failures: 0,
	lastSuccessAt: now - MINUTE_MS,
	syncEveryMinutes: 5,
};
const health = (facts: Partial<HealthFacts>) => healthOf({ ...well, ...facts }, now);
const outage = { isReconnect: false, isRetryable: true };

describe('freshness', () => {
	it('is late after a missed turn and a little grace', () => {
		expect(isLate(now - 12 * MINUTE_MS, 5, now)).toBe(false);
		expect(isLate(now - 12 * MINUTE_MS - 1, 5, now)).toBe(true);
	});

	it('has one word for each state', () => {
		expect(health({})).toBe('fresh');
		expect(health({ lastSuccessAt: now - DAY_MS })).toBe('late');
		expect(health({ lastSuccessAt: null })).toBe('never');
		expect(health({ isRunning: true, isBackfill: true, lastSuccessAt: null })).toBe('syncing');
		expect(health({ isRunning: true, isWaiting: true })).toBe('waiting');
		expect(health({ isPaused: true, failure: outage })).toBe('paused');
		expect(health({ failure: { isReconnect: true, isRetryable: false } })).toBe('needsReauth');
		expect(health({ failure: { isReconnect: false, isRetryable: false }, failures: 1 })).toBe(
			'failing',
		);
	});

	it('does not cry at the first outage of a source that was fresh', () => {
		expect(health({ failure: outage, failures: 1 })).toBe('fresh');
		expect(health({ failure: outage, failures: 3 })).toBe('failing');
		expect(health({ failure: outage, failures: 1, lastSuccessAt: null })).toBe('failing');
	});

	it('knows the worst', () => {
		expect(worstHealth(['fresh', 'late', 'needsReauth'])).toBe('needsReauth');
		expect(worstHealth([])).toBeNull();
	});
});
