import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock, openRunner, valueOf, type Opened } from '../functions/support.ts';
import { until } from './until.ts';

const MINUTE = 60_000;
const clock = new ManualClock();
let app: Opened;
beforeAll(async () => {
	app = await openRunner('official/limiter', { clock, showErrors: true });
	await app.runner.startScheduler();
}, 120_000);
afterAll(() => app?.close());

interface Answer {
	ok: boolean;
	retryAfter?: number;
}
const take = async (rule: string, more = {}, which = 'first') =>
	valueOf(await app.mutate('limits:take', { which, rule, ...more })) as unknown as Answer;
const oks = async (times: number, ...args: Parameters<typeof take>) => {
	const answers: boolean[] = [];
	for (let i = 0; i < times; i++) answers.push((await take(...args)).ok);
	return answers;
};

describe('@convex-dev/rate-limiter, mounted twice', () => {
	it('E3-2 counts per window, key and instance', async () => {
		expect(await oks(4, 'window', { key: 'a' })).toEqual([true, true, true, false]);
		expect(await oks(1, 'window', { key: 'b' })).toEqual([true]);
		expect(await oks(1, 'window', { key: 'a' }, 'second')).toEqual([true]);
		const asked = { which: 'first', rule: 'window', key: 'a' };
		expect(await app.value('limits:check', asked)).toBe(false);
		valueOf(await app.mutate('limits:reset', asked));
		expect(await app.value('limits:check', asked)).toBe(true);
		expect(await oks(4, 'window', { key: 'a' })).toEqual([true, true, true, false]);
		await clock.advance(MINUTE);
		expect(await oks(1, 'window', { key: 'a' })).toEqual([true]);
	});

	it('E3-2 fills buckets bit by bit, and tells when to come again', async () => {
		expect(await oks(2, 'bucket', { key: 'x' })).toEqual([true, true]);
		const refused = await take('bucket', { key: 'x' });
		expect(refused).toEqual({ ok: false, retryAfter: 10_000 });
		await clock.advance(refused.retryAfter!);
		expect(await oks(2, 'bucket', { key: 'x' })).toEqual([true, false]);
		expect(await app.value('limits:getRateLimit', { key: 'x' })).toMatchObject({ value: 0 });
		expect(valueOf(await app.mutate('limits:getServerTime'))).toBe(clock.now());
		const thrown = await app.mutate('limits:takeOrThrow', {
			which: 'first',
			rule: 'bucket',
			key: 'x',
		});
		expect(valueOf(thrown)).toMatchObject({ kind: 'RateLimited', name: 'bucket' });
	});

	it('E3-2 reserves ahead, spreads over shards and takes rules given inline', async () => {
		const ahead = { key: 'r', reserve: true };
		expect(await take('reserved', ahead)).toMatchObject({ ok: true });
		expect(await take('reserved', ahead)).toMatchObject({ ok: true, retryAfter: MINUTE });
		expect(await take('reserved', ahead)).toMatchObject({ ok: true, retryAfter: 2 * MINUTE });
		expect(await take('reserved', ahead)).toMatchObject({ ok: false });
		const shards = await oks(60, 'sharded', { key: 's' });
		const taken = shards.filter(Boolean).length;
		// Each shard holds a quarter; a call picks the better of two.
		expect(taken).toBeGreaterThan(20);
		expect(taken).toBeLessThanOrEqual(40);
		expect(valueOf(await app.mutate('limits:takeInline', { rate: 1 }))).toBe(true);
		expect(valueOf(await app.mutate('limits:takeInline', { rate: 1 }))).toBe(false);
	});

	it('E3-2 applies updates later, by its nested worker and from a snapshot', async () => {
		expect(await oks(2, 'late', { key: 'l' })).toEqual([true, true]);
		const refused = await until(
			() => app.value('limits:check', { which: 'first', rule: 'late', key: 'l' }),
			(ok) => ok === false,
			() => clock.advance(100),
		);
		expect(refused).toBe(false);
		expect((await take('late', { key: 'l' })).ok).toBe(false);
	});
});
