/** A scheduled call on its way into `_scheduled_functions`. */
import type { ComponentPath, JsonValue } from './types.ts';

export const SCHEDULED_TABLE = '_scheduled_functions';

/** Per transaction: https://docs.convex.dev/production/state/limits, "Scheduled functions". */
export const MAX_SCHEDULED = 1_000;
export const MAX_SCHEDULED_ARGS_BYTES = 16 * 1024 * 1024;

export interface PendingJob {
	/** The component whose table holds the document. */
	component: ComponentPath;
	id: string;
	/** Milliseconds since the epoch, may be fractional. */
	dueMs: number;
}

export type JobState =
	| { kind: 'pending' }
	| { kind: 'inProgress' }
	| { kind: 'success' }
	| { kind: 'failed'; error: string }
	| { kind: 'canceled' };

/** The document in `_scheduled_functions`, as user code may read it. */
export interface JobDocument {
	_id: string;
	_creationTime: number;
	/** 'module:function', or a function handle when the function belongs to another component. */
	name: string;
	args: JsonValue[];
	scheduledTime: number;
	completedTime?: number;
	state: JobState;
}
