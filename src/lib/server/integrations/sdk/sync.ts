import { z } from 'zod';
import type { HttpClient } from './http.ts';
import type { Json } from './json.ts';
import type { MetricInstance, Unit } from './metrics.ts';

/** Where the time comes from; ms since epoch. Pure code never asks the machine. */
export interface Clock {
	now(): number;
}

/** What the deployment knows of itself. null: this deployment cannot tell. */
export interface ServerStats {
	/** Stable for the life of the data: the external account of "This server". */
	instanceId: string;
	name: string;
	version: string;
	/** Sync runs finished since the beginning; only grows. */
	syncRuns: number | null;
	/** Of those, the ones that failed; only grows. */
	failedSyncRuns: number | null;
	pointsStored: number | null;
	databaseBytes: number | null;
	memoryBytes: number | null;
	/** Browsers and clients with an open live connection. */
	liveSubscribers: number | null;
}

/** All an integration is given to talk to its service: power comes in, it is never imported. */
export interface ConnectionContext {
	http: HttpClient;
	authId: string;
	credentials: Record<string, string>;
	settings: Record<string, Json>;
	clock: Clock;
	/** Only "This server" uses it. */
	serverStats?: () => Promise<ServerStats>;
}

/** A span of time, ms since epoch; the start belongs to it, the end does not. */
export interface TimeRange {
	startAt: number;
	endAt: number;
}

export interface SyncContext extends ConnectionContext {
	/** The series asked for, a subset of metricsFor(settings). Pages hold points of these only. */
	metrics: MetricInstance[];
	range: TimeRange;
	/** The last committed checkpoint of this run; null at its start. */
	checkpoint: Json | null;
	/** IANA name of the workspace's time zone. */
	timeZone: string;
}

export interface DataPoint {
	seriesKey: string;
	/** ms since epoch, UTC. */
	at: number;
	/** Finite. Whatever is not becomes a gap: the point is left out. */
	value: number;
}

/** One response's worth of points. Committed whole, together with its checkpoint, or not at all. */
export interface MetricPage {
	points: DataPoint[];
	checkpoint: Json;
	/** Pages in the same sense as the estimate's; `slice` names the span, e.g. "2026-03-28". */
	progress?: { donePages: number; totalPages?: number; slice?: string };
	hasMore: boolean;
	warnings?: PageWarning[];
}

/** Something that kept one series from being read while the rest went on. */
export interface PageWarning {
	code: string;
	message: string;
	seriesKey?: string;
}

export interface TestConnectionResult {
	/** Who the service says we are. The id is stable and tells two accounts apart. */
	account: { id: string; name: string; details?: { label: string; value: string }[] };
	/** Metrics these credentials can or cannot read. Absent means all of them. */
	permissions?: { metricId: string; readable: boolean; reason?: string }[];
}

export interface OptionItem {
	value: string;
	label: string;
	description?: string;
}

export type PreviewResult =
	{ ok: true; text: string; value?: number; unit?: Unit } | { ok: false; error: Error };

/** What the history will cost. */
export interface SyncEstimate {
	calls: number;
	pages: number;
	days: number;
}

const checkpointSchema = z.object({
	startAt: z.number(),
	endAt: z.number(),
	isDone: z.boolean(),
	position: z.unknown(),
});

/** Where a run goes on: the range it was started with, and the position after the last committed page. */
export interface Resumption<Position> {
	range: TimeRange;
	position: Position | null;
	/** Every page of this run was already yielded. */
	isDone: boolean;
}

/**
 * Reads a checkpoint written by writeCheckpoint. The range travels in the checkpoint, so that a resumed run asks for the
 * same slices as the interrupted one although "now" has moved on. A finished checkpoint followed by a later range, or one
 * that an older version wrote, starts afresh: points are upserted, so the worst case is asking twice.
 */
export function readCheckpoint<Position>(
	ctx: Pick<SyncContext, 'checkpoint' | 'range'>,
	positionSchema: z.ZodType<Position>,
): Resumption<Position> {
	const fresh = { range: ctx.range, position: null, isDone: false };
	if (ctx.checkpoint === null) return fresh;
	const outer = checkpointSchema.safeParse(ctx.checkpoint);
	if (!outer.success) return fresh;
	const range = { startAt: outer.data.startAt, endAt: outer.data.endAt };
	if (outer.data.isDone)
		return range.endAt >= ctx.range.endAt && range.startAt <= ctx.range.startAt
			? { range, position: null, isDone: true }
			: fresh;
	const position = positionSchema.safeParse(outer.data.position);
	return position.success ? { range, position: position.data, isDone: false } : fresh;
}

/** Makes the checkpoint of a page; `position` null means that this was the last one. */
export function writeCheckpoint(range: TimeRange, position: Json | null): Json {
	const whole = { startAt: range.startAt, endAt: range.endAt, isDone: position === null, position };
	// Drops undefined members, which a database may refuse.
	return JSON.parse(JSON.stringify(whole)) as Json;
}

const minuteMs = 60_000;

/**
 * The moment a snapshot of this run belongs to: the last whole minute of the range. Taken from the range and not from the
 * clock, so that a resumed run writes the point it would have written undisturbed.
 */
export function snapshotAt({ startAt, endAt }: TimeRange): number {
	return Math.max(startAt, Math.floor((endAt - 1) / minuteMs) * minuteMs);
}
