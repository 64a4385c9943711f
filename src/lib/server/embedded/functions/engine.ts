/** What the operations of functions need of the engine around them. */
import type { FunctionTarget } from '../bundles/components.ts';
import type { Execution, FunctionTransaction } from './execution.ts';
import type { FileStore } from './fileStore.ts';
import type { PendingJob } from '../scheduler/jobs.ts';
import type { JwtSigner } from './jwtSigner.ts';
import type { TransactionLimits } from '../storage/limits.ts';
import type { LoadedFunction } from '../bundles/loadedFunctions.ts';
import type { RunnerOptions } from './runnerOptions.ts';
import type { JsonValue } from '../types.ts';

export interface ResolvedFunction {
	target: FunctionTarget;
	found: LoadedFunction;
}

export interface TransactionCallOptions {
	/** It sees what the caller's transaction started from, not the caller's writes. */
	isStale: boolean;
	/** The most it may use of its caller's limits. */
	limits: Partial<TransactionLimits>;
}

export interface Engine {
	readonly options: RunnerOptions;
	readonly files: FileStore;
	readonly signer: JwtSigner;
	/** A call inside the caller's transaction. */
	callInTransaction(
		caller: Execution,
		callee: ResolvedFunction,
		args: JsonValue,
		options: TransactionCallOptions,
	): Promise<JsonValue>;
	/** A call from an action: a transaction, or an action, of its own. */
	callFromAction(caller: Execution, callee: ResolvedFunction, args: JsonValue): Promise<JsonValue>;
	/** The caller's transaction when it has one, else a small mutation of its own (scheduling and files in actions). */
	write<T>(caller: Execution, work: (transaction: FunctionTransaction) => T): Promise<T>;
	/** As `write`, without the right to write. */
	read<T>(caller: Execution, work: (transaction: FunctionTransaction) => T): Promise<T>;
	/** Called once the transaction that scheduled it is durable. */
	jobCommitted(job: PendingJob): void;
}
