/** Transactions and calls between functions. */
import type { Engine, ResolvedFunction, TransactionCallOptions } from './engine.ts';
import type { Variables } from '../admin/variables.ts';
import { noteReported, recorded } from '../admin/executionRecords.ts';
import { DiskFailure } from '../storage/diskFailure.ts';
import type { Execution, FunctionTransaction } from './execution.ts';
import { toCallerError } from './failures.ts';
import type { FileStore } from './fileStore.ts';
import { keepLines } from './functionConsole.ts';
import { invoke } from './invoke.ts';
import type { PendingJob } from '../scheduler/jobs.ts';
import { JwtSigner } from './jwtSigner.ts';
import { childLaunch, type Launch } from './launch.ts';
import type { RunnerOptions } from './runnerOptions.ts';
import { seededRandom } from './seededRandom.ts';
import { SerialQueue } from './serialQueue.ts';
import { ACTION_LIMIT_MS, TRANSACTION_LIMIT_MS, withTimeLimit } from './timeLimits.ts';
import type { Transaction } from '../storage/transaction.ts';
import { FunctionError, type JsonValue } from '../types.ts';

export class FunctionEngine implements Engine {
	readonly options: RunnerOptions;
	readonly files: FileStore;
	readonly signer: JwtSigner;
	/** The deployment's own. */
	readonly variables: () => Variables;
	/** Set by the scheduler, which is made after. */
	onJob: (job: PendingJob) => void = () => {};
	private readonly fetch: typeof globalThis.fetch;
	/** Top-level functions under way. */
	private running = 0;
	private onIdle: (() => void)[] = [];

	constructor(
		options: RunnerOptions,
		files: FileStore,
		fetch: typeof globalThis.fetch,
		variables: () => Variables,
	) {
		this.options = options;
		this.variables = variables;
		this.files = files;
		this.signer = new JwtSigner(options.storage, options.cloudUrl ?? options.siteUrl);
		this.fetch = fetch;
	}

	jobCommitted(job: PendingJob): void {
		this.onJob(job);
	}

	execution(launch: Launch, transaction: FunctionTransaction | null): Execution {
		return {
			...launch,
			engine: this,
			transaction,
			queue: new SerialQueue(),
			hasPaginated: false,
			logLines: [],
			isOver: false,
			lastRefusal: null,
			hasRefused: false,
			fail: null,
			fetch: this.fetch,
		};
	}

	transaction(
		session: Transaction,
		isMutation: boolean,
		journal: string | null,
	): FunctionTransaction {
		return {
			session,
			isMutation,
			nowMs: Math.floor(this.options.clock.now()),
			random: seededRandom(),
			usedIdentity: false,
			journal: { pinned: journal, produced: null },
			afterCommit: [],
			afterLoss: [],
		};
	}

	/** A function that nobody else's transaction contains, under its time limit. */
	async runTop(
		execution: Execution,
		callee: ResolvedFunction,
		args: JsonValue,
	): Promise<JsonValue> {
		const { clock, timeLimitsMs } = this.options;
		const limitMs = execution.transaction
			? (timeLimitsMs?.transaction ?? TRANSACTION_LIMIT_MS)
			: (timeLimitsMs?.action ?? ACTION_LIMIT_MS);
		this.running++;
		try {
			return await recorded(execution, () =>
				withTimeLimit(clock, limitMs, execution.path, () => invoke(execution, callee.found, args)),
			);
		} finally {
			execution.isOver = true;
			this.running--;
			if (this.running === 0) for (const wake of this.onIdle.splice(0)) wake();
		}
	}

	get isIdle(): boolean {
		return this.running === 0;
	}

	/** Resolves when no function runs. */
	idle(): Promise<void> {
		if (this.running === 0) return Promise.resolve();
		return new Promise((resolve) => this.onIdle.push(resolve));
	}

	callInTransaction(
		caller: Execution,
		callee: ResolvedFunction,
		args: JsonValue,
		{ isStale, limits }: TransactionCallOptions,
	): Promise<JsonValue> {
		return caller.queue.run(async () => {
			requireRunning(caller);
			if (isStale) return this.callBeneath(caller, callee, args, limits);
			const transaction = caller.transaction!;
			const { session, afterCommit, afterLoss } = transaction;
			const effects = afterCommit.length;
			const losses = afterLoss.length;
			const child = this.execution(childLaunch(caller, callee), transaction);
			session.beginSub(limits);
			try {
				const value = await this.runChild(caller, child, callee, args);
				session.commitSub();
				return value;
			} catch (error) {
				session.rollbackSub();
				afterCommit.length = effects;
				afterCommit.push(...afterLoss.slice(losses));
				throw toCallerError(error, child);
			}
		});
	}

	async callFromAction(
		caller: Execution,
		callee: ResolvedFunction,
		args: JsonValue,
	): Promise<JsonValue> {
		const child = this.execution(childLaunch(caller, callee), null);
		const run = (): Promise<JsonValue> =>
			this.keepLines(caller, child, async () => {
				try {
					return await this.runTop(child, callee, args);
				} finally {
					noteReported(caller, child.logLines);
				}
			});
		try {
			if (callee.found.kind === 'action') return await run();
			if (callee.found.kind === 'query') {
				return await this.onSnapshot(null, (transaction) => {
					child.transaction = transaction;
					return run();
				});
			}
			const { value } = await this.inMutation((transaction) => {
				// It may have ended while this waited for other mutations.
				requireRunning(caller);
				child.transaction = transaction;
				return run();
			});
			return value;
		} catch (error) {
			throw toCallerError(error, child);
		}
	}

	async write<T>(
		caller: Execution,
		work: (transaction: FunctionTransaction) => T | Promise<T>,
	): Promise<T> {
		const { transaction } = caller;
		if (transaction) {
			return caller.queue.run(async () => {
				requireRunning(caller);
				return work(transaction);
			});
		}
		return (await this.inMutation(async (own) => work(own))).value;
	}

	async read<T>(caller: Execution, work: (transaction: FunctionTransaction) => T): Promise<T> {
		const { transaction } = caller;
		if (transaction) return caller.queue.now(() => work(transaction));
		return this.onSnapshot(null, async (own) => work(own));
	}

	/** One mutation, with what follows its commit. Rejects with what `run` rejects with; nothing is written then. */
	async inMutation<T>(
		run: (transaction: FunctionTransaction) => Promise<T>,
	): Promise<{ value: T; ts: bigint }> {
		const transactions: FunctionTransaction[] = [];
		try {
			const result = await this.options.storage.mutate(async (session) => {
				const transaction = this.transaction(session, true, null);
				transactions.push(transaction);
				return run(transaction);
			});
			for (const { afterCommit } of transactions) this.runEffects(afterCommit);
			return result;
		} catch (error) {
			// What a power failure may bring back keeps its files; the next start removes them if it does not.
			if (!(error instanceof DiskFailure && error.fate === 'unknown')) {
				for (const { afterLoss } of transactions) this.runEffects(afterLoss);
			}
			throw error;
		}
	}

	/** Nobody waits for what follows a transaction, and none of it may change how the transaction ended. */
	private runEffects(effects: (() => void)[]): void {
		for (const effect of effects) {
			try {
				effect();
			} catch (error) {
				this.options.log('storage.effectFailed', { error: String(error) });
			}
		}
	}

	async onSnapshot<T>(
		journal: string | null,
		run: (transaction: FunctionTransaction) => Promise<T>,
	): Promise<T> {
		const session = this.options.storage.snapshot();
		try {
			return await run(this.transaction(session, false, journal));
		} finally {
			session.dispose();
		}
	}

	/** On what the mutation started from: it sees none of the mutation's writes. */
	private async callBeneath(
		caller: Execution,
		callee: ResolvedFunction,
		args: JsonValue,
		limits: TransactionCallOptions['limits'],
	): Promise<JsonValue> {
		const { session, nowMs } = caller.transaction!;
		const stale = session.beneath();
		const transaction = { ...this.transaction(stale, false, null), nowMs };
		const child = this.execution(childLaunch(caller, callee), transaction);
		session.meter.begin(limits);
		try {
			return await this.runChild(caller, child, callee, args);
		} catch (error) {
			throw toCallerError(error, child);
		} finally {
			session.meter.end(true);
			stale.dispose();
			caller.transaction!.usedIdentity ||= transaction.usedIdentity;
		}
	}

	/** Under the limit of the function at the top, which waits for it. */
	private runChild(
		caller: Execution,
		child: Execution,
		callee: ResolvedFunction,
		args: JsonValue,
	): Promise<JsonValue> {
		return this.keepLines(caller, child, () => invoke(child, callee.found, args));
	}

	/** What a called function printed belongs to the caller's output. */
	private async keepLines<T>(
		caller: Execution,
		child: Execution,
		run: () => Promise<T>,
	): Promise<T> {
		try {
			return await run();
		} finally {
			keepLines(caller, child);
		}
	}
}

function requireRunning(execution: Execution): void {
	if (!execution.isOver) return;
	throw new FunctionError(
		'FunctionEnded',
		`${execution.path} has already ended. Await every promise before the function returns.`,
	);
}
