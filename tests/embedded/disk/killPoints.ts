/** Where a victim dies: at instants by chance, and at named points by its calls to the disk. */
import type { Op, Trigger } from './shim.ts';

export type Work = 'mixed' | 'mutationJob' | 'actionJob' | 'files' | 'bulk';

export interface KillPoint {
	name: string;
	/** What clients do meanwhile. */
	work: Work;
	/** null: at an instant by chance. */
	trigger: ((random: () => number) => Trigger) | null;
	/** Armed before the start, rather than when the server is ready. */
	atStart?: boolean;
	/** The schema changes before this start, so that indexes are built. */
	changesSchema?: boolean;
}

const LOG = 'convex.sqlite-wal$';
const STORE = 'convex.sqlite$';
const ALL: Op[] = ['write', 'sync', 'truncate', 'create', 'rename', 'unlink', 'mkdir'];

const upTo = (most: number) => (random: () => number) => 1 + Math.floor(random() * most);
const strike =
	(mode: Trigger['mode'], ops: Op[], file: string, at: (random: () => number) => number) =>
	(random: () => number): Trigger => ({ mode, ops, file, at: at(random) });
const exactly = (n: number) => () => n;

export const KILL_POINTS: KillPoint[] = [
	{ name: 'any instant', work: 'mixed', trigger: null },
	{ name: 'any instant with jobs', work: 'mutationJob', trigger: null },
	{
		name: 'applied, before the log is written',
		work: 'mixed',
		trigger: strike('killBefore', ['write'], LOG, exactly(1)),
	},
	{
		name: 'inside COMMIT, between two writes',
		work: 'mixed',
		trigger: strike('killAfter', ['write'], LOG, upTo(40)),
	},
	{
		name: 'inside COMMIT, half a write',
		work: 'mixed',
		trigger: strike('killTorn', ['write'], LOG, upTo(40)),
	},
	{
		name: 'inside COMMIT, before the flush',
		work: 'mixed',
		trigger: strike('killBefore', ['sync'], LOG, upTo(12)),
	},
	{
		name: 'after COMMIT, before the answer',
		work: 'mixed',
		trigger: strike('killAfter', ['sync'], LOG, upTo(12)),
	},
	...[1, 2].flatMap((at): KillPoint[] => [
		{
			name: `mutation job, before flush ${at}`,
			work: 'mutationJob',
			trigger: strike('killBefore', ['sync'], LOG, exactly(at)),
		},
		{
			name: `mutation job, after flush ${at}`,
			work: 'mutationJob',
			trigger: strike('killAfter', ['sync'], LOG, exactly(at)),
		},
	]),
	// Planned, marked as started, its own mutation, marked as ended.
	...[1, 2, 3, 4].map((at): KillPoint => ({
		name: `action job, after flush ${at}`,
		work: 'actionJob',
		trigger: strike('killAfter', ['sync'], LOG, exactly(at)),
	})),
	{
		name: 'file half written',
		work: 'files',
		trigger: strike('killTorn', ['write'], 'files/incoming', upTo(3)),
	},
	{
		name: 'file renamed, not committed',
		work: 'files',
		trigger: strike('killAfter', ['rename'], 'files/', upTo(3)),
	},
	{
		name: 'checkpoint, first page',
		work: 'bulk',
		trigger: strike('killAfter', ['write'], STORE, exactly(1)),
	},
	{
		name: 'checkpoint, half a page',
		work: 'bulk',
		trigger: strike('killTorn', ['write'], STORE, upTo(50)),
	},
	{
		name: 'checkpoint, before its flush',
		work: 'bulk',
		trigger: strike('killBefore', ['sync'], STORE, exactly(1)),
	},
	{
		name: 'schema push, indexes half built',
		work: 'mixed',
		atStart: true,
		changesSchema: true,
		trigger: strike('killTorn', ['write'], LOG, upTo(8)),
	},
	{
		name: 'schema push, committed',
		work: 'mixed',
		atStart: true,
		changesSchema: true,
		trigger: strike('killAfter', ['sync'], LOG, exactly(1)),
	},
	{
		name: 'start, at any call',
		work: 'mixed',
		atStart: true,
		trigger: strike('killBefore', ALL, '', upTo(12)),
	},
];
