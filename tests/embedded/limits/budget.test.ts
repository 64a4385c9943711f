import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, openRunner, valueOf, type Opened } from '../functions/support.ts';

let app: Opened;
beforeAll(async () => {
	app = await openRunner('limits', { showErrors: true });
});
afterAll(() => app.close());

type Metrics = Record<string, { used: number; remaining: number }>;
const messageOf = async (name: string, args = {}) =>
	failureOf(await app.mutate(name, args)).message;

describe('transaction metrics', () => {
	it('E3-1 count everything, and leave what the limits leave', async () => {
		const metrics = valueOf(await app.mutate('budget:everything')) as unknown as Metrics;
		const totals = Object.entries(metrics).map(([k, m]) => [k, m.used + m.remaining]);
		expect(Object.fromEntries(totals)).toMatchObject({
			bytesRead: 16_777_216,
			bytesWritten: 16_777_216,
			databaseQueries: 4_096,
			documentsRead: 32_000,
			documentsWritten: 16_000,
			functionsScheduled: 1_000,
			scheduledFunctionArgsBytes: 16_777_216,
		});
		expect(metrics).toMatchObject({
			functionsScheduled: { used: 1 },
			// {a: 1}: an object (2), a name (2), a number (9).
			scheduledFunctionArgsBytes: { used: 13 },
			filesWritten: { used: 1 },
			fileWriteBytes: { used: 5 },
			filesRead: { used: 1 },
			fileReadBytes: { used: 5 },
		});
		// The row, the job and the file; the row twice and the file's document.
		expect(metrics.documentsWritten!.used).toBe(3);
		expect(metrics.documentsRead!.used).toBe(3);
		expect(metrics.databaseQueries!.used).toBe(3);
	});

	it('E3-1 of a called function that failed, writes no longer count', async () => {
		const limits = {};
		const { inner, documentsWritten } = valueOf(
			await app.mutate('budget:nested', { count: 7, limits, fail: true }),
		) as { inner: string; documentsWritten: unknown };
		expect(inner).toContain('on purpose');
		expect(documentsWritten).toEqual({ used: 1, remaining: 15_999 });
	});
});

describe('transactionLimits', () => {
	it('E3-1 let a call use that much of its own, and no more', async () => {
		const limits = { documentsWritten: 3 };
		expect(valueOf(await app.mutate('budget:nested', { count: 3, limits }))).toEqual({
			inner: { used: 4, remaining: 0 },
			documentsWritten: { used: 4, remaining: 15_996 },
		});
		const over = valueOf(await app.mutate('budget:nested', { count: 4, limits }));
		expect(over).toMatchObject({ documentsWritten: { used: 1, remaining: 15_999 } });
		expect((over as { inner: string }).inner).toContain('(limit: 3)');
	});

	it('E3-1 never raise what is left', async () => {
		const limits = { documentsWritten: 1e9 };
		expect(valueOf(await app.mutate('budget:nested', { count: 1, limits }))).toMatchObject({
			inner: { used: 2, remaining: 15_998 },
		});
	});

	it('E3-1 hold for queries, and unknown ones are refused by name', async () => {
		valueOf(await app.mutate('budget:fill', { group: 'q', from: 0, to: 5 }));
		const few = { documentsRead: 2 };
		expect(await app.value('budget:nestedQuery', { limits: few })).toContain('(limit: 2)');
		expect(await app.value('budget:nestedQuery', { limits: {} })).toBeGreaterThanOrEqual(5);
		const unknown = await app.value('budget:nestedQuery', { limits: { cows: 1 } });
		expect(unknown).toContain('transactionLimits.cows');
	});
});

it('E3-1 a stale snapshot query sees the state before the mutation, and its reads count', async () => {
	const result = valueOf(await app.mutate('budget:stale')) as Record<string, number>;
	expect(result).toMatchObject({ unseen: 1, isSameTs: true });
	expect(result.documentsRead).toBe(result.total);
});

describe('limits of transactions, in Convex’s words', () => {
	it('E3-3 reads', async () => {
		expect(await messageOf('budget:exceedReads')).toContain(
			'Too many reads in a single function execution (limit: 4096). Consider using smaller limits in your queries, ' +
				'paginating your queries, or using indexed queries with a selective index range expressions.',
		);
	});
	it('E3-3 bytes read', async () => {
		for (let from = 0; from < 20; from += 10) {
			const args = { group: 'large', from, to: from + 10, bytes: 900_000 };
			valueOf(await app.mutate('budget:fill', args));
		}
		const { outcome } = await app.query('budget:exceedBytesRead', { group: 'large' });
		expect(failureOf(outcome).message).toContain(
			'Too many bytes read in a single function execution (limit: 16777216 bytes). Consider using smaller limits',
		);
	});
	it('E3-3 writes, and none of them stays', async () => {
		expect(await messageOf('budget:exceedWrites')).toContain(
			'Too many writes in a single function execution (limit: 16000).',
		);
		expect(await app.value('budget:exceedBytesRead', { group: 'w' })).toBe(0);
	}, 60_000);
	it('E3-3 scheduled functions and their arguments', async () => {
		const many = { count: 1_001, bytes: 1 };
		expect(await messageOf('budget:exceedScheduled', many)).toContain(
			'Too many functions scheduled by this mutation (limit: 1000)',
		);
		const large = { count: 5, bytes: 4_000_000 };
		expect(await messageOf('budget:exceedScheduled', large)).toContain(
			'Too large total size of the arguments of scheduled functions from this mutation (limit: 16777216 bytes)',
		);
		const one = { count: 1, bytes: 5_000_000 };
		const failure = failureOf(await app.mutate('budget:exceedScheduled', one));
		expect(failure.message).toContain('limit: 4194304 bytes');
	}, 60_000);
});
