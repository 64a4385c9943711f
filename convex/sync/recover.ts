/**
 * Takes over runs whose action died: Convex runs an action at most once, so nothing else would. States it may find:
 * - lease not yet over: the action is alive, or died a moment ago; left alone;
 * - lease over, some page committed since the claim: the run goes on at its checkpoint, under a new epoch;
 * - lease over, again and again without a page: the page kills its action; the run fails and is tried later;
 * - lease over, run or state row gone (connection removed meanwhile): the claim is cleared.
 * An action that is alive after all finds its epoch outdated at its next commit and writes nothing.
 */
import { v } from 'convex/values';
import { internalMutation } from '../_generated/server.js';
import { event } from '../lib/events.ts';
import { handOn, liveRun, type WriteCtx } from './claim.ts';
import { fail } from './complete.ts';

/** Taken over per call; the rest at the next one. */
const MAX_RECOVERED = 64;
/** Deaths in a row without a page, after which the run is ended: a crash loop must not be ours. */
const MAX_DEATHS = 3;
/** A restart is more often a person's doing than the page's. */
const MAX_DEATHS_AT_BOOT = 20;

/** Cron, every half minute. */
export const recover = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const now = Date.now();
		await recoverRuns(ctx, { leaseBefore: now, maxDeaths: MAX_DEATHS }, now, Math.random());
		return null;
	},
});

/**
 * For a deployment that has just started and whose actions therefore are all dead, whatever their lease says. Runs that
 * wait are left alone: their next action is in the scheduler, which survives a restart.
 */
export const atBoot = internalMutation({
	args: {},
	returns: v.null(),
	handler: async (ctx) => {
		const all = { leaseBefore: Number.MAX_SAFE_INTEGER, maxDeaths: MAX_DEATHS_AT_BOOT };
		await recoverRuns(ctx, all, Date.now(), Math.random());
		return null;
	},
});

/** Takes over every claim whose lease ended before `leaseBefore`. */
export async function recoverRuns(
	ctx: WriteCtx,
	{ leaseBefore, maxDeaths }: { leaseBefore: number; maxDeaths: number },
	now: number,
	random: number,
): Promise<number> {
	const claims = await ctx.db
		.query('syncClaims')
		.withIndex('by_leaseUntil', (q) => q.gt('leaseUntil', 0).lt('leaseUntil', leaseBefore))
		.take(MAX_RECOVERED);
	let recovered = 0;
	for (const claim of claims) {
		const live = claim.runId && (await liveRun(ctx, claim.runId, claim.epoch));
		if (!live) {
			await ctx.db.patch('syncClaims', claim._id, {
				runId: null,
				leaseUntil: null,
				epoch: claim.epoch + 1,
			});
			continue;
		}
		if (live.run.state === 'waiting' && leaseBefore > now) continue;
		recovered++;
		const { connectionId, service } = live.run;
		event('sync.recovered', { connectionId, service, epoch: claim.epoch + 1 });
		if (claim.barrenClaims > maxDeaths) {
			const message =
				'Fetching stopped in the middle of the same page several times. It is tried again later; nothing stored is lost.';
			await fail(ctx, live, { code: 'RUN_DIED', message, remedy: 'retry' }, now, random);
			continue;
		}
		await ctx.db.patch('syncRuns', live.run._id, { recoveries: live.run.recoveries + 1 });
		await handOn(ctx, claim, now, claim.barrenClaims + 1);
	}
	return recovered;
}
