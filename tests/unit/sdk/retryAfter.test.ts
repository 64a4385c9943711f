import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterAt } from '../../../src/lib/server/integrations/sdk/retryAfter.ts';

const now = Date.UTC(2026, 0, 15, 12);
const wait = (header: string | null): number | undefined => {
	const at = retryAfterAt(header, now);
	return at === undefined ? undefined : at - now;
};

describe('Retry-After', () => {
	it.each([
		['30', 30_000],
		[' 30 ', 30_000],
		['1.5', 1500],
		['0', 1000],
		['-1', 1000],
		['1000000000', 3_600_000],
		['Thu, 15 Jan 2026 12:02:00 GMT', 120_000],
		['Thu, 15 Jan 2026 11:00:00 GMT', 1000],
		['Thu, 15 Jan 2099 12:00:00 GMT', 3_600_000],
		['soon', 60_000],
		['5 apples', 60_000],
		['', 60_000],
		['NaN', 60_000],
	])('reads %j as %i ms', (header, ms) => {
		expect(wait(header)).toBe(ms);
	});

	it('says nothing without a header', () => {
		expect(wait(null)).toBeUndefined();
	});

	it('never waits less than a second or more than an hour, whatever comes', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.double().map(String)), (header) => {
				expect(wait(header)).toBeGreaterThanOrEqual(1000);
				expect(wait(header)).toBeLessThanOrEqual(3_600_000);
			}),
		);
	});
});
