/** A scheduled call on its way into `_scheduled_functions`. */
import type { FunctionTarget } from '../bundles/components.ts';
import type { ComponentPath, JsonValue } from '../types.ts';

export const SCHEDULED_TABLE = '_scheduled_functions';

/** Of one call; Convex docs, "Limits", "Execution time and scheduling". Of all calls of a transaction: limits.ts. */
export const MAX_JOB_ARGS_BYTES = 4 * 1024 * 1024;

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
	/** 'module.js:function', as Convex documents it; a function of another component has that before it. See `jobName`. */
	name: string;
	args: JsonValue[];
	scheduledTime: number;
	completedTime?: number;
	state: JobState;
}

const FOREIGN = 'function://';

/** No function handle: only the scheduler reads it, and user code cannot write it. */
export function jobName(component: ComponentPath, target: FunctionTarget): string {
	if (target.component === component) return target.path.replace(':', '.js:');
	return `${FOREIGN}${target.component};${target.path}`;
}

export function jobTarget(component: ComponentPath, name: string): FunctionTarget {
	if (!name.startsWith(FOREIGN)) return { component, path: name.replace('.js:', ':') };
	const separator = name.indexOf(';');
	return { component: name.slice(FOREIGN.length, separator), path: name.slice(separator + 1) };
}
