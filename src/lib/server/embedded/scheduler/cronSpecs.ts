/** Cron jobs as crons.ts declares them, and when each runs next. All times are UTC. */
import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import { PushError } from '../bundles/pushError.ts';
import type { JsonValue } from '../types.ts';

type Schedule =
	| { type: 'interval'; seconds?: number; minutes?: number; hours?: number }
	| { type: 'hourly'; minuteUTC?: number }
	| { type: 'daily'; hourUTC: number; minuteUTC?: number }
	| { type: 'weekly'; dayOfWeek: string; hourUTC: number; minuteUTC?: number }
	| { type: 'monthly'; day: number; hourUTC: number; minuteUTC?: number }
	| { type: 'cron'; cron: string };

export interface CronSpec {
	id: string;
	/** 'module/path:function'. */
	path: string;
	args: JsonValue;
	/** Either a fixed distance or a five-field expression. */
	when: { intervalMs: number } | { expression: string };
}

const SECOND_MS = 1000;
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** @throws PushError for a schedule that can never run */
export function readCrons(value: unknown): CronSpec[] {
	const crons = value as { isCrons?: true; export?: () => string } | undefined;
	if (crons?.isCrons !== true || typeof crons.export !== 'function') {
		throw new PushError('InvalidCrons', 'crons', 'Its default export must come from cronJobs().');
	}
	const parsed = JSON.parse(crons.export()) as {
		[id: string]: { name: string; args: JsonValue[]; schedule: Schedule };
	};
	return Object.entries(parsed).map(([id, { name, args, schedule }]) => {
		const spec = { id, path: name, args: args[0] ?? {}, when: toWhen(id, schedule) };
		requireRunnable(spec);
		return spec;
	});
}

/**
 * The first run after `afterMs`. An interval counts from `previousMs`, the run before, and leaves out what was missed;
 * without one it starts at once, as on real deployments.
 */
export function nextRunMs(spec: CronSpec, afterMs: number, previousMs: number | null): number {
	if ('expression' in spec.when) {
		const next = new Cron(spec.when.expression, {
			// Not the time zone UTC: that would go through Intl, which takes its time to wake up.
			utcOffset: 0,
			mode: '5-part',
			paused: true,
		}).nextRun(new Date(afterMs));
		return next === null ? Number.POSITIVE_INFINITY : next.getTime();
	}
	if (previousMs === null) return afterMs;
	const { intervalMs } = spec.when;
	const missed = Math.max(0, Math.floor((afterMs - previousMs) / intervalMs));
	return previousMs + (missed + 1) * intervalMs;
}

/** Changes whenever the job's schedule does: a persisted next run of another schedule is void. */
export function scheduleFingerprint(spec: CronSpec): string {
	return JSON.stringify(spec.when);
}

function toWhen(id: string, schedule: Schedule): CronSpec['when'] {
	switch (schedule.type) {
		case 'interval': {
			const { seconds = 0, minutes = 0, hours = 0 } = schedule;
			return { intervalMs: (seconds + minutes * 60 + hours * 3600) * SECOND_MS };
		}
		case 'hourly':
			return { expression: `${schedule.minuteUTC ?? spreadMinute(id)} * * * *` };
		case 'daily':
			return { expression: `${schedule.minuteUTC ?? spreadMinute(id)} ${schedule.hourUTC} * * *` };
		case 'weekly': {
			const day = DAYS.indexOf(schedule.dayOfWeek);
			return {
				expression: `${schedule.minuteUTC ?? spreadMinute(id)} ${schedule.hourUTC} * * ${day}`,
			};
		}
		case 'monthly':
			return {
				expression: `${schedule.minuteUTC ?? spreadMinute(id)} ${schedule.hourUTC} ${schedule.day} * *`,
			};
		case 'cron':
			return { expression: schedule.cron.trim() };
	}
}

/** Without a minute Convex picks one per job; ours depends on the name only, so that it is the same after a restart. */
function spreadMinute(id: string): number {
	return createHash('sha256').update(id).digest()[0]! % 60;
}

function requireRunnable(spec: CronSpec): void {
	let next: number;
	try {
		next = nextRunMs(spec, 0, 0);
	} catch (error) {
		throw new PushError('InvalidCrons', 'crons', `"${spec.id}": ${(error as Error).message}`);
	}
	if (!Number.isFinite(next) || next <= 0) {
		throw new PushError(
			'InvalidCrons',
			'crons',
			`"${spec.id}" would never run. Change its schedule.`,
		);
	}
}
