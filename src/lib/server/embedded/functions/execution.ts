/**
 * What is known about the function that is running, found through AsyncLocalStorage by the one permanent
 * `globalThis.Convex` and by the replaced globals (Date, fetch, timers, console).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Deployment } from '../bundles/components.ts';
import type { Engine } from './engine.ts';
import type { SerialQueue } from './serialQueue.ts';
import type { Transaction } from '../storage/transaction.ts';
import type { Caller, ComponentPath, LogLines, UdfType } from '../types.ts';

/** One top-level query or mutation with everything it calls; nested calls share it. */
export interface FunctionTransaction {
	session: Transaction;
	isMutation: boolean;
	/** `Date.now()` for the whole transaction, ms since the epoch. */
	nowMs: number;
	random: () => number;
	/** Whether anything asked who is calling, so that results may be shared between identities if not. */
	usedIdentity: boolean;
	/** End cursor of the page as an earlier evaluation found it; keeps paginated subscriptions gapless. */
	journal: { pinned: string | null; produced: string | null };
	/** Run once it is durable (arm a job, unlink a file); a sub-transaction that rolls back takes its own away. */
	afterCommit: (() => void)[];
	/** Run should none of it become durable (unlink a new file). */
	afterLoss: (() => void)[];
}

export interface RequestInfo {
	requestId: string;
	ip: string | null;
	userAgent: string | null;
	authToken: string | null;
	scheduledFunctionId: string | null;
}

/** Node's names for what reached its last-resort listeners. */
export type StrayKind = 'unhandledRejection' | 'uncaughtException';

export interface Execution {
	engine: Engine;
	/** The version it started on; nested calls stay on it. */
	deployment: Deployment;
	kind: UdfType;
	component: ComponentPath;
	/** 'module/path:function'; for HTTP actions the route. */
	path: string;
	caller: Caller;
	request: RequestInfo;
	/** null in actions. */
	transaction: FunctionTransaction | null;
	/** Orders this function's asynchronous calls: while a nested call runs, its parent's operations wait. */
	queue: SerialQueue;
	/** Calls between functions so far, to stop endless recursion. */
	depth: number;
	hasPaginated: boolean;
	logLines: LogLines;
	/** Set when it returned, failed or ran out of time: whatever still runs in it is refused every operation. */
	isOver: boolean;
	/** The engine's last refusal, to recover its code from the plain Error that user code sees. */
	lastRefusal: { message: string; code: string } | null;
	/** An operation was refused: user code may have left the rejection to nobody. */
	hasRefused: boolean;
	/** Ends the function with an error nobody in it waits for; null while it cannot be ended so. */
	fail: ((error: unknown, kind: StrayKind) => void) | null;
	fetch: typeof globalThis.fetch;
}

const storage = new AsyncLocalStorage<Execution>();

export function currentExecution(): Execution | undefined {
	return storage.getStore();
}

export function runInside<T>(execution: Execution, run: () => T): T {
	return storage.run(execution, run);
}

/** Engine code called from user code must see real timers and the real Date. */
export function runOutside<T>(run: () => T): T {
	return storage.exit(run);
}
