/** A FunctionRunner without functions: a map of numbered cells, so that protocol tests decide every read and write. */
import type {
	Clock,
	Commit,
	FunctionCall,
	FunctionOutcome,
	FunctionRunner,
	JsonValue,
	KeyRange,
	QueryOutcome,
	Timestamp,
} from '../../../src/lib/server/embedded/types.ts';

export const INDEX_ID = 7;

export const keyOf = (cell: number): Uint8Array => Uint8Array.of(cell >> 8, cell & 0xff);

export function pointRange(cell: number): KeyRange {
	return { indexId: INDEX_ID, start: keyOf(cell), end: Uint8Array.of(...keyOf(cell), 0) };
}

export function gate(): { promise: Promise<void>; open: () => void } {
	let open!: () => void;
	const promise = new Promise<void>((resolve) => (open = resolve));
	return { promise, open };
}

type Args = { cell?: number; value?: JsonValue; from?: number; to?: number };

/**
 * Queries: `cells:get {cell}`, `cells:sum {from, to}`, `me:name`, `me:greeting` (no identity), `big:text {cell}`,
 * `page:list` (journal), `boom:boom`. Mutations: `cells:set {cell, value}`, `boom:boom`. Actions: `act:echo`.
 */
export class FakeRunner implements FunctionRunner {
	readonly cells = new Map<number, JsonValue>();
	readonly evaluated: string[] = [];
	readonly mutated: string[] = [];
	readonly httpRequests: { request: Request; identity: JsonValue | null }[] = [];
	latest: Timestamp = 1_000n;
	providers: JsonValue[] = [];
	/** Awaited before a query's snapshot is taken / after it was read / before a mutation commits. */
	beforeQuery: (() => Promise<void>) | null = null;
	afterRead: (() => Promise<void>) | null = null;
	beforeCommit: (() => Promise<void>) | null = null;
	respondHttp: (request: Request) => Response | Promise<Response> = () =>
		new Response('No matching routes found', { status: 404 });
	private readonly commitListeners = new Set<(commit: Commit) => void>();
	private readonly pushListeners = new Set<() => void>();
	private readonly answered = new Map<string, { outcome: FunctionOutcome; ts: Timestamp }>();
	private pushed = 1;
	private tail: Promise<unknown> = Promise.resolve();

	onCommit(listener: (commit: Commit) => void): () => void {
		this.commitListeners.add(listener);
		return () => this.commitListeners.delete(listener);
	}

	onPush(listener: () => void): () => void {
		this.pushListeners.add(listener);
		return () => this.pushListeners.delete(listener);
	}

	push(): void {
		this.pushed += 1;
		for (const listener of this.pushListeners) listener();
	}

	version(): number {
		return this.pushed;
	}

	authProviders(): JsonValue[] {
		return this.providers;
	}

	/** A commit of somebody else. */
	write(cell: number, value: JsonValue): Timestamp {
		this.cells.set(cell, value);
		this.latest += 10n;
		const writes = [{ indexId: INDEX_ID, key: keyOf(cell) }];
		const commit = { ts: this.latest, writes, touchedScheduler: false };
		for (const listener of this.commitListeners) listener(commit);
		return this.latest;
	}

	async pinSnapshot(): Promise<Timestamp> {
		return this.latest;
	}

	async signingKeys(): Promise<{ keys: JsonValue[] }> {
		return { keys: [] };
	}

	async runQueries(calls: (FunctionCall & { journal?: string | null })[]): Promise<QueryOutcome[]> {
		await this.beforeQuery?.();
		const ts = this.latest;
		const outcomes = calls.map((call) => this.evaluate(call, ts));
		await this.afterRead?.();
		return outcomes;
	}

	private evaluate(call: FunctionCall & { journal?: string | null }, ts: Timestamp): QueryOutcome {
		this.evaluated.push(`${call.path} ${JSON.stringify(call.args)}`);
		const args = call.args as Args;
		const done = (value: JsonValue, readSet: KeyRange[], extra: Partial<QueryOutcome> = {}) => ({
			outcome: { ok: true as const, value, logLines: ['[LOG] ran'] },
			ts,
			readSet,
			journal: null,
			usedIdentity: false,
			...extra,
		});
		const cell = args.cell ?? 0;
		switch (call.path) {
			case 'cells:get':
				return done(this.cells.get(cell) ?? null, [pointRange(cell)]);
			case 'cells:sum': {
				let sum = 0;
				for (const [key, value] of this.cells) {
					if (key >= args.from! && key < args.to!) sum += Number(value);
				}
				const range = { indexId: INDEX_ID, start: keyOf(args.from!), end: keyOf(args.to!) };
				return done(sum, [range]);
			}
			case 'me:name': {
				const name = (call.caller.identity as { name?: string } | null)?.name ?? null;
				return done(name, [], { usedIdentity: true });
			}
			case 'me:greeting':
				return done('hello', []);
			case 'big:text':
				return done('é'.repeat(Number(this.cells.get(cell) ?? 0)), [pointRange(cell)]);
			case 'page:list': {
				const pinned = call.journal ?? `end-${String(this.cells.get(cell) ?? 0)}`;
				return done(pinned, [pointRange(cell)], { journal: pinned });
			}
			default:
				return {
					...done(null, []),
					outcome: {
						ok: false,
						failure: { message: 'Server Error', data: { reason: 'boom' } },
						logLines: [],
					},
				};
		}
	}

	runMutation(
		call: FunctionCall & { session?: { sessionId: string; requestId: number } },
	): Promise<{ outcome: FunctionOutcome; ts: Timestamp | null }> {
		const run = async () => {
			const replay = call.session && `${call.session.sessionId}/${call.session.requestId}`;
			const known = replay && this.answered.get(replay);
			if (known) return known;
			this.mutated.push(`${call.path} ${JSON.stringify(call.args)}`);
			await this.beforeCommit?.();
			if (call.path !== 'cells:set') {
				const failure = { message: 'Server Error' };
				return { outcome: { ok: false as const, failure, logLines: [] }, ts: null };
			}
			const args = call.args as Args;
			const ts = this.write(args.cell!, args.value!);
			const answer = { outcome: { ok: true as const, value: args.value!, logLines: [] }, ts };
			if (replay) this.answered.set(replay, answer);
			return answer;
		};
		const result = this.tail.then(run);
		this.tail = result.catch(() => {});
		return result;
	}

	async runAction(call: FunctionCall): Promise<FunctionOutcome> {
		await this.beforeQuery?.();
		return { ok: true, value: call.args, logLines: [] };
	}

	async runHttpAction(request: Request, caller: { identity: JsonValue | null }): Promise<Response> {
		this.httpRequests.push({ request, identity: caller.identity });
		return this.respondHttp(request);
	}
}

/** Time stands still until a test moves it; due timers run inside `advance`. */
export class FakeClock implements Clock {
	private nowMs: number;
	private readonly timers = new Set<{ atMs: number; run: () => void }>();

	constructor(nowMs = 1_800_000_000_000) {
		this.nowMs = nowMs;
	}

	now(): number {
		return this.nowMs;
	}

	setTimeout(run: () => void, ms: number): { cancel(): void } {
		const timer = { atMs: this.nowMs + ms, run };
		this.timers.add(timer);
		return { cancel: () => this.timers.delete(timer) };
	}

	advance(ms: number): void {
		const untilMs = this.nowMs + ms;
		for (;;) {
			const due = [...this.timers].filter((timer) => timer.atMs <= untilMs);
			const next = due.sort((a, b) => a.atMs - b.atMs)[0];
			if (!next) break;
			this.timers.delete(next);
			this.nowMs = Math.max(this.nowMs, next.atMs);
			next.run();
		}
		this.nowMs = untilMs;
	}
}
