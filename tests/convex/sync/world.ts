/// <reference types="vite/client" />
/** A deployment with one workspace and one connection, time under the test's control. */
import '../env.ts';
import './tide.ts';
import { convexTest, type TestConvex } from 'convex-test';
import { vi } from 'vitest';
import { internal } from '../../../convex/_generated/api.js';
import type { Id } from '../../../convex/_generated/dataModel.js';
import schema from '../../../convex/schema.ts';
import type { CommitArgs } from '../../../convex/sync/commit.ts';
import { cutPage } from '../../../convex/sync/page.ts';
import { enqueueFirstSync, requestSync } from '../../../convex/sync/api.ts';
import type { WorkspaceQueryCtx } from '../../../convex/lib/functions.ts';
import { decodePoints } from '../../../src/lib/metrics/chunkCodec.ts';
import { toColumns } from '../../../src/lib/metrics/dataPoint.ts';
import { regroup, rollupHours } from '../../../src/lib/metrics/rollup.ts';
import { decodeRollups } from '../../../src/lib/metrics/rollupCodec.ts';
import type { Point } from './tide.ts';

const modules = import.meta.glob(['../../../convex/**/*.{ts,js}', '!../../../convex/**/*.d.ts']);

export const NOW = Date.UTC(2026, 10, 20, 12, 30);
export const ZONE = 'Europe/Berlin';
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

export class World {
	readonly t: TestConvex<typeof schema>;
	readonly connectionId: Id<'connections'>;
	readonly workspaceId: Id<'workspaces'>;

	constructor(
		t: TestConvex<typeof schema>,
		workspaceId: Id<'workspaces'>,
		connectionId: Id<'connections'>,
	) {
		this.t = t;
		this.workspaceId = workspaceId;
		this.connectionId = connectionId;
	}

	/** A connection of `service` that is stored but not yet set up for syncing. */
	static async of(service = 'tide', accountId = 'sea-1', t = newServer()): Promise<World> {
		const [workspaceId, connectionId] = await t.mutation(async (ctx) => {
			const existing = await ctx.db.query('workspaces').first();
			const workspaceId =
				existing?._id ??
				(await ctx.db.insert('workspaces', { name: 'Acme', timeZone: ZONE, createdAt: NOW }));
			const connectionId = await ctx.db.insert('connections', {
				workspaceId,
				service,
				name: `Our ${service}`,
				authId: 'none',
				account: { id: accountId, name: 'North Sea', details: [] },
				settings: {},
				credentials: [],
				vaultId: 'vault-1',
				vaultVersion: 1,
				authorisedBy: 'user-1',
				createdAt: NOW,
			});
			return [workspaceId, connectionId] as const;
		});
		return new World(t, workspaceId, connectionId);
	}

	/** Claims the first run; its action is scheduled, not yet run. */
	enqueue(): Promise<Id<'syncRuns'>> {
		const { connectionId } = this;
		return this.t.mutation((ctx) => enqueueFirstSync(ctx, connectionId, 'Maya'));
	}

	/** Asks for a run as a person does. */
	request(): Promise<Id<'syncRuns'> | null> {
		const { connectionId } = this;
		return this.t.mutation((ctx) => requestSync(ctx, connectionId, 'person', 'Maya'));
	}

	/** Lets all scheduled functions run, waits included; the clock jumps to them. */
	async settle(): Promise<void> {
		await this.t.finishAllScheduledFunctions(vi.runAllTimers);
	}

	/** First sync, to its end. */
	async firstSync(): Promise<void> {
		await this.enqueue();
		await this.settle();
	}

	async syncAgain(): Promise<void> {
		await this.request();
		await this.settle();
	}

	/** The rows that tell how the connection is. */
	async rows() {
		const { connectionId } = this;
		return await this.t.query(async (ctx) => {
			const one = <T extends 'syncStates' | 'syncClaims' | 'syncProgress' | 'flows'>(table: T) =>
				ctx.db.query(table).collect();
			const own = <T extends { connectionId: Id<'connections'> }>(rows: T[]) =>
				rows.find((row) => row.connectionId === connectionId)!;
			const runs = await ctx.db.query('syncRuns').collect();
			return {
				state: own(await one('syncStates')),
				claim: own(await one('syncClaims')),
				progress: own(await one('syncProgress')),
				flow: own(await one('flows')),
				runs: runs.filter((run) => run.connectionId === connectionId),
			};
		});
	}

	/** Everything measured: points, rollups and states per series key, decoded. */
	async contents() {
		const { connectionId } = this;
		return await this.t.query(async (ctx) => {
			const series = await ctx.db
				.query('series')
				.withIndex('by_connectionId', (q) => q.eq('connectionId', connectionId))
				.collect();
			const found: Record<string, Stored> = {};
			for (const { _id, key } of series) {
				const chunks = await ctx.db
					.query('pointChunks')
					.withIndex('by_seriesId', (q) => q.eq('seriesId', _id))
					.collect();
				const rollups = await ctx.db
					.query('rollupChunks')
					.withIndex('by_seriesId', (q) => q.eq('seriesId', _id))
					.collect();
				const state = await ctx.db
					.query('seriesStates')
					.withIndex('by_seriesId', (q) => q.eq('seriesId', _id))
					.unique();
				const of = (granularity: string) =>
					rollups
						.filter((row) => row.granularity === granularity)
						.flatMap((row) => decodeRollups(row.data));
				found[key] = {
					points: chunks.flatMap((chunk) => {
						const { ats, values } = decodePoints(chunk.data);
						return ats.map((at, i) => ({ at, value: values[i]! }));
					}),
					hours: of('hour'),
					days: of('day'),
					state: state && {
						firstAt: state.firstAt,
						lastAt: state.lastAt,
						lastValue: state.lastValue,
						pointCount: state.pointCount,
					},
				};
			}
			return found;
		});
	}

	/** A query function's context, with a member of the workspace as the viewer. */
	asMember<T>(read: (ctx: WorkspaceQueryCtx) => Promise<T>): Promise<T> {
		const { workspaceId } = this;
		return this.t.query(async (ctx) => {
			const workspace = await ctx.db.get(workspaceId);
			const viewer = { userId: 'user-1', sessionId: 's', role: 'owner', workspace: workspace! };
			return await read({ ...ctx, viewer } as unknown as WorkspaceQueryCtx);
		});
	}

	begin(runId: Id<'syncRuns'>, epoch: number) {
		return this.t.mutation(internal.sync.begin.begin, { runId, epoch });
	}

	/** Commits one page as a run's action does. */
	async commit(
		runId: Id<'syncRuns'>,
		epoch: number,
		points: Point[],
		checkpoint: unknown,
		more: Partial<CommitArgs> = {},
	) {
		const [parts] = cutPage(points) as [ReturnType<typeof cutPage>[number]];
		return await this.t.mutation(internal.sync.commit.commit, {
			runId,
			epoch,
			parts,
			pageEnd: { checkpoint },
			requests: [],
			warnings: [],
			...more,
		});
	}
}

interface Stored {
	points: { at: number; value: number }[];
	hours: unknown[];
	days: unknown[];
	state: {
		firstAt: number | null;
		lastAt: number | null;
		lastValue: number | null;
		pointCount: number;
	} | null;
}

/** Transaction limits as Convex enforces them. */
export function newServer(): TestConvex<typeof schema> {
	return convexTest({ schema, modules, transactionLimits: true });
}

/** What the tables must hold for these points, by brute force: later rows correct earlier ones of the same time. */
export function expectedOf(ledger: Point[], zone = ZONE): Record<string, Omit<Stored, 'state'>> {
	const found: Record<string, Omit<Stored, 'state'>> = {};
	for (const key of new Set(ledger.map((point) => point.seriesKey))) {
		const columns = toColumns(ledger.filter((point) => point.seriesKey === key));
		const hours = rollupHours(columns, zone);
		const points = columns.ats.map((at, i) => ({ at, value: columns.values[i]! }));
		found[key] = { points, hours, days: regroup(hours, 'day', zone) };
	}
	return found;
}

/** `count` points of each series, `step` apart, the last one `step` before `until`. */
export function ledgerOf(
	count: number,
	{ step = 6 * HOUR, until = NOW, keys = ['level', 'rain', 'total'] } = {},
): Point[] {
	return keys.flatMap((seriesKey, k) =>
		Array.from({ length: count }, (_, i) => ({
			seriesKey,
			at: until - (count - i) * step + k,
			value: seriesKey === 'total' ? 10 * i : ((i * 37) % 23) - 3,
		})),
	);
}

/** The contents without the states of series, for comparing with expectedOf. */
export function measured(contents: Record<string, Stored>): Record<string, Omit<Stored, 'state'>> {
	return Object.fromEntries(
		Object.entries(contents)
			.filter(([, stored]) => stored.points.length > 0)
			.map(([key, { points, hours, days }]) => [key, { points, hours, days }]),
	);
}
