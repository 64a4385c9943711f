/** What one client is subscribed to, and the Transitions that keep it up to date. */
import { isExactAt, type CachedResult, type Watcher } from './cachedResult.ts';
import {
	prepareQuery,
	type Evaluation,
	type PreparedQuery,
	type QueryCache,
} from './subscriptions.ts';
import { ProtocolViolation, type AddQueryMessage } from './syncMessages.ts';
import {
	removedJson,
	resultJson,
	splitTransition,
	transitionJson,
	type StateVersion,
} from './syncTransition.ts';
import type { Caller, Clock, Timestamp } from '../types.ts';

export interface QuerySetOptions {
	cache: QueryCache;
	clock: Clock;
	maxSubscriptions: number;
	send: (text: string) => void;
	/** Resolves when little waits to be sent: a slow reader gets fewer, newer Transitions. */
	drained: () => Promise<void>;
	/** The engine failed; the socket cannot go on. */
	fail: (error: unknown) => void;
}

/** Tries to evaluate only what a commit touched; then everything at once, which is at one timestamp by itself. */
const PARTIAL_ATTEMPTS = 3;

interface LiveQuery extends Watcher {
	message: AddQueryMessage;
	prepared: PreparedQuery | null;
	journal: string | null;
	result: CachedResult | null;
	/** Fingerprint of what the client was last sent. */
	sent: string | null;
}

export class SyncQuerySet {
	private readonly options: QuerySetOptions;
	private caller: Caller;
	private querySetVersion = 0;
	private identityVersion = 0;
	/** Client clock minus ours at Connect. */
	private clockSkewMs: number | null = null;
	/** What the client holds. */
	private sent: StateVersion = { querySet: 0, identity: 0, ts: 0n };
	private readonly queries = new Map<number, LiveQuery>();
	/** To be evaluated. The results of all others are watched, so they still hold: a commit costs what it touches. */
	private stale = new Set<LiveQuery>();
	private removed: number[] = [];
	/** The next Transition must reach this far, and is sent even if it says nothing new. */
	private owedTs: Timestamp | null = null;
	private isDirty = false;
	private isPumping = false;
	private isEnded = false;
	private transitions = 0;

	constructor(options: QuerySetOptions, caller: Caller) {
		this.options = options;
		this.caller = caller;
	}

	get size(): number {
		return this.queries.size;
	}

	get identity(): number {
		return this.identityVersion;
	}

	setClockSkew(ms: number): void {
		this.clockSkewMs = ms;
	}

	/** @throws ProtocolViolation */
	modify(
		baseVersion: number,
		newVersion: number,
		modifications: readonly (AddQueryMessage | { type: 'Remove'; queryId: number })[],
	): void {
		if (baseVersion !== this.querySetVersion || newVersion <= baseVersion) {
			throw new ProtocolViolation('ModifyQuerySet was based on another query set version.');
		}
		for (const modification of modifications) {
			if (modification.type === 'Add') this.add(modification);
			else this.remove(modification.queryId);
		}
		this.querySetVersion = newVersion;
		this.wake();
	}

	/** The client learns that its token was accepted by the identity version of the next Transition. */
	changeCaller(caller: Caller): void {
		this.caller = caller;
		this.identityVersion += 1;
		for (const query of this.queries.values()) {
			query.prepared = null;
			this.stale.add(query);
		}
		this.wake();
	}

	/** After a MutationResponse: its promise resolves at the first later Transition that reaches `ts`. */
	owe(ts: Timestamp): void {
		if (this.owedTs === null || this.owedTs < ts) this.owedTs = ts;
		this.wake();
	}

	/** Something the client should be told may have changed. */
	wake(): void {
		this.isDirty = true;
		if (this.isPumping || this.isEnded) return;
		this.isPumping = true;
		void this.pump()
			.catch((error: unknown) => this.options.fail(error))
			.finally(() => {
				this.isPumping = false;
				if (this.isDirty) this.wake();
			});
	}

	dispose(): void {
		this.isEnded = true;
		for (const query of this.queries.values()) this.release(query);
		this.queries.clear();
		this.stale.clear();
	}

	private add(message: AddQueryMessage): void {
		const { maxSubscriptions } = this.options;
		if (this.queries.has(message.queryId)) {
			throw new ProtocolViolation('A query id was added twice.');
		}
		if (this.queries.size >= maxSubscriptions) {
			throw new ProtocolViolation(`More than ${maxSubscriptions} subscriptions on one socket.`);
		}
		const query: LiveQuery = {
			message,
			prepared: null,
			journal: message.journal,
			result: null,
			sent: null,
			onStale: () => {
				this.stale.add(query);
				this.wake();
			},
		};
		this.queries.set(message.queryId, query);
		this.stale.add(query);
	}

	private remove(queryId: number): void {
		const query = this.queries.get(queryId);
		if (!query) return;
		this.release(query);
		this.queries.delete(queryId);
		this.stale.delete(query);
		this.removed.push(queryId);
	}

	private async pump(): Promise<void> {
		let attempts = 0;
		while (this.isDirty && !this.isEnded) {
			// What arrives or commits in the same turn of the event loop is answered together.
			await new Promise((resolve) => setImmediate(resolve));
			await this.options.drained();
			if (this.isEnded) return;
			this.isDirty = false;
			if (attempts >= PARTIAL_ATTEMPTS) this.stale = new Set(this.queries.values());
			attempts = (await this.transition()) ? 0 : attempts + 1;
		}
	}

	/** False: a commit within the evaluation's time touched what was left out of it; nothing was sent. */
	private async transition(): Promise<boolean> {
		const target = { querySet: this.querySetVersion, identity: this.identityVersion };
		const { owedTs, removed, stale } = this;
		this.removed = [];
		this.stale = new Set();
		const minTs = owedTs !== null && owedTs > this.sent.ts ? owedTs : this.sent.ts;
		const asked = [...stale];
		const prepared = asked.map((query) => this.prepare(query));
		return this.options.cache.evaluate(prepared, minTs, (evaluation) => {
			if (this.isEnded) return true;
			if (!this.restHoldsAt(evaluation.ts, stale)) {
				for (const query of asked) if (this.isLive(query)) this.stale.add(query);
				this.removed = [...removed, ...this.removed];
				this.isDirty = true;
				return false;
			}
			const modifications = removed.map(removedJson);
			this.adopt(asked, evaluation, modifications);
			const isNews =
				owedTs !== null ||
				modifications.length > 0 ||
				target.querySet !== this.sent.querySet ||
				target.identity !== this.sent.identity;
			if (!isNews) return true;
			if (this.owedTs === owedTs) this.owedTs = null;
			const { ts } = evaluation;
			this.send({ ...target, ts: ts > this.sent.ts ? ts : this.sent.ts }, modifications);
			return true;
		});
	}

	/** Only what became stale since the evaluation began can have changed before its timestamp. */
	private restHoldsAt(ts: Timestamp, asked: ReadonlySet<LiveQuery>): boolean {
		for (const query of this.stale) {
			const { result } = query;
			if (asked.has(query) || !result) continue;
			if (!result.isCurrent || !isExactAt(result, ts)) return false;
		}
		return true;
	}

	/** Removed while it was being evaluated, or removed and another added under its id: not live. */
	private isLive(query: LiveQuery): boolean {
		return this.queries.get(query.message.queryId) === query;
	}

	private adopt(asked: LiveQuery[], { results }: Evaluation, modifications: string[]): void {
		asked.forEach((query, index) => {
			if (!this.isLive(query)) return;
			const result = results[index]!;
			this.follow(query, result);
			if (query.sent === result.fingerprint) return;
			query.sent = result.fingerprint;
			modifications.push(resultJson(query.message.queryId, result));
		});
	}

	private send(end: StateVersion, modifications: string[]): void {
		const nowMs = this.options.clock.now();
		const json = transitionJson(this.sent, end, modifications, this.clockSkewMs, nowMs);
		this.sent = end;
		this.transitions += 1;
		// In one go: nothing may come between the parts.
		for (const part of splitTransition(json, String(this.transitions))) this.options.send(part);
	}

	private prepare(query: LiveQuery): PreparedQuery {
		const { componentPath, udfPath, args } = query.message;
		query.prepared ??= prepareQuery(
			{ component: componentPath, path: udfPath, args, caller: this.caller },
			query.journal,
		);
		return query.prepared;
	}

	private follow(query: LiveQuery, result: CachedResult): void {
		if (query.journal !== result.journal) {
			query.journal = result.journal;
			query.prepared = null;
		}
		if (query.result !== result) this.release(query);
		query.result = result;
		if (!this.options.cache.watch(result, query)) query.onStale();
	}

	private release(query: LiveQuery): void {
		if (query.result) this.options.cache.unwatch(query.result, query);
		query.result = null;
	}
}
