/**
 * Mutations run one at a time, in the order they came; what several of them wrote goes to disk in one COMMIT. Nobody
 * learns of a result, good or bad, before everything it may have read is durable.
 *
 * A COMMIT blocks the event loop for as long as the disk takes. So it waits for the end of the loop's turn: requests
 * that arrived during the last COMMIT are all answered by the next, and a lone one waits for nothing. Because a
 * mutation's writes stay in memory until it is done, a COMMIT may also fall into the middle of a slow mutation.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { SqliteDatabase } from './sqlite.ts';
import { type Commit, FunctionError } from './types.ts';

/** Caps what one failed COMMIT can take with it, and the memory of results held back. */
const MAX_BATCH_MUTATIONS = 256;
/** Mutations that follow each other without ever ending the turn still see their results this soon. */
const MAX_BATCH_AGE_MS = 4;

export interface GroupCommitHooks {
	/** Called inside the transaction, right before COMMIT. */
	beforeCommit(): void;
	/** The batch is durable. Must not throw. */
	onDurable(commits: Commit[]): void;
	/** The batch is gone; in-memory state must return to the last durable commit. Must not throw. */
	onLost(): void;
}

export interface MutationJob<T> {
	/** Runs with nothing else running. */
	run(): Promise<T>;
	/** Called once `run` has resolved, inside the open transaction; null when there is nothing to write. */
	apply(): (() => Commit) | null;
}

interface Waiter {
	release(): void;
	fail(error: Error): void;
}

export class GroupCommit {
	#database: SqliteDatabase;
	#hooks: GroupCommitHooks;
	#queue: (() => Promise<void>)[] = [];
	#isPumping = false;
	#isClosed = false;
	#waiters: Waiter[] = [];
	#commits: Commit[] = [];
	#batchStartMs = 0;
	#isFlushScheduled = false;
	/** Why the batch that the running mutation has read from is gone, if it is. */
	#lost: Error | null = null;

	constructor(database: SqliteDatabase, hooks: GroupCommitHooks) {
		this.#database = database;
		this.#hooks = hooks;
	}

	/** Resolves with `run`'s value after COMMIT; rejects with `run`'s error, or 'CommitFailed'. */
	mutate<T>(job: MutationJob<T>): Promise<T> {
		return this.#enqueue<T>(async (resolve, reject) => {
			this.#lost = null;
			let waiter: Waiter;
			try {
				const value = await job.run();
				waiter = { release: () => resolve(value), fail: reject };
				if (this.#lost) throw this.#lost;
				this.#apply(job.apply());
			} catch (error) {
				waiter = { release: () => reject(error), fail: reject };
			}
			this.#waiters.push(waiter);
			this.#settleBatch();
		});
	}

	/** Runs alone, with no transaction open and everything before it durable. `run` may open its own. */
	exclusive<T>(run: () => Promise<T>): Promise<T> {
		return this.#enqueue<T>(async (resolve, reject) => {
			this.flush();
			try {
				resolve(await run());
			} catch (error) {
				if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
				reject(error);
			}
		});
	}

	/** COMMITs what has been applied so far and releases the results. Never throws. */
	flush(): void {
		const waiters = this.#waiters.splice(0);
		const commits = this.#commits.splice(0);
		if (commits.length > 0) {
			try {
				this.#hooks.beforeCommit();
				this.#database.exec('COMMIT');
			} catch (error) {
				const failure = this.#lose(error);
				for (const waiter of waiters) waiter.fail(failure);
				return;
			}
			this.#hooks.onDurable(commits);
		}
		for (const waiter of waiters) waiter.release();
	}

	/** Refuses further work and resolves when what was accepted is done. */
	async close(): Promise<void> {
		if (this.#isClosed) return;
		this.#isClosed = true;
		await new Promise<void>((resolve) => {
			this.#queue.push(async () => resolve());
			void this.#pump();
		});
		this.flush();
	}

	#enqueue<T>(
		task: (resolve: (value: T) => void, reject: (error: unknown) => void) => Promise<void>,
	): Promise<T> {
		if (this.#isClosed) {
			return Promise.reject(
				new FunctionError('StorageClosed', 'The server is shutting down. Try again in a moment.'),
			);
		}
		// Whoever set the pump going, a task runs in the async context of its own caller.
		const inCallersContext = AsyncLocalStorage.snapshot();
		return new Promise<T>((resolve, reject) => {
			this.#queue.push(() => inCallersContext(task, resolve, reject));
			void this.#pump();
		});
	}

	async #pump(): Promise<void> {
		if (this.#isPumping) return;
		this.#isPumping = true;
		for (let task = this.#queue.shift(); task; task = this.#queue.shift()) await task();
		this.#isPumping = false;
	}

	#apply(apply: (() => Commit) | null): void {
		if (!apply) return;
		try {
			if (!this.#database.inTransaction) {
				this.#database.exec('BEGIN IMMEDIATE');
				this.#batchStartMs = performance.now();
			}
			this.#commits.push(apply());
		} catch (error) {
			// SQLite may have given up the whole transaction (disk full): the batch is not to be trusted any more.
			const failure = this.#lose(error);
			this.#commits.length = 0;
			for (const waiter of this.#waiters.splice(0)) waiter.fail(failure);
			throw failure;
		}
	}

	#settleBatch(): void {
		const isOld =
			this.#commits.length > 0 && performance.now() - this.#batchStartMs >= MAX_BATCH_AGE_MS;
		if (this.#commits.length === 0 || this.#commits.length >= MAX_BATCH_MUTATIONS || isOld) {
			this.flush();
		} else if (!this.#isFlushScheduled) {
			this.#isFlushScheduled = true;
			setImmediate(() => {
				this.#isFlushScheduled = false;
				// An exclusive task may have the connection by now; it has flushed already.
				if (this.#waiters.length > 0) this.flush();
			});
		}
	}

	#lose(cause: unknown): Error {
		try {
			if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
		} finally {
			this.#hooks.onLost();
		}
		const failure = new FunctionError(
			'CommitFailed',
			'The change could not be written to disk, and nothing of it was kept. Check the free space and the disk of the ' +
				'server, then try again.',
		);
		failure.cause = cause;
		this.#lost = failure;
		return failure;
	}
}
