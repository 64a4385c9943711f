import { DAY, HOUR, NOW, World, ZONE } from './world.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bucketStart } from '../../../src/lib/metrics/granularity.ts';
import { readOverview, listMetrics } from '../../../convex/reading/overview.ts';
import { readSeries, type SeriesAsk } from '../../../convex/reading/series.ts';
import { readRun, listRuns } from '../../../convex/reading/runs.ts';
import { pointsIn24h, progressOf, seriesOfConnection } from '../../../convex/sync/api.ts';
import { changeTimeZone, removalImpactOf, removeConnectionData } from '../../../convex/sync/api.ts';
import { calm, sea, type Point } from './tide.ts';

const TODAY = bucketStart(NOW, 'day', ZONE);
/** Noon of the local day `ago` days before today; both periods of these tests lie after the clock change but one. */
const noon = (ago: number) => bucketStart(TODAY - ago * DAY + 6 * HOUR, 'day', ZONE) + 12 * HOUR;
/** One point a day at noon local time, today's at 12:00 included (it is 13:30). */
const daily = (seriesKey: string, days: number, value: (ago: number) => number): Point[] =>
	Array.from({ length: days }, (_, i) => ({
		seriesKey,
		at: noon(days - 1 - i),
		value: value(days - 1 - i),
	}));

let world: World;

beforeEach(async () => {
	vi.useFakeTimers({ now: NOW });
	calm();
	sea.pageSize = 500;
	sea.ledger = [
		...daily('level', 80, (ago) => 1000 - ago),
		...daily('rain', 80, (ago) => (ago < 30 ? 2 : 1)),
		// After the time of day it is now: not part of "the same part" of the period before.
		{ seriesKey: 'rain', at: noon(30) + 5 * HOUR, value: 1000 },
		...daily('total', 80, (ago) => 5000 - 10 * ago),
	].filter(({ seriesKey, at }) => seriesKey !== 'level' || at < noon(14) || at > noon(10));
	world = await World.of();
	await world.firstSync();
});
afterEach(() => {
	vi.useRealTimers();
});

const idOf = async (key: string) =>
	(await world.t.query((ctx) => ctx.db.query('series').collect())).find((one) => one.key === key)!
		._id;
const read = async (key: string, ask: Partial<SeriesAsk> = {}) => {
	const seriesId = await idOf(key);
	const full = {
		seriesId,
		from: TODAY - 29 * DAY,
		to: NOW,
		granularity: 'day',
		compare: true,
		...ask,
	} as const;
	return await world.asMember((ctx) => readSeries(ctx, full, NOW));
};

describe('the overview', () => {
	it('shows a level as its last value against the same moment of the period before', async () => {
		const overview = await world.asMember((ctx) =>
			readOverview(ctx, { rangeDays: 30, compare: true }, NOW),
		);
		expect(overview.groups.map(({ id, name, services }) => [id, name, services])).toEqual([
			['operations', 'Operations', ['Tide']],
		]);
		const [level, rain, total] = overview.groups[0]!.cards;
		expect(level).toMatchObject({
			value: 1000,
			valueAt: noon(0),
			previous: 970,
			health: 'fresh',
			context: 'Our tide',
		});
		expect(level!.change).toBeCloseTo(30 / 970);
		expect(level!.spark).toHaveLength(30);
		expect(level!.spark.slice(14, 21)).toEqual([985, null, null, null, null, null, 991]);
		expect(rain).toMatchObject({ value: 60, previous: 30 });
		expect(total).toMatchObject({ value: 300, previous: 300, change: 0 });
		expect([overview.fresh, overview.total]).toEqual([3, 3]);
		expect(overview.flow).toMatchObject([
			{ name: 'Our tide', health: 'fresh', points24h: sea.ledger.length },
		]);
	});

	it('says of a level on its own page exactly what its card says', async () => {
		for (const rangeDays of [7, 30] as const) {
			const overview = await world.asMember((ctx) =>
				readOverview(ctx, { rangeDays, compare: true }, NOW),
			);
			const card = overview.groups[0]!.cards[0]!;
			const { level } = (await read('level', { from: overview.from, to: overview.to }))!;
			expect(level).toMatchObject({
				value: card.value,
				at: card.valueAt,
				previous: card.previous,
				change: card.change,
			});
			expect(level!.previousAt).toBeLessThan(overview.from);
			// A page may ask to the end of the day: what is to come changes nothing.
			const later = (await read('level', { from: overview.from, to: TODAY + DAY }))!.level;
			expect(later).toEqual(level);
		}
	});

	it('reads few documents: two periods of a year are a handful of rows a card', async () => {
		const metrics = await world.asMember(async (ctx) => {
			await readOverview(ctx, { rangeDays: 365, compare: true }, NOW);
			return await ctx.meta.getTransactionMetrics();
		});
		expect(metrics.documentsRead.used).toBeLessThan(40);
	});

	it('shows a week by the hour and leaves the comparison out unless asked', async () => {
		const overview = await world.asMember((ctx) =>
			readOverview(ctx, { rangeDays: 7, compare: false }, NOW),
		);
		const [level] = overview.groups[0]!.cards;
		expect(level!.spark.length).toBe(6 * 24 + 14);
		expect(level!.spark.filter((value) => value !== null)).toHaveLength(7);
		expect(level!.previousSpark).toBeNull();
	});

	it('lists every series with its last value', async () => {
		const list = await world.asMember((ctx) => listMetrics(ctx, NOW));
		expect(list.map(({ name, lastValue }) => [name, lastValue])).toEqual([
			['Level', 1000],
			['Rain', 2],
			['Total', 5000],
		]);
	});
});

describe('a series', () => {
	it('has a value or null per day, its gap, and figures of what is there', async () => {
		const reading = (await read('level'))!;
		expect(reading.starts).toHaveLength(30);
		expect(reading.values.filter((value) => value === null)).toHaveLength(5);
		expect(reading.gaps).toHaveLength(1);
		expect(reading.gaps[0]!.to - reading.gaps[0]!.from).toBe(5 * DAY);
		expect(reading.stats).toMatchObject({ first: 971, last: 1000, count: 25 });
		expect(reading.isLastPartial).toBe(true);
		expect(reading.series).toMatchObject({
			name: 'Level',
			timeZone: ZONE,
			lastAt: noon(0),
			health: 'fresh',
		});
	});

	it('compares bucket by bucket, the begun day with the same part of its counterpart', async () => {
		const { previous } = (await read('rain'))!;
		expect(previous!.values).toHaveLength(30);
		expect(previous!.values[29]).toBe(1);
		const month = (await read('rain', { granularity: 'week' }))!;
		expect(month.values.reduce((sum: number, v) => sum + (v ?? 0), 0)).toBeGreaterThanOrEqual(60);
	});

	it('differences a running total, before the range as well', async () => {
		expect((await read('total'))!.values).toEqual(Array.from({ length: 30 }, () => 10));
	});

	it('agrees across granularities', async () => {
		const from = Date.UTC(2026, 8, 30, 22);
		const to = Date.UTC(2026, 9, 31, 23);
		const sum = async (granularity: SeriesAsk['granularity']) =>
			(await read('rain', { from, to, granularity, compare: false }))!.stats!.sum;
		const sums = [await sum('hour'), await sum('day'), await sum('month')];
		expect(new Set(sums).size).toBe(1);
	});

	it('refuses a range that is too long or has too many buckets, and finds nothing under a foreign id', async () => {
		const refused = (ask: Partial<SeriesAsk>) =>
			expect(read('rain', ask)).rejects.toMatchObject({
				data: expect.objectContaining({ code: 'VALIDATION' }),
			});
		await refused({ from: NOW, to: NOW });
		await refused({ from: NaN });
		await refused({ from: 0, to: NOW });
		await refused({ from: NOW - 365 * DAY, granularity: 'hour' });
		expect(await read('rain', { seriesId: 'nonsense' })).toBeNull();
	});
});

describe('the page of a connection', () => {
	it('has its series, its progress with months, and its runs', async () => {
		const { connectionId } = world;
		const series = await world.t.query((ctx) => seriesOfConnection(ctx, connectionId, ZONE, NOW));
		expect(series.map(({ key, lastValue }) => [key, lastValue])).toEqual([
			['level', 1000],
			['rain', 2],
			['total', 5000],
		]);
		expect(series[1]!.spark).toHaveLength(30);
		const progress = (await world.t.query((ctx) => progressOf(ctx, connectionId, ZONE)))!;
		expect(progress).toMatchObject({
			kind: 'backfill',
			state: 'succeeded',
			pages: 1,
			totalPages: 1,
			etaMs: null,
		});
		expect(progress.months).toEqual(
			['2026-08', '2026-09', '2026-10', '2026-11'].map((month) => ({ month, filled: 1 })),
		);
		expect(await world.t.query((ctx) => pointsIn24h(ctx, connectionId, NOW + 26 * HOUR))).toBe(0);
		const runs = await world.asMember((ctx) =>
			listRuns(ctx, { connectionId, paginationOpts: { numItems: 10, cursor: null } }),
		);
		expect(runs.page).toMatchObject([
			{ state: 'succeeded', cause: 'connect', causedBy: 'Maya', connectionName: 'Our tide' },
		]);
		const run = await world.asMember((ctx) => readRun(ctx, runs.page[0]!.id));
		expect(run).toMatchObject({ requestCount: 0, recoveries: 0 });
		expect(run!.steps.every((step) => step.state === 'succeeded')).toBe(true);
	});
});

describe('a change of the time zone', () => {
	it('cuts every bucket anew and leaves no rollup of the former zone', async () => {
		const { t, workspaceId } = world;
		const before = (await read('rain', { compare: false }))!.stats!.sum;
		await t.mutation(async (ctx) => {
			await ctx.db.patch(workspaceId, { timeZone: 'Asia/Kolkata' });
			await changeTimeZone(ctx, workspaceId, 'Asia/Kolkata');
		});
		await world.settle();
		const rollups = await t.query((ctx) => ctx.db.query('rollupChunks').collect());
		expect(new Set(rollups.map((row) => row.timeZone))).toEqual(new Set(['Asia/Kolkata']));
		const reading = (await read('rain', { compare: false }))!;
		expect(reading.starts.every((start) => (start + 5.5 * HOUR) % DAY === 0)).toBe(true);
		expect(reading.stats!.sum).toBeGreaterThanOrEqual(before);
	});
});

describe('removal', () => {
	const remove = async (keepPoints: boolean) => {
		await world.t.mutation(async (ctx) => {
			const connection = (await ctx.db.get(world.connectionId))!;
			await removeConnectionData(ctx, connection, keepPoints, NOW);
			await ctx.db.delete(connection._id);
		});
		await world.settle();
	};
	const tables = [
		'series',
		'seriesStates',
		'pointChunks',
		'rollupChunks',
		'flows',
		'syncStates',
		'syncClaims',
		'syncRuns',
		'syncProgress',
		'syncRequests',
	] as const;
	const counts = async () =>
		await world.t.query(async (ctx) => {
			const found: Record<string, number> = {};
			for (const table of tables) {
				const rows = await ctx.db.query(table).collect();
				if (rows.length > 0) found[table] = rows.length;
			}
			return found;
		});

	it('says before what it takes', async () => {
		const { connectionId } = world;
		expect(await world.t.query((ctx) => removalImpactOf(ctx, connectionId))).toEqual({
			metrics: 3,
			points: sea.ledger.length,
			runs: 1,
		});
	});

	it('leaves nothing behind', async () => {
		await remove(false);
		expect(await counts()).toEqual({});
	});

	it('keeps points when asked, readable, and gives them to a later connection of the same account', async () => {
		await remove(true);
		expect(Object.keys(await counts()).sort()).toEqual([
			'pointChunks',
			'rollupChunks',
			'series',
			'seriesStates',
		]);
		expect((await read('level'))!.series).toMatchObject({
			connectionName: 'Our tide',
			health: 'paused',
		});
		const overview = await world.asMember((ctx) =>
			readOverview(ctx, { rangeDays: 30, compare: true }, NOW),
		);
		expect(overview.total).toBe(0);

		const again = await World.of('tide', 'sea-1', world.t);
		await again.firstSync();
		expect((await counts()).series).toBe(3);
		expect((await again.rows()).runs[0]).toMatchObject({ points: 0 });
		expect((await again.contents()).level!.points).toHaveLength(75);
	});

	it('in the middle of a run stops it', async () => {
		sea.beforePage = () => new Promise<void>(() => {});
		const runId = (await world.request())!;
		await vi.advanceTimersByTimeAsync(1000);
		const { claim } = await world.rows();
		await world.t.mutation(async (ctx) => {
			const connection = (await ctx.db.get(world.connectionId))!;
			await removeConnectionData(ctx, connection, false, NOW);
			await ctx.db.delete(connection._id);
		});
		await vi.advanceTimersByTimeAsync(1000);
		expect(await world.commit(runId, claim.epoch, sea.ledger.slice(0, 3), 1)).toEqual({
			state: 'stale',
		});
		await vi.waitUntil(async () => Object.keys(await counts()).length === 0);
	});
});
