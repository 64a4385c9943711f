import { expectedOf, HOUR, ledgerOf, measured, NOW, World } from './world.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { internal } from '../../../convex/_generated/api.js';
import { LEASE_MS } from '../../../convex/sync/claim.ts';
import { pauseSync, restartSync, resumeSync } from '../../../convex/sync/api.ts';
import { calm, sea, Tide } from './tide.ts';

beforeEach(() => {
	vi.useFakeTimers({ now: NOW });
	calm();
});
afterEach(() => {
	vi.useRealTimers();
});

const PAGES = 6;
const sorted = () => sea.ledger.slice().sort((a, b) => a.at - b.at);

/** A first sync whose action dies after `pages` pages, without a word. Returns its claim. */
async function dieAfter(world: World, pages: number) {
	let reached = -1;
	sea.beforePage = (index) => {
		reached = index;
		// An action that dies never comes back from its request.
		return index >= pages ? new Promise<void>(() => {}) : undefined;
	};
	const runId = await world.enqueue();
	await vi.advanceTimersByTimeAsync(1000);
	await vi.waitUntil(() => reached === pages);
	sea.beforePage = () => {};
	const { claim } = await world.rows();
	return { runId, epoch: claim.epoch };
}

/** Lets the next action run to its end. The dead one is for ever in progress, so not all functions ever finish. */
async function ended(world: World): Promise<void> {
	await vi.advanceTimersByTimeAsync(1000);
	await vi.waitUntil(async () => (await world.rows()).state.runId === null);
}

describe('a run whose action died', () => {
	it.each(Array.from({ length: PAGES }, (_, i) => i))(
		'after %i pages goes on there and ends as an undisturbed one',
		async (pages) => {
			sea.ledger = ledgerOf(8);
			const world = await World.of();
			const { runId } = await dieAfter(world, pages);
			expect((await world.rows()).claim.checkpoint).toBe(pages === 0 ? null : pages * sea.pageSize);
			expect(measured(await world.contents())).toEqual(
				expectedOf(sorted().slice(0, pages * sea.pageSize)),
			);

			vi.setSystemTime(Date.now() + LEASE_MS + 1000);
			await world.t.mutation(internal.sync.recover.recover, {});
			await ended(world);
			const { runs, state } = await world.rows();
			expect(runs).toHaveLength(1);
			expect(runs[0]).toMatchObject({
				_id: runId,
				state: 'succeeded',
				recoveries: 1,
				points: 24,
				pages: PAGES,
			});
			expect(state).toMatchObject({ failure: null, isHistoryDone: true });
			expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
			// Nothing committed was asked for again.
			expect(sea.asked[1]).toMatchObject({ checkpoint: pages === 0 ? null : pages * sea.pageSize });
			expect(sea.asked[1]!.range).toEqual(sea.asked[0]!.range);
		},
	);

	it('is left alone while its lease lasts, but not by a deployment that has just started', async () => {
		sea.ledger = ledgerOf(8);
		const world = await World.of();
		const { epoch } = await dieAfter(world, 2);
		await world.t.mutation(internal.sync.recover.recover, {});
		expect((await world.rows()).claim.epoch).toBe(epoch);
		await world.t.mutation(internal.sync.recover.atBoot, {});
		expect((await world.rows()).claim.epoch).toBe(epoch + 1);
		await ended(world);
		expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
	});

	it('and was not dead after all writes nothing any more', async () => {
		sea.ledger = ledgerOf(8);
		const world = await World.of();
		const { runId, epoch } = await dieAfter(world, 2);
		await world.t.mutation(internal.sync.recover.atBoot, {});
		const before = [await world.contents(), await world.rows()];
		expect(await world.commit(runId, epoch, sorted().slice(8, 12), 12)).toEqual({ state: 'stale' });
		expect(await world.t.mutation(internal.sync.begin.renew, { runId, epoch })).toBe(false);
		expect(await world.begin(runId, epoch)).toBeNull();
		const outcome = { state: 'succeeded' } as const;
		await world.t.mutation(internal.sync.complete.complete, {
			runId,
			epoch,
			outcome,
			requests: [],
		});
		expect([await world.contents(), await world.rows()]).toEqual(before);
	});

	it('again and again on the same page is ended and tried later', async () => {
		const world = await World.of();
		// Begins and never commits: the scheduled actions find their epochs outdated.
		await world.enqueue();
		vi.clearAllTimers();
		for (let deaths = 1; deaths < 6; deaths++) {
			// Clearing the timers resets the clock, too.
			vi.setSystemTime(NOW + deaths * (LEASE_MS + 1));
			await world.t.mutation(internal.sync.recover.recover, {});
			vi.clearAllTimers();
		}
		const { runs, state, claim } = await world.rows();
		expect(runs[0]).toMatchObject({
			state: 'failed',
			failure: { code: 'RUN_DIED', remedy: 'retry' },
		});
		expect(state.runId).toBeNull();
		expect(state.nextAt).toBeGreaterThan(NOW + 4 * LEASE_MS);
		expect(claim.leaseUntil).toBeNull();
	});

	it('between two commits of one large page repeats the page and doubles nothing', async () => {
		sea.ledger = ledgerOf(8);
		const world = await World.of();
		const runId = await world.enqueue();
		vi.clearAllTimers();
		const { claim } = await world.rows();
		await world.begin(runId, claim.epoch);
		await world.commit(runId, claim.epoch, sorted().slice(0, 3), null, { pageEnd: null });
		expect((await world.rows()).claim.checkpoint).toBeNull();
		await world.t.mutation(internal.sync.recover.atBoot, {});
		await world.settle();
		expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
	});
});

describe('a person', () => {
	it('pauses in the middle and resumes at the last committed page', async () => {
		sea.ledger = ledgerOf(8);
		const world = await World.of();
		const { runId, epoch } = await dieAfter(world, 3);
		const { connectionId } = world;
		await world.t.mutation((ctx) => pauseSync(ctx, connectionId));
		let rows = await world.rows();
		expect(rows.runs[0]).toMatchObject({ state: 'paused', points: 12, pages: 3 });
		expect(rows.state).toMatchObject({ runId: null, nextAt: null, pausedAt: Date.now() });
		expect(await world.commit(runId, epoch, sorted().slice(12, 16), 16)).toEqual({
			state: 'stale',
		});
		expect(await world.request()).toBeNull();
		vi.setSystemTime(NOW + 5 * HOUR);
		await world.t.mutation(internal.sync.enqueue.tick, {});
		await world.t.mutation(internal.sync.recover.recover, {});
		expect((await world.rows()).runs).toHaveLength(1);

		await world.t.mutation((ctx) => resumeSync(ctx, connectionId, 'Maya'));
		await ended(world);
		rows = await world.rows();
		expect(sea.asked[1]).toMatchObject({ checkpoint: 12 });
		expect(rows.runs[1]).toMatchObject({ state: 'succeeded', kind: 'backfill', causedBy: 'Maya' });
		expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
	});

	it('reconnects: the failure is forgotten and a run starts at once', async () => {
		sea.ledger = ledgerOf(4);
		const world = await World.of();
		const { connectionId } = world;
		await dieAfter(world, 1);
		await world.t.mutation((ctx) => restartSync(ctx, connectionId, 'Maya'));
		await ended(world);
		const { runs } = await world.rows();
		expect(runs.map((run) => run.state)).toEqual(['canceled', 'succeeded']);
		expect(measured(await world.contents())).toEqual(expectedOf(sea.ledger));
	});

	it('asks for one more series: history is fetched for it, nothing is doubled', async () => {
		sea.ledger = ledgerOf(6);
		sea.seriesKeys = ['level'];
		const world = await World.of();
		const { connectionId } = world;
		await world.firstSync();
		sea.seriesKeys = ['level', 'rain'];
		await world.t.mutation((ctx) => restartSync(ctx, connectionId, 'Maya'));
		await world.settle();
		const { runs } = await world.rows();
		expect(runs[1]).toMatchObject({ kind: 'backfill', state: 'succeeded', points: 6 });
		expect(measured(await world.contents())).toEqual(
			expectedOf(sea.ledger.filter(({ seriesKey }) => seriesKey !== 'total')),
		);
	});
});

it('the ledger of these tests has more pages than one', () => {
	sea.ledger = ledgerOf(8);
	expect(sea.ledger.length / sea.pageSize).toBe(PAGES);
	expect(new Tide().id).toBe('tide');
});
