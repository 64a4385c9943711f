/**
 * Results of queries, kept while no commit touches what they read and shared by every socket and HTTP request that
 * asks the same. A commit marks the results it touches as stale and tells their watchers; who still wants the answer
 * asks again, and all who ask the same at once share one evaluation.
 */
import { createHash } from 'node:crypto';
import { isExactAt, toCachedResult, type CachedResult, type Watcher } from './cachedResult.ts';
import { RangeIndex } from './rangeIndex.ts';
import type {
	Commit,
	FunctionCall,
	FunctionRunner,
	KeyRange,
	KeyWrite,
	LogEvent,
	Timestamp,
} from '../types.ts';

/** A query with the keys under which its result may be found. Made by `prepareQuery`. */
export interface PreparedQuery {
	call: FunctionCall;
	journal: string | null;
	/** For a result that never asked who is calling. */
	sharedKey: string;
	/** For a result that did: the whole identity, not only its subject, is part of it. */
	ownKey: string;
	/** Function address: whether it asked for the identity last time is remembered per address. */
	address: string;
}

export interface Evaluation {
	/** Every result is exact at this timestamp. */
	ts: Timestamp;
	/** In the order asked. */
	results: CachedResult[];
}

export interface QueryCacheOptions {
	runner: FunctionRunner;
	latestTs: () => Timestamp;
	log: LogEvent;
	/** Results nobody watches are kept up to this much. */
	idleBytes?: number;
	showLogLines?: boolean;
}

const DEFAULT_IDLE_BYTES = 64 * 1024 * 1024;
/** Tries to serve from shared results; then one evaluation of everything, which is at one timestamp by itself. */
const SHARED_ATTEMPTS = 3;
/** Distinct function addresses whose use of the identity is remembered. */
const MAX_ADDRESS_HINTS = 10_000;

/** Admin or not is in the key: an internal function's result must never answer a public call. */
export function prepareQuery(call: FunctionCall, journal: string | null): PreparedQuery {
	const { component, path, args, caller } = call;
	const base = createHash('sha256')
		.update(JSON.stringify([component, path, journal, caller.isAdmin]))
		.update(JSON.stringify(args));
	const sharedKey = base.copy().update('|anyone').digest('base64');
	const ownKey = base.update(`|${JSON.stringify(caller.identity)}`).digest('base64');
	return { call, journal, sharedKey, ownKey, address: `${component}|${path}` };
}

export class QueryCache {
	private readonly options: QueryCacheOptions;
	private readonly results = new Map<string, CachedResult>();
	/** Unwatched results, oldest use first. */
	private readonly idle = new Map<string, CachedResult>();
	private idleBytes = 0;
	private readonly ranges = new RangeIndex<CachedResult>();
	private readonly inFlight = new Map<string, Promise<CachedResult>>();
	/** Calls of the runner under way, oldest first: how many commits had been seen when each began. */
	private readonly running = new Set<{ from: number }>();
	/** Commits since the oldest of them began: their snapshots may be older than these are. */
	private readonly recentCommits: Commit[] = [];
	private commitsSeen = 0;
	/** Goes up with every `invalidateAll`: what was started before must not be kept after. */
	private epoch = 0;
	/** Start numbers of the evaluations under way; what became idle since the oldest may still be wanted by it. */
	private readonly active = new Set<number>();
	private sequence = 0;
	private readonly usesIdentity = new Map<string, boolean>();

	constructor(options: QueryCacheOptions) {
		this.options = options;
	}

	get size(): number {
		return this.results.size;
	}

	/**
	 * @param minTs the answer must already contain everything up to here (read your own writes).
	 * @param use called once, synchronously with the answer, while it cannot be evicted: the place to `watch`.
	 */
	async evaluate<T>(
		queries: readonly PreparedQuery[],
		minTs: Timestamp,
		use: (evaluation: Evaluation) => T,
	): Promise<T> {
		const number = ++this.sequence;
		this.active.add(number);
		try {
			for (let attempt = 0; attempt < SHARED_ATTEMPTS; attempt++) {
				const results = await this.findOrRun(queries);
				const ts = this.commonTs(results, minTs);
				if (ts !== null) return use({ ts, results });
			}
			const results = await Promise.all(this.runTogether(queries, (query) => query.ownKey));
			return use({ ts: results[0]?.ts ?? this.options.latestTs(), results });
		} finally {
			this.active.delete(number);
			this.evict();
		}
	}

	/** False: the result is stale already; the watcher is not kept and must ask again. */
	watch(result: CachedResult, watcher: Watcher): boolean {
		if (!result.isCurrent || result.validBefore !== null) return false;
		result.watchers.add(watcher);
		if (this.idle.delete(result.key)) this.idleBytes -= result.bytes;
		return true;
	}

	unwatch(result: CachedResult, watcher: Watcher): void {
		if (!result.watchers.delete(watcher) || result.watchers.size > 0) return;
		if (this.results.get(result.key) === result) this.keepIdle(result);
	}

	/** Must be called for every commit, before a snapshot can show it. */
	onCommit(commit: Commit): void {
		this.commitsSeen += 1;
		if (this.running.size > 0) this.recentCommits.push(commit);
		for (const result of this.ranges.touched(commit.writes)) {
			if (commit.ts > result.ts) this.retire(result, commit.ts);
		}
	}

	/** After a push or a change of the environment: nothing computed before counts any more. */
	invalidateAll(): void {
		this.epoch += 1;
		const results = [...this.results.values()];
		for (const result of results) result.isCurrent = false;
		this.results.clear();
		this.idle.clear();
		this.idleBytes = 0;
		this.ranges.clear();
		this.inFlight.clear();
		this.usesIdentity.clear();
		for (const result of results) notify(result);
	}

	/** The newest timestamp at which all results are exact, or null when there is none from `minTs` on. */
	private commonTs(results: readonly CachedResult[], minTs: Timestamp): Timestamp | null {
		if (results.some((result) => !result.isCurrent)) return null;
		const latest = this.options.latestTs();
		if (results.every((result) => isExactAt(result, latest))) {
			return latest < minTs ? null : latest;
		}
		let newest = minTs;
		for (const result of results) if (result.ts > newest) newest = result.ts;
		return results.every((result) => isExactAt(result, newest)) ? newest : null;
	}

	private async findOrRun(queries: readonly PreparedQuery[]): Promise<CachedResult[]> {
		const found = queries.map((query) => this.find(query));
		const missing = queries.filter((_, index) => found[index] === null);
		const ran = this.runTogether(missing, (query) =>
			this.usesIdentity.get(query.address) === false ? query.sharedKey : query.ownKey,
		);
		const results = await Promise.all(found.map((result) => result ?? ran.shift()!));
		// Somebody else's evaluation under the shared key may have turned out to be theirs alone.
		const foreign = queries.filter((query, index) => !isFor(results[index]!, query));
		if (foreign.length === 0) return results;
		const again = this.runTogether(foreign, (query) => query.ownKey);
		return Promise.all(
			queries.map((query, index) =>
				isFor(results[index]!, query) ? results[index]! : again.shift()!,
			),
		);
	}

	private find(query: PreparedQuery): CachedResult | Promise<CachedResult> | null {
		const known = this.results.get(query.sharedKey) ?? this.results.get(query.ownKey);
		// A failure may have been a passing one (a time limit); it is repeated only to those who watch it.
		if (known && (known.ok || known.watchers.size > 0)) {
			if (this.idle.delete(known.key)) this.idle.set(known.key, known);
			known.idleSince = this.sequence;
			return known;
		}
		return this.inFlight.get(query.sharedKey) ?? this.inFlight.get(query.ownKey) ?? null;
	}

	/** One call of the runner for all distinct keys; one promise per query, in order. */
	private runTogether(
		queries: readonly PreparedQuery[],
		keyOf: (query: PreparedQuery) => string,
	): Promise<CachedResult>[] {
		const distinct = new Map<string, PreparedQuery>();
		for (const query of queries) {
			const key = keyOf(query);
			if (!distinct.has(key)) distinct.set(key, query);
		}
		if (distinct.size === 0) return [];
		const asked = [...distinct.values()];
		const batch = this.run(asked);
		const promises = new Map<string, Promise<CachedResult>>();
		[...distinct.keys()].forEach((key, index) => {
			const promise = batch.then((results) => results[index]!);
			promises.set(key, promise);
			this.inFlight.set(key, promise);
			const forget = () => {
				if (this.inFlight.get(key) === promise) this.inFlight.delete(key);
			};
			promise.then(forget, forget);
		});
		return queries.map((query) => promises.get(keyOf(query))!);
	}

	private async run(queries: readonly PreparedQuery[]): Promise<CachedResult[]> {
		const { runner, showLogLines } = this.options;
		const run = { from: this.commitsSeen };
		this.running.add(run);
		const { epoch } = this;
		const version = runner.version();
		try {
			const outcomes = await runner.runQueries(
				queries.map((query) => ({ ...query.call, journal: query.journal })),
			);
			return queries.map((query, index) => {
				const outcome = outcomes[index]!;
				const key = outcome.usedIdentity ? query.ownKey : query.sharedKey;
				const result = toCachedResult(key, outcome, query.journal, showLogLines ?? false);
				result.isCurrent = epoch === this.epoch && version === runner.version();
				if (result.isCurrent) this.remember(query, result);
				return result;
			});
		} finally {
			this.running.delete(run);
			this.trimCommits();
		}
	}

	private trimCommits(): void {
		const [oldest] = this.running;
		const wanted = oldest ? this.commitsSeen - oldest.from : 0;
		this.recentCommits.splice(0, this.recentCommits.length - wanted);
	}

	private remember(query: PreparedQuery, result: CachedResult): void {
		if (this.usesIdentity.size >= MAX_ADDRESS_HINTS) this.usesIdentity.clear();
		this.usesIdentity.set(query.address, result.usedIdentity);
		for (const commit of this.recentCommits) {
			if (commit.ts > result.ts && hits(commit.writes, result.readSet)) {
				result.validBefore = commit.ts;
				return;
			}
		}
		const other = this.results.get(result.key);
		if (other) {
			// Both are exact now, so they say the same; the one with the watchers stays. A watcher of this one is
			// sent back to ask again and finds the other.
			const next = (other.ts > result.ts ? other.ts : result.ts) + 1n;
			if (other.ok) {
				result.validBefore = next;
				return;
			}
			this.retire(other, next);
		}
		this.results.set(result.key, result);
		this.ranges.add(result, result.readSet);
		this.keepIdle(result);
	}

	private retire(result: CachedResult, ts: Timestamp): void {
		result.validBefore = ts;
		this.forget(result);
		notify(result);
	}

	private forget(result: CachedResult): void {
		this.results.delete(result.key);
		if (this.idle.delete(result.key)) this.idleBytes -= result.bytes;
		this.ranges.remove(result, result.readSet);
	}

	private keepIdle(result: CachedResult): void {
		result.idleSince = this.sequence;
		this.idle.set(result.key, result);
		this.idleBytes += result.bytes;
	}

	private evict(): void {
		const limit = this.options.idleBytes ?? DEFAULT_IDLE_BYTES;
		if (this.idleBytes <= limit) return;
		let oldestActive = Infinity;
		for (const number of this.active) oldestActive = Math.min(oldestActive, number);
		for (const result of this.idle.values()) {
			if (this.idleBytes <= limit || result.idleSince >= oldestActive) break;
			this.forget(result);
		}
	}
}

/** A shared result is for everybody; one that looked at the identity only for the same identity. */
function isFor(result: CachedResult, query: PreparedQuery): boolean {
	return result.key === query.sharedKey || result.key === query.ownKey;
}

function notify(result: CachedResult): void {
	const watchers = [...result.watchers];
	result.watchers.clear();
	for (const watcher of watchers) watcher.onStale();
}

/** Only for the rare commit that lands during an evaluation: plain comparison, no index. */
function hits(writes: readonly KeyWrite[], ranges: readonly KeyRange[]): boolean {
	return ranges.some((range) =>
		writes.some(
			(write) =>
				write.indexId === range.indexId &&
				Buffer.compare(range.start, write.key) <= 0 &&
				Buffer.compare(write.key, range.end) < 0,
		),
	);
}
