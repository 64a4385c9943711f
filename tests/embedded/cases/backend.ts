/** What a case may ask of either backend. Values are Convex values, not JSON. */
import type { Value } from 'convex/values';

/** What a function gives back is checked by the case's own expectations, not by types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Returned = any;

export interface Backend {
	query(path: string, args?: Record<string, Value>): Promise<Returned>;
	mutation(path: string, args?: Record<string, Value>): Promise<Returned>;
	action(path: string, args?: Record<string, Value>): Promise<Returned>;
	/** A request to an HTTP action; the path begins with '/'. */
	fetch(path: string, init?: RequestInit): Promise<Response>;
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
