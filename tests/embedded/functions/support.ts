/** A runner over one fixture folder, with a data folder and a clock of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
	createFunctionRunner,
	type EmbeddedFunctions,
	type RunnerOptions,
} from '../../../src/lib/server/embedded/functions/functions.ts';
import {
	openStorage,
	type SqliteStorage,
} from '../../../src/lib/server/embedded/storage/storage.ts';
import type {
	Caller,
	Clock,
	FunctionOutcome,
	JsonValue,
	QueryOutcome,
} from '../../../src/lib/server/embedded/types.ts';

export const SITE_URL = 'http://app.example.test';
export const anonymous: Caller = { identity: null, isAdmin: false };
export const admin: Caller = { identity: null, isAdmin: true };

export function fixture(name: string): string {
	return path.join(import.meta.dirname, '..', 'fixtures', name, 'convex');
}

/** Real time unless told otherwise. */
export const realClock: Clock = {
	now: () => Date.now(),
	setTimeout(run, ms) {
		const timer = setTimeout(run, ms);
		return { cancel: () => clearTimeout(timer) };
	},
};

/** Time moves only when told; whatever becomes due then runs in order. */
export class ManualClock implements Clock {
	private nowMs: number;
	private timers: { at: number; run: () => void }[] = [];

	constructor(startMs = Date.UTC(2026, 0, 5, 12, 0, 0)) {
		this.nowMs = startMs;
	}

	now = (): number => this.nowMs;

	setTimeout = (run: () => void, ms: number): { cancel(): void } => {
		const timer = { at: this.nowMs + ms, run };
		this.timers.push(timer);
		return { cancel: () => void (this.timers = this.timers.filter((one) => one !== timer)) };
	};

	/** Fires what is due on the way, each at its own time, with the event loop turning in between. */
	async advance(ms: number): Promise<void> {
		const end = this.nowMs + ms;
		for (;;) {
			await settle();
			const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
			if (!next) break;
			this.timers = this.timers.filter((one) => one !== next);
			this.nowMs = Math.max(this.nowMs, next.at);
			next.run();
		}
		this.nowMs = end;
		await settle();
	}
}

/** Lets everything that only waits for the event loop (commits included) come to rest. */
export async function settle(turns = 30): Promise<void> {
	for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

export interface LoggedEvent {
	event: string;
	[field: string]: unknown;
}

export interface Opened {
	runner: EmbeddedFunctions;
	storage: SqliteStorage;
	events: LoggedEvent[];
	dataDir: string;
	query(name: string, args?: JsonValue, caller?: Caller): Promise<QueryOutcome>;
	/** The value; throws with the failure's message. */
	value(name: string, args?: JsonValue, caller?: Caller): Promise<JsonValue>;
	mutate(name: string, args?: JsonValue, caller?: Caller): Promise<FunctionOutcome>;
	act(name: string, args?: JsonValue, caller?: Caller): Promise<FunctionOutcome>;
	/** Keeps the data folder, for another start. */
	shutDown(): Promise<void>;
	close(): Promise<void>;
}

export async function openRunner(
	name: string,
	options: Partial<RunnerOptions> & { dataDir?: string } = {},
): Promise<Opened> {
	const dataDir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'embedded-'));
	const clock = options.clock ?? realClock;
	const storage = openStorage({ file: path.join(dataDir, 'convex.sqlite'), clock });
	const events: LoggedEvent[] = [];
	let runner: EmbeddedFunctions;
	try {
		runner = await createFunctionRunner({
			storage,
			folder: fixture(name),
			env: {},
			clock,
			log: (event, fields) => void events.push({ event, ...fields }),
			siteUrl: SITE_URL,
			...options,
			dataDir,
		});
	} catch (error) {
		await storage.close();
		if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
		throw error;
	}
	const call = (path: string, args: JsonValue, caller: Caller) => ({
		component: '',
		path,
		args,
		caller,
	});
	const query: Opened['query'] = async (path, args = {}, caller = anonymous) =>
		(await runner.runQueries([call(path, args, caller)]))[0]!;
	const shutDown = async () => {
		await runner.stop(1_000);
		await storage.close();
	};
	return {
		runner,
		storage,
		events,
		dataDir,
		query,
		async value(path, args, caller) {
			const { outcome } = await query(path, args, caller);
			if (!outcome.ok) throw new Error(outcome.failure.message);
			return outcome.value;
		},
		mutate: async (path, args = {}, caller = anonymous) =>
			(await runner.runMutation(call(path, args, caller))).outcome,
		act: (path, args = {}, caller = anonymous) => runner.runAction(call(path, args, caller)),
		shutDown,
		async close() {
			await shutDown();
			rmSync(dataDir, { recursive: true, force: true });
		},
	};
}

/** The value of a successful outcome; fails the test otherwise. */
export function valueOf(outcome: FunctionOutcome): JsonValue {
	if (!outcome.ok) throw new Error(`failed: ${outcome.failure.message}`);
	return outcome.value;
}

export function failureOf(outcome: FunctionOutcome) {
	if (outcome.ok) throw new Error(`did not fail: ${JSON.stringify(outcome.value)}`);
	return outcome.failure;
}
