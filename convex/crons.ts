import { cronJobs } from 'convex/server';
import { internal } from './_generated/api.js';

const crons = cronJobs();

// A connection that syncs every minute is at most this late. An idle tick reads one index range and writes nothing.
crons.interval('claim due connections', { seconds: 5 }, internal.sync.enqueue.tick, {});
// Well below the lease of two minutes: a dead action is noticed within half a minute of its lease's end.
crons.interval('take over dead runs', { seconds: 30 }, internal.sync.recover.recover, {});
// At night in most of Europe; the work is small and in batches, so the hour does not matter much.
crons.daily('prune old runs', { hourUTC: 3, minuteUTC: 17 }, internal.rollups.prune.prune, {});

export default crons;
