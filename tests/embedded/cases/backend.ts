/** What a case may ask of either backend. Values are Convex values, not JSON. */
import type { Value } from 'convex/values';

export interface Backend {
	query(path: string, args?: Record<string, Value>): Promise<any>;
	mutation(path: string, args?: Record<string, Value>): Promise<any>;
	action(path: string, args?: Record<string, Value>): Promise<any>;
	/** Lets everything that is due, and what that schedules, run to its end. */
	runScheduled(): Promise<void>;
}

export type BackendName = 'convexTest' | 'embedded';

export interface Case {
	name: string;
	/** Backend -> why it cannot be held to this. */
	skip?: Partial<Record<BackendName, string>>;
	run(backend: Backend): Promise<void>;
}
