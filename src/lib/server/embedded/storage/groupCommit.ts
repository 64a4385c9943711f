/**
 * Mutations run one at a time, in the order they came; what several of them wrote goes to disk in one COMMIT. Nobody
 * learns of a result, good or bad, before everything it may have read is durable.
 *
 * A COMMIT blocks the event loop for as long as the disk takes. So it waits for the end of the loop's turn: requests
 * that arrived during the last COMMIT are all answered by the next, and a lone one waits for nothing. Because a
 * mutation's writes stay in memory until it is done, a COMMIT may also fall into the middle of a slow mutation.
 *
 * A COMMIT that fails when the log is flushed may lie in the log as a whole: told as failed, it would be back after a
 * crash. So after every failure a commit of its own, the fence, is written over that place. Until the disk takes it,
 * nothing else is written: the store is read-only.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { DiskFailure, isDiskError } from './diskFailure.ts';
import type { SqliteDatabase } from './sqlite.ts';
import { type Commit, FunctionError } from '../types.ts';

/** Caps what one failed COMMIT can take with it, and the memory of results held back. */
const MAX_BATCH_MUTATIONS = 256;
/** Mutations that follow each other without ever ending the turn still see their results this soon. */
const MAX_BATCH_AGE_MS = 4;
/** SQLite's code when fsync fails: all was written by then, and nobody knows how much of it reached the disk. */
const FLUSH_FAILED = 'SQLITE_IOERR_FSYNC';

export interface GroupCommitHooks {
	/** Called inside the transaction, right before COMMIT. */
	beforeCommit(): void;
	/** The batch is durable. Must not throw. */
	onDurable(commits: Commit[]): void;
	/** The batch is gone; in-memory state must return to the last durable commit. Must not throw. */
	onLost(): void;
	/** Called inside the fence's transaction: writes anything. */
	writeFence(): void;
	/** Nothing can be written since `cause`; or, null, it can again. Must not throw. */
	onReadOnly(cause: DiskFailure | null): void;
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
	/** Why nothing may be written before the fence, if so. */
	#unfenced: DiskFailure | null = null;

	constructor(database: SqliteDatabase, hooks: GroupCommitHooks) {
		this.#database = database;
		this.#hooks = hooks;
	}

	/** Resolves with `run`'s value after COMMIT; rejects with `run`'s error or a DiskFailure. */
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

	/** Mutations wait for the one that runs. */
	get hasQueued(): boolean {
		return this.#queue.length > 0;
	}

	/** Runs alone, with no transaction open and everything before it durable. `run` may open its own. */
	exclusive<T>(run: () => Promise<T>): Promise<T> {
		return this.#enqueue<T>(async (resolve, reject) => {
			this.flush();
			try {
				this.ensureWritable();
				resolve(await run());
			} catch (error) {
				if (isDiskError(error)) reject(this.#lose(error));
				else {
					this.#tryRollback();
					reject(error);
				}
			}
		});
	}

	/** Runs between batches, as a transaction by itself. @throws DiskFailure */
	writeNow(write: () => void): void {
		this.flush();
		this.ensureWritable();
		try {
			write();
		} catch (error) {
			throw this.#lose(error);
		}
	}

	/** Must not be called while a batch is open. @throws DiskFailure while the disk takes nothing */
	ensureWritable(): void {
		if (!this.#unfenced) return;
		try {
			this.#rollback();
			this.#database.exec('BEGIN IMMEDIATE');
			this.#hooks.writeFence();
			this.#database.exec('COMMIT');
		} catch (error) {
			this.#tryRollback();
			throw new DiskFailure(error);
		}
		this.#unfenced = null;
		this.#hooks.onReadOnly(null);
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
			if (this.#commits.length === 0) {
				this.ensureWritable();
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

	/** Undoes the batch, and says so in the words for people. */
	#lose(cause: unknown): DiskFailure {
		this.#tryRollback();
		this.#hooks.onLost();
		let failure = cause instanceof DiskFailure ? cause : new DiskFailure(cause);
		if (!this.#unfenced) {
			this.#unfenced = failure;
			this.#hooks.onReadOnly(failure);
		}
		try {
			this.ensureWritable();
		} catch {
			const wasWritten = (cause as { code?: string } | null)?.code === FLUSH_FAILED;
			if (wasWritten) failure = new DiskFailure(cause, 'unknown');
		}
		this.#lost = failure;
		return failure;
	}

	#rollback(): void {
		if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
	}

	#tryRollback(): void {
		try {
			this.#rollback();
		} catch {
			// The disk fails here, too: tried again before the next write.
		}
	}
}
