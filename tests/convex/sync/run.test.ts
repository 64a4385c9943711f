import { DAY, expectedOf, HOUR, ledgerOf, measured, newServer, NOW, World } from './world.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectorError } from '../../../src/lib/server/integrations/sdk/index.ts';
import { internal } from '../../../convex/_generated/api.js';
import { calm, sea } from './tide.ts';

beforeEach(() => {
	vi.useFakeTimers({ now: NOW });
	calm();
});
afterEach(() => {
	vi.useRealTimers();
});

describe('strategies', () => {
	it('S3-12 S3-17 events: the first sync fills historicalDays, the second adds only new points, a re-run none', async () => {
		sea.ledger = ledgerOf(400);
		const world = await World.of('tide');
		await world.firstSync();
		const inRange = sea.ledger.filter(({ at }) => at >= sea.asked[0]!.range.startAt);
		expect(sea.asked[0]!.range.startAt).toBe(Date.UTC(2026, 7, 21, 22));
		expect(measured(await world.contents())).toEqual(expectedOf(inRange));
		expect((await world.rows()).runs[0]).toMatchObject({
			kind: 'backfill',
			state: 'succeeded',
			cause: 'connect',
		});

		vi.setSystemTime(NOW + HOUR);
		const fresh = [0, 1, 2].map((i) => ({
			seriesKey: 'rain',
			at: NOW + (i + 1) * 60_000,
			value: i,
		}));
		sea.ledger.push(...fresh);
		await world.syncAgain();
		expect(measured(await world.contents())).toEqual(expectedOf([...inRange, ...fresh]));
		expect((await world.rows()).runs[1]).toMatchObject({
			kind: 'refresh',
			state: 'succeeded',
			points: 3,
		});
		expect(sea.asked[1]!.range).toEqual({ startAt: NOW - 10 * 60_000, endAt: NOW + HOUR });

		const before = await world.contents();
		await world.syncAgain();
		expect((await world.rows()).runs[2]).toMatchObject({ state: 'succeeded', points: 0 });
		expect(await world.contents()).toEqual(before);
	});

	it('S3-12 snapshot: one point per sync, no history', async () => {
		const world = await World.of('tide-gauge');
		await world.firstSync();
		vi.setSystemTime(NOW + HOUR);
		sea.level = 8;
		await world.syncAgain();
		const { level, rain } = await world.contents();
		expect(level!.points.map(({ value }) => value)).toEqual([7, 8]);
		expect(rain!.points).toEqual([]);
		expect((await world.rows()).runs.map((run) => [run.kind, run.points])).toEqual([
			['refresh', 1],
			['refresh', 1],
		]);
	});

	it('S3-12 hybrid: dated rows for the past, then the level of now', async () => {
		sea.ledger = ledgerOf(20, { keys: ['rain'] });
		const world = await World.of('tide-harbour');
		await world.firstSync();
		const { level, rain } = await world.contents();
		expect(rain!.points).toHaveLength(20);
		expect(level!.points.map(({ value }) => value)).toEqual([7]);
		expect(level!.state).toMatchObject({ lastValue: 7, pointCount: 1 });
	});

	it('S3-11 asks only for the series the settings ask for, and retires the others', async () => {
		sea.ledger = ledgerOf(5);
		sea.seriesKeys = ['rain'];
		const world = await World.of('tide');
		await world.firstSync();
		expect(sea.asked[0]!.metrics.map((metric) => metric.seriesKey)).toEqual(['rain']);
		expect(Object.keys(measured(await world.contents()))).toEqual(['rain']);
		sea.seriesKeys = ['level'];
		await world.syncAgain();
		expect(sea.asked[1]!.metrics.map((metric) => metric.seriesKey)).toEqual(['level']);
		const series = await world.t.query((ctx) => ctx.db.query('series').collect());
		expect(series.map(({ key, isActive }) => [key, isActive])).toEqual([
			['rain', false],
			['level', true],
		]);
		expect(Object.keys(measured(await world.contents()))).toEqual(['rain']);
	});
});

describe('failures', () => {
	const trouble = (code: ConstructorParameters<typeof ConnectorError>[0], more = {}) => {
		sea.beforePage = (index) => {
			if (index === 1) throw new ConnectorError(code, more);
		};
	};

	it('S3-06 an unknown integration fails by name, never in silence', async () => {
		const world = await World.of('tide');
		await world.firstSync();
		await world.t.mutation(async (ctx) => {
			await ctx.db.patch(world.connectionId, { service: 'atlantis' });
			const state = await ctx.db.query('syncStates').first();
			await ctx.db.patch(state!._id, { service: 'atlantis' });
		});
		await world.syncAgain();
		const { runs, state } = await world.rows();
		expect(runs[1]).toMatchObject({
			state: 'failed',
			failure: { code: 'UNKNOWN_INTEGRATION', remedy: 'bug' },
		});
		expect(runs[1]!.failure!.message).toContain('atlantis');
		expect(state).toMatchObject({ failure: { code: 'UNKNOWN_INTEGRATION' }, runId: null });
	});

	it('S3-17 an outage keeps what was committed and the place to go on, and retries with backoff', async () => {
		sea.ledger = ledgerOf(4);
		trouble('SERVICE_ERROR');
		const world = await World.of();
		await world.firstSync();
		const { runs, state, claim } = await world.rows();
		expect(runs[0]).toMatchObject({
			state: 'failed',
			failure: { code: 'SERVICE_ERROR' },
			points: 4,
			pages: 1,
		});
		expect(runs[0]!.steps.map((step) => step.state)).toEqual(['succeeded', 'failed', 'waiting']);
		expect(claim).toMatchObject({ checkpoint: 4, runId: null, leaseUntil: null });
		expect(state.failures).toBe(1);
		expect(state.nextAt! - Date.now()).toBeGreaterThanOrEqual(5_000);
		expect(state.nextAt! - Date.now()).toBeLessThanOrEqual(30_000);

		sea.beforePage = () => {};
		vi.setSystemTime(state.nextAt!);
		await world.t.mutation(internal.sync.enqueue.tick, {});
		await world.settle();
		expect(sea.asked[1]).toMatchObject({ checkpoint: 4, range: sea.asked[0]!.range });
		expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
		const after = await world.rows();
		expect(after.runs[1]).toMatchObject({
			state: 'succeeded',
			kind: 'backfill',
			cause: 'schedule',
		});
		expect(after.state).toMatchObject({ failure: null, failures: 0, isHistoryDone: true });
	});

	it('an outage, however long, keeps the checkpoint; a request refused again and again begins anew', async () => {
		sea.ledger = ledgerOf(4);
		const world = await World.of();
		const checkpoints: unknown[] = [];
		for (const code of [...Array(6).fill('SERVICE_ERROR'), ...Array(3).fill('REQUEST_REJECTED')]) {
			sea.beforePage = (index) => {
				if (index === 1 || sea.asked.length > 1) throw new ConnectorError(code);
			};
			await (checkpoints.length === 0 ? world.firstSync() : world.syncAgain());
			checkpoints.push((await world.rows()).claim.checkpoint);
		}
		expect(checkpoints.slice(0, 6)).toEqual(Array(6).fill(4));
		expect(checkpoints[8]).toBeNull();
		sea.beforePage = () => {};
		await world.syncAgain();
		expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
	});

	it('runs without a page are no reason to give up: waiting still works after many', async () => {
		const world = await World.of();
		await world.firstSync();
		for (let i = 0; i < 25; i++) await world.syncAgain();
		expect((await world.rows()).claim.barrenClaims).toBe(0);
	});

	it('a revoked token stops all calls until a person reconnects', async () => {
		sea.ledger = ledgerOf(4);
		trouble('AUTH_REJECTED');
		const world = await World.of();
		await world.firstSync();
		const { runs, state } = await world.rows();
		expect(runs[0]).toMatchObject({ state: 'needsReauth', failure: { remedy: 'reconnect' } });
		expect(state.nextAt).toBeNull();
		vi.setSystemTime(NOW + 365 * DAY);
		await world.t.mutation(internal.sync.enqueue.tick, {});
		await world.settle();
		expect((await world.rows()).runs).toHaveLength(1);
	});

	it('a wrong setting and a bug are looked at again, slowly', async () => {
		for (const code of ['PRIVATE_ADDRESS', 'PERMISSION_MISSING', 'INTEGRATION_BUG'] as const) {
			sea.ledger = ledgerOf(4);
			trouble(code);
			const world = await World.of();
			await world.firstSync();
			const { state } = await world.rows();
			expect(state.nextAt! - Date.now()).toBeGreaterThan(5 * HOUR);
			expect(state.nextAt! - Date.now()).toBeLessThan(8 * HOUR);
		}
	});

	it('what is thrown and no ConnectorError is a bug, and its text stays inside', async () => {
		sea.ledger = ledgerOf(4);
		sea.beforePage = () => {
			throw new Error('password is hunter2');
		};
		const world = await World.of();
		await world.firstSync();
		const { runs } = await world.rows();
		expect(runs[0]).toMatchObject({ state: 'failed', failure: { code: 'INTEGRATION_BUG' } });
		expect(JSON.stringify(runs)).not.toContain('hunter2');
	});

	it('a rate limit is waited for within the run, until the time the service named', async () => {
		sea.ledger = ledgerOf(4);
		const retryAt = NOW + 18_000;
		sea.beforePage = (index) => {
			if (index === 1 && Date.now() < retryAt)
				throw new ConnectorError('RATE_LIMITED', { retryAt });
		};
		const world = await World.of();
		await world.enqueue();
		await vi.advanceTimersByTimeAsync(1000);
		await world.t.finishInProgressScheduledFunctions();
		const waiting = await world.rows();
		expect(waiting.runs[0]!.state).toBe('waiting');
		expect(waiting.state.isWaiting).toBe(true);
		expect(waiting.progress.waitUntil).toBe(retryAt);
		expect(waiting.progress.waitReason).toContain('wait');
		expect(measured(await world.contents())).toEqual(
			expectedOf(
				sea.ledger
					.slice()
					.sort((a, b) => a.at - b.at)
					.slice(0, 4),
			),
		);

		await world.settle();
		const { runs, state, progress } = await world.rows();
		expect(runs).toHaveLength(1);
		expect(runs[0]).toMatchObject({ state: 'succeeded', points: 12 });
		expect(runs[0]!.endedAt).toBeGreaterThanOrEqual(retryAt);
		expect([state.isWaiting, progress.waitUntil]).toEqual([false, null]);
		expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
	});

	it('a service that only ever says "later" is left alone after a while', async () => {
		sea.ledger = ledgerOf(4);
		sea.beforePage = () => {
			throw new ConnectorError('RATE_LIMITED', { retryAt: Date.now() + 1000 });
		};
		const world = await World.of();
		await world.firstSync();
		const { runs, state } = await world.rows();
		expect(runs[0]).toMatchObject({ state: 'failed', failure: { code: 'RATE_LIMITED' } });
		expect(sea.asked.length).toBeLessThan(25);
		expect(state.nextAt).toBeGreaterThan(Date.now());
	});

	it('the same cursor for ever is noticed at its second turn', async () => {
		sea.ledger = ledgerOf(40);
		let pages = 0;
		sea.rewrite = (page) => {
			pages++;
			return { ...page, checkpoint: 'again', hasMore: true };
		};
		const world = await World.of();
		await world.firstSync();
		expect(pages).toBe(2);
		expect((await world.rows()).runs[0]!.failure).toMatchObject({ code: 'CURSOR_LOOP' });
	});

	it('a page with a value that is not finite changes nothing', async () => {
		sea.ledger = ledgerOf(4);
		sea.rewrite = (page) => ({
			...page,
			points: [...page.points, { seriesKey: 'rain', at: NOW, value: NaN }],
		});
		const world = await World.of();
		await world.firstSync();
		expect(measured(await world.contents())).toEqual({});
		expect((await world.rows()).runs[0]).toMatchObject({ state: 'failed', points: 0, pages: 0 });
	});

	it('S3-17 a series that cannot be read says so, while the others go on', async () => {
		sea.ledger = ledgerOf(4, { keys: ['level'] });
		const warnings = [
			{ code: 'QUERY_INVALID', message: 'The query of Rain is not valid.', seriesKey: 'rain' },
		];
		sea.rewrite = (page) => ({ ...page, warnings });
		const world = await World.of();
		await world.firstSync();
		const states = () => world.t.query((ctx) => ctx.db.query('seriesStates').collect());
		expect((await states()).map((state) => state.failure?.code ?? null)).toEqual([
			null,
			'QUERY_INVALID',
			null,
		]);
		expect((await world.rows()).runs[0]).toMatchObject({
			state: 'succeeded',
			failure: { code: 'QUERY_INVALID' },
		});
		sea.rewrite = (page) => page;
		await world.syncAgain();
		expect((await states()).map((state) => state.failure)).toEqual([null, null, null]);
	});
});

describe('scheduling', () => {
	it('has one live run per connection, however often it is asked for', async () => {
		const world = await World.of();
		await world.enqueue();
		expect(await world.request()).toBeNull();
		await world.t.mutation(internal.sync.enqueue.tick, {});
		expect((await world.rows()).runs).toHaveLength(1);
		await world.settle();
	});

	it('is due again after the interval, and not before', async () => {
		const world = await World.of();
		await world.firstSync();
		const { state } = await world.rows();
		expect(state.nextAt).toBe(state.lastSuccessAt! + HOUR);
		vi.setSystemTime(state.nextAt! - 1);
		await world.t.mutation(internal.sync.enqueue.tick, {});
		expect((await world.rows()).runs).toHaveLength(1);
		vi.setSystemTime(state.nextAt!);
		await world.t.mutation(internal.sync.enqueue.tick, {});
		await world.settle();
		expect((await world.rows()).runs[1]).toMatchObject({ cause: 'schedule', state: 'succeeded' });
	});

	it('lets four connections of a service run at once, and the rest in turn', async () => {
		const t = newServer();
		const worlds: World[] = [];
		for (let i = 0; i < 6; i++) worlds.push(await World.of('tide', `sea-${i}`, t));
		for (const world of worlds) await world.firstSync();
		vi.setSystemTime(NOW + 2 * HOUR);
		await t.mutation(internal.sync.enqueue.tick, {});
		const states = async () =>
			(await Promise.all(worlds.map((world) => world.rows()))).map((rows) => rows.state);
		expect((await states()).filter((state) => state.runId !== null)).toHaveLength(4);
		await worlds[0]!.settle();
		expect((await states()).every((state) => state.lastSuccessAt! >= NOW + 2 * HOUR)).toBe(true);
	});

	it('hands a long run over to another action, which goes on at the checkpoint', async () => {
		sea.ledger = ledgerOf(8);
		sea.beforePage = () => void vi.setSystemTime(Date.now() + 3 * 60_000);
		const world = await World.of();
		await world.firstSync();
		const { runs } = await world.rows();
		expect(runs).toHaveLength(1);
		expect(runs[0]).toMatchObject({ state: 'succeeded', points: 24 });
		expect(sea.asked.map((ask) => ask.checkpoint)).toEqual([null, 8, 16]);
		expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
	});
});
