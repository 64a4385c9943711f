import { measured, expectedOf, ledgerOf, DAY, HOUR, NOW, World } from './world.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodePoints, encodePoints } from '../../../src/lib/metrics/chunkCodec.ts';
import { cutPage } from '../../../convex/sync/page.ts';
import { POINTS_PER_CHUNK } from '../../../convex/rollups/pointStore.ts';
import { calm, type Point } from './tide.ts';

beforeEach(() => {
	vi.useFakeTimers({ now: NOW });
	calm();
});
afterEach(() => {
	vi.useRealTimers();
});

/** A claimed, begun run without an action. */
async function begun(world?: World) {
	const w = world ?? (await World.of());
	const runId = await w.enqueue();
	const { claim } = await w.rows();
	await w.begin(runId, claim.epoch);
	return { w, runId, epoch: claim.epoch };
}

describe('a commit', () => {
	it('stores points, hours and days, the checkpoint and the counters at once', async () => {
		const { w, runId, epoch } = await begun();
		const points = ledgerOf(10);
		const result = await w.commit(runId, epoch, points, { after: 30 });
		expect(result).toEqual({ state: 'stored', added: 30, corrected: 0 });
		expect(measured(await w.contents())).toEqual(expectedOf(points));
		const { claim, progress, flow } = await w.rows();
		expect(claim.checkpoint).toEqual({ after: 30 });
		expect(progress).toMatchObject({ points: 30, pages: 1 });
		expect(flow.hours).toEqual([{ at: Math.floor(NOW / HOUR) * HOUR, points: 30 }]);
	});

	it('that comes twice changes nothing', async () => {
		const { w, runId, epoch } = await begun();
		const points = ledgerOf(10);
		await w.commit(runId, epoch, points, 1);
		const before = await w.contents();
		const chunks = () => w.t.query((ctx) => ctx.db.query('pointChunks').collect());
		const stored = await chunks();
		const result = await w.commit(runId, epoch, points, 1);
		expect(result).toEqual({ state: 'stored', added: 0, corrected: 0 });
		expect(await w.contents()).toEqual(before);
		expect(await chunks()).toEqual(stored);
	});

	it('restates the buckets of late and corrected points, 40 days back', async () => {
		const { w, runId, epoch } = await begun();
		const points = ledgerOf(200);
		await w.commit(runId, epoch, points, 1);
		const at = points[40]!.at;
		const late: Point[] = [
			{ seriesKey: 'level', at, value: 999 },
			{ seriesKey: 'level', at: at + 60_000, value: -5 },
		];
		const result = await w.commit(runId, epoch, late, 2);
		expect(result).toEqual({ state: 'stored', added: 1, corrected: 1 });
		expect(measured(await w.contents())).toEqual(expectedOf([...points, ...late]));
	});

	it('of an outdated epoch is refused whole', async () => {
		const { w, runId, epoch } = await begun();
		await w.commit(runId, epoch, ledgerOf(3), 1);
		const before = [await w.contents(), await w.rows()];
		expect(await w.commit(runId, epoch - 1, ledgerOf(9), 2)).toEqual({ state: 'stale' });
		expect(await w.commit(runId, epoch + 1, ledgerOf(9), 2)).toEqual({ state: 'stale' });
		expect([await w.contents(), await w.rows()]).toEqual(before);
	});

	it('with a series nobody asked for changes nothing', async () => {
		const { w, runId, epoch } = await begun();
		const before = [await w.contents(), await w.rows()];
		const page = [...ledgerOf(3), { seriesKey: 'ghost', at: NOW - 1, value: 1 }];
		await expect(w.commit(runId, epoch, page, 5)).rejects.toThrow(/ghost/);
		expect([await w.contents(), await w.rows()]).toEqual(before);
	});

	it('with damaged bytes changes nothing', async () => {
		const { w, runId, epoch } = await begun();
		const before = await w.rows();
		const good = encodePoints({ ats: [1, 2], values: [1, 2] });
		const parts = [
			{ key: 'level', data: good },
			{ key: 'rain', data: good.slice(0, good.byteLength - 1) },
		];
		await expect(w.commit(runId, epoch, [], 5, { parts })).rejects.toThrow();
		expect(await w.rows()).toEqual(before);
		expect(measured(await w.contents())).toEqual({});
	});

	it('keeps a point of the year 2999, which is not the last value', async () => {
		const { w, runId, epoch } = await begun();
		const future = { seriesKey: 'level', at: Date.UTC(2999, 0, 1), value: 1 };
		const today = { seriesKey: 'level', at: NOW - HOUR, value: 42 };
		await w.commit(runId, epoch, [future, today], 1);
		const { level } = await w.contents();
		expect(level!.points).toHaveLength(2);
		expect(level!.state).toMatchObject({ lastAt: NOW - HOUR, lastValue: 42 });
	});
});

describe('any pages', () => {
	const point = fc.record({
		seriesKey: fc.constantFrom('level', 'rain', 'total'),
		at: fc.oneof(
			fc.integer({ min: NOW - 3 * DAY, max: NOW }),
			fc.integer({ min: NOW - 700 * DAY, max: NOW }),
			// Both clock changes of 2026 in Berlin.
			fc.integer({ min: Date.UTC(2026, 9, 24, 20), max: Date.UTC(2026, 9, 26) }),
			fc.integer({ min: Date.UTC(2026, 2, 28, 20), max: Date.UTC(2026, 2, 30) }),
		),
		value: fc.oneof(
			fc.integer({ min: -50, max: 50 }),
			fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
		),
	});

	it('in any order, repeated and corrected, end in what brute force says', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.array(point, { maxLength: 25 }), { minLength: 1, maxLength: 6 }),
				fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
				async (pages, replays) => {
					const { w, runId, epoch } = await begun();
					const log: Point[] = [];
					for (const page of [...pages, ...replays.map((i) => pages[i % pages.length]!)]) {
						await w.commit(runId, epoch, page, log.length);
						log.push(...page);
					}
					const contents = await w.contents();
					expect(measured(contents)).toEqual(expectedOf(log));
					for (const { points, state } of Object.values(contents)) {
						expect(state!.pointCount).toBe(points.length);
						expect(state!.lastAt).toBe(points[points.length - 1]?.at ?? null);
						expect(state!.firstAt).toBe(points[0]?.at ?? null);
					}
				},
			),
			{ numRuns: 40 },
		);
	}, 60_000);
});

describe('chunks', () => {
	const minutes = (count: number, from: number): Point[] =>
		Array.from({ length: count }, (_, i) => ({
			seriesKey: 'level',
			at: from + i * 60_000,
			value: i,
		}));
	const chunksOf = (w: World) => w.t.query((ctx) => ctx.db.query('pointChunks').collect());

	it('split when full, stay in order and stay small, appending and prepending', async () => {
		const { w, runId, epoch } = await begun();
		const points = minutes(3 * POINTS_PER_CHUNK, NOW - 30 * DAY);
		const third = POINTS_PER_CHUNK;
		const middle = points.slice(third, 2 * third);
		const log = [
			middle,
			points.slice(2 * third),
			points.slice(third / 2, third),
			points.slice(0, third / 2),
		];
		for (const [i, page] of log.entries()) await w.commit(runId, epoch, page, i);
		expect(measured(await w.contents())).toEqual(expectedOf(points));
		const chunks = (await chunksOf(w)).sort((a, b) => a.startAt - b.startAt);
		expect(chunks.length).toBeLessThanOrEqual(5);
		for (const [i, chunk] of chunks.entries()) {
			const { ats } = decodePoints(chunk.data);
			expect([chunk.startAt, chunk.endAt, chunk.count]).toEqual([
				ats[0],
				ats[ats.length - 1],
				ats.length,
			]);
			expect(chunk.count).toBeLessThanOrEqual(POINTS_PER_CHUNK);
			expect(chunk.data.byteLength).toBeLessThan(25_000);
			if (i > 0) expect(chunk.startAt).toBeGreaterThan(chunks[i - 1]!.endAt);
		}
	});

	it('hold years of a quiet series in one row, and its rollups in one per period', async () => {
		const { w, runId, epoch } = await begun();
		const daily = ledgerOf(730, { step: DAY, keys: ['level'] });
		for (const [i, parts] of cutPage(daily).entries()) {
			const pageEnd = { checkpoint: i };
			await w.commit(runId, epoch, [], i, { parts, pageEnd });
		}
		expect(await chunksOf(w)).toHaveLength(1);
		const rollups = await w.t.query((ctx) => ctx.db.query('rollupChunks').collect());
		expect(rollups.filter((row) => row.granularity === 'day')).toHaveLength(3);
		expect(measured(await w.contents())).toEqual(expectedOf(daily));
	});
});

describe('cutting a page', () => {
	it('loses nothing, keeps order, and bounds each commit', () => {
		const page = [
			...ledgerOf(9000, { step: 60_000, keys: ['level'] }),
			...ledgerOf(2000, { step: 3 * DAY, until: NOW - DAY, keys: ['rain'] }),
		];
		const commits = cutPage(page);
		const back = commits.flat().flatMap(({ key, data }) => {
			const { ats, values } = decodePoints(data);
			expect(ats.length).toBeLessThanOrEqual(8000);
			return ats.map((at, i) => ({ seriesKey: key, at, value: values[i]! }));
		});
		expect(back).toEqual(page);
		for (const parts of commits) {
			const weeks = parts.reduce((sum, { data }) => {
				const { ats } = decodePoints(data);
				return sum + new Set(ats.map((at) => Math.floor(at / (7 * DAY)))).size;
			}, 0);
			expect(weeks).toBeLessThanOrEqual(201);
		}
	});

	it('makes one commit of a page without points', () => {
		expect(cutPage([])).toEqual([[]]);
	});

	it('refuses a page with a value that is not finite', () => {
		for (const value of [NaN, Infinity, -Infinity]) {
			expect(() => cutPage([{ seriesKey: 'level', at: 1, value }])).toThrowError(
				expect.objectContaining({ code: 'INTEGRATION_BUG' }),
			);
		}
	});
});
