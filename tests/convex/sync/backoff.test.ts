import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTryAt, retryDelayMs } from '../../../convex/sync/backoff.ts';

const NOW = 1_790_000_000_000;
const HOUR = 3_600_000;
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('backoff', () => {
	it('is never a hot loop and never longer than an hour, after any number of failures', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 5000 }), random, (failures, r) => {
				const delay = retryDelayMs(failures, r);
				expect(delay).toBeGreaterThanOrEqual(5_000);
				expect(delay).toBeLessThanOrEqual(HOUR);
			}),
		);
	});

	it('doubles its ceiling and uses all of it', () => {
		const ceilings = [1, 2, 3, 4, 8, 100].map((failures) => retryDelayMs(failures, 0.9999999));
		expect(ceilings).toEqual(
			[30_000, 60_000, 120_000, 240_000, HOUR, HOUR].map((ms) => expect.closeTo(ms, -1)),
		);
		expect(retryDelayMs(100, 0)).toBe(5_000);
	});

	it('honours a time the service named, but not years', () => {
		fc.assert(
			fc.property(fc.integer({ min: -1e15, max: 1e15 }), random, (offset, r) => {
				const at = nextTryAt({ remedy: 'retry', retryAt: NOW + offset }, 1, NOW, r)!;
				expect(at).toBeGreaterThanOrEqual(NOW + 5_000);
				expect(at).toBeLessThanOrEqual(NOW + 24 * HOUR);
				if (offset > 30_000 && offset < 24 * HOUR) expect(at).toBe(NOW + offset);
			}),
		);
	});

	it('goes by who must act', () => {
		expect(nextTryAt({ remedy: 'reconnect' }, 1, NOW, 0.5)).toBeNull();
		expect(nextTryAt({ remedy: 'changeSetting' }, 1, NOW, 0)).toBe(NOW + 6 * HOUR);
		expect(nextTryAt({ remedy: 'bug' }, 1, NOW, 0)).toBe(NOW + 6 * HOUR);
	});
});
