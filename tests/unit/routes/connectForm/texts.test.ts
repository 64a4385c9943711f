import { describe, expect, it } from 'vitest';
import {
	estimateText,
	limitShare,
	passedText,
	permissionText,
} from '../../../../src/routes/(app)/connectForm/estimate.ts';
import {
	failureFrom,
	failureTitle,
	remedyAction,
} from '../../../../src/routes/(app)/connectForm/failures.ts';

const passed = {
	ok: true as const,
	account: { id: '1', name: 'Acme', details: [] },
	durationMs: 214.4,
	calls: 3,
	permissions: [],
	estimate: null,
};

describe('a passed test in words', () => {
	it('says who answered how quickly and that nothing changed', () => {
		expect(passedText('Stripe', passed)).toBe(
			'Stripe answered in 214 ms. 3 calls made, nothing was changed there.',
		);
		expect(passedText('This server', { ...passed, calls: 0, durationMs: 0.2 })).toBe(
			'This server answered in 1 ms. No call left this server.',
		);
	});

	it('counts what can be read and says what to do about the rest', () => {
		const readable = { metricId: 'a', name: 'A', readable: true };
		expect(permissionText([readable])).toEqual({ title: 'Can read 1 of 1 metric', advice: null });
		const text = permissionText([readable, { ...readable, metricId: 'b', readable: false }]);
		expect(text.title).toBe('Can read 1 of 2 metrics');
		expect(text.advice).toContain('You can connect now');
	});

	it('names the cost of the history in people’s units', () => {
		expect(estimateText({ calls: 8, pages: 8, days: 30 })).toBe('8 pages, 30 days of history');
		expect(estimateText({ calls: 1, pages: 1, days: 730 })).toBe('1 page, 2 years of history');
		expect(estimateText({ calls: 1, pages: 1, days: 90 })).toBe('1 page, 3 months of history');
	});

	it('shows the share of a limit only where both are known', () => {
		const limit = { description: '5,000 an hour', requests: 5000, perSeconds: 3600 };
		expect(limitShare({ calls: 400, pages: 1, days: 1 }, limit)).toEqual({
			share: 0.08,
			text: '8% of the limit: 5,000 an hour',
		});
		expect(limitShare({ calls: 9000, pages: 1, days: 1 }, limit)?.share).toBe(1);
		expect(limitShare({ calls: 1, pages: 1, days: 1 }, null)).toBeNull();
		expect(limitShare(null, limit)).toBeNull();
	});
});

describe('failures in words', () => {
	it('keeps the sentence of a refusal and hides the text of a bug', () => {
		const refusal = { data: { code: 'RATE_LIMITED', message: 'Wait.', retryAt: 5 } };
		expect(failureFrom(refusal)).toEqual({
			code: 'RATE_LIMITED',
			message: 'Wait.',
			remedy: 'retry',
			retryAt: 5,
		});
		expect(failureFrom(new Error('token abc')).message).not.toContain('abc');
		expect(failureFrom(new Error('Connection lost while action was in flight')).code).toBe(
			'SERVER_UNREACHABLE',
		);
	});

	it('names the service in the title and falls back for a code of tomorrow', () => {
		const failure = { code: 'RATE_LIMITED', message: '', remedy: 'retry' as const };
		expect(failureTitle(failure, 'GitHub')).toBe('GitHub asks us to wait');
		expect(failureTitle({ ...failure, code: 'NEW_CODE' }, 'GitHub')).toBe('This did not work');
	});

	it('offers the one thing a person can do', () => {
		const failure = { code: 'X', message: '' };
		expect(remedyAction({ ...failure, remedy: 'reconnect' })).toBe('reconnect');
		expect(remedyAction({ ...failure, remedy: 'changeSetting' })).toBe('changeSettings');
		expect(remedyAction({ ...failure, remedy: 'retry' })).toBe('syncNow');
		expect(remedyAction({ ...failure, remedy: 'bug' })).toBeNull();
	});
});
