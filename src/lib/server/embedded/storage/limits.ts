/** What one transaction may read, write, schedule and store: Convex's limits, so that what works here works there. */
import { FunctionError } from '../types.ts';

/** Keys and order of `TransactionMetrics` in convex/server. */
export interface TransactionLimits {
	bytesRead: number;
	bytesWritten: number;
	/** Index ranges and point reads. */
	databaseQueries: number;
	documentsRead: number;
	documentsWritten: number;
	functionsScheduled: number;
	scheduledFunctionArgsBytes: number;
	filesWritten: number;
	fileWriteBytes: number;
	filesRead: number;
	fileReadBytes: number;
}

const MIB = 1024 * 1024;

/**
 * Convex docs, "Limits": "Transactions", and "Execution time and scheduling" for what is scheduled. Of files read and
 * written by mutations the page names no limits; these keep one transaction from holding more than the others may.
 */
export const CONVEX_LIMITS: TransactionLimits = {
	bytesRead: 16 * MIB,
	bytesWritten: 16 * MIB,
	databaseQueries: 4_096,
	documentsRead: 32_000,
	documentsWritten: 16_000,
	functionsScheduled: 1_000,
	scheduledFunctionArgsBytes: 16 * MIB,
	filesWritten: 1_000,
	fileWriteBytes: 64 * MIB,
	filesRead: 1_000,
	fileReadBytes: 64 * MIB,
};

export type LimitKind = keyof TransactionLimits;
export type TransactionUsage = TransactionLimits;
export type TransactionMetrics = { [K in LimitKind]: { used: number; remaining: number } };

const KINDS = Object.keys(CONVEX_LIMITS) as LimitKind[];
/** Undone with the writes of a sub-transaction; what was read stays read. */
const UNDONE: LimitKind[] = [
	'bytesWritten',
	'documentsWritten',
	'functionsScheduled',
	'scheduledFunctionArgsBytes',
	'filesWritten',
	'fileWriteBytes',
];

/** Convex's words, as its users report them. */
const READ_LESS =
	'Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective ' +
	'index range expressions.';
const WRITE_LESS =
	'Write less per mutation: split the work into several mutations, for example with the scheduler.';
const SCHEDULE_LESS = 'Schedule one function that schedules the rest.';
const FILES_LESS = 'Move files in actions, or in several mutations.';
const ONE_FUNCTION = 'in a single function execution';

/** Error code, text and advice per limit; `limit` is the number that was passed. */
const FAILURES: { [K in LimitKind]: { code: string; message: (limit: number) => string } } = {
	bytesRead: {
		code: 'TooManyBytesRead',
		message: (limit) => `Too many bytes read ${ONE_FUNCTION} (limit: ${limit} bytes). ${READ_LESS}`,
	},
	bytesWritten: {
		code: 'TooManyBytesWritten',
		message: (limit) =>
			`Too many bytes written ${ONE_FUNCTION} (limit: ${limit} bytes). ${WRITE_LESS}`,
	},
	databaseQueries: {
		code: 'TooManyReads',
		message: (limit) => `Too many reads ${ONE_FUNCTION} (limit: ${limit}). ${READ_LESS}`,
	},
	documentsRead: {
		code: 'TooManyDocumentsRead',
		message: (limit) => `Too many documents read ${ONE_FUNCTION} (limit: ${limit}). ${READ_LESS}`,
	},
	documentsWritten: {
		code: 'TooManyWrites',
		message: (limit) => `Too many writes ${ONE_FUNCTION} (limit: ${limit}). ${WRITE_LESS}`,
	},
	functionsScheduled: {
		code: 'TooManyScheduled',
		message: (limit) =>
			`Too many functions scheduled by this mutation (limit: ${limit}). ${SCHEDULE_LESS}`,
	},
	scheduledFunctionArgsBytes: {
		code: 'TooManyScheduled',
		message: (limit) =>
			'Too large total size of the arguments of scheduled functions from this mutation ' +
			`(limit: ${limit} bytes). ${SCHEDULE_LESS}`,
	},
	filesWritten: {
		code: 'TooManyFiles',
		message: (limit) => `Too many files stored ${ONE_FUNCTION} (limit: ${limit}). ${FILES_LESS}`,
	},
	fileWriteBytes: {
		code: 'TooManyFileBytes',
		message: (limit) =>
			`Too many bytes stored in files ${ONE_FUNCTION} (limit: ${limit} bytes). ${FILES_LESS}`,
	},
	filesRead: {
		code: 'TooManyFiles',
		message: (limit) => `Too many files read ${ONE_FUNCTION} (limit: ${limit}). ${FILES_LESS}`,
	},
	fileReadBytes: {
		code: 'TooManyFileBytes',
		message: (limit) =>
			`Too many bytes read from files ${ONE_FUNCTION} (limit: ${limit} bytes). ${FILES_LESS}`,
	},
};

/** One called function within the transaction. */
interface Frame {
	/** What had been used when it began. */
	base: TransactionUsage;
	/** The most that may have been used when it ends: its caller's, lowered by `transactionLimits`. */
	ceilings: TransactionLimits;
	/** What of that it may use by itself, for errors. */
	limits: TransactionLimits;
}

/** Counts one transaction's use, with the functions called in it. Throws FunctionError with the codes above. */
export class UsageMeter {
	readonly usage: TransactionUsage = zero();
	#frames: Frame[];

	constructor(limits: TransactionLimits) {
		this.#frames = [{ base: zero(), ceilings: limits, limits }];
	}

	readDocument(bytes: number): void {
		this.#add('documentsRead', 1);
		this.#add('bytesRead', bytes);
	}

	readRange(): void {
		this.#add('databaseQueries', 1);
	}

	writeDocument(bytes: number): void {
		this.#add('documentsWritten', 1);
		this.#add('bytesWritten', bytes);
	}

	schedule(argsBytes: number): void {
		this.#add('functionsScheduled', 1);
		this.#add('scheduledFunctionArgsBytes', argsBytes);
	}

	storeFile(bytes: number): void {
		this.#add('filesWritten', 1);
		this.#add('fileWriteBytes', bytes);
	}

	readFile(bytes: number): void {
		this.#add('filesRead', 1);
		this.#add('fileReadBytes', bytes);
	}

	/** A function is called. `own`: the most it may use, itself and what it calls; never more than its caller has left. */
	begin(own: Partial<TransactionLimits> = {}): void {
		const caller = this.#frames.at(-1)!;
		const base = { ...this.usage };
		const ceilings = { ...caller.ceilings };
		const limits = { ...caller.limits };
		for (const kind of KINDS) {
			const limit = own[kind];
			if (limit === undefined || base[kind] + limit >= ceilings[kind]) continue;
			ceilings[kind] = base[kind] + limit;
			limits[kind] = limit;
		}
		this.#frames.push({ base, ceilings, limits });
	}

	/** @param isKept false: its writes are rolled back, and count no more. */
	end(isKept: boolean): void {
		const { base } = this.#frames.pop()!;
		if (isKept) return;
		for (const kind of UNDONE) this.usage[kind] = base[kind];
	}

	/** What the whole transaction has used, and what is left for the function that runs now. */
	metrics(): TransactionMetrics {
		const { ceilings } = this.#frames.at(-1)!;
		const metrics = {} as TransactionMetrics;
		for (const kind of KINDS) {
			const used = this.usage[kind];
			metrics[kind] = { used, remaining: Math.max(0, ceilings[kind] - used) };
		}
		return metrics;
	}

	#add(kind: LimitKind, amount: number): void {
		this.usage[kind] += amount;
		const { ceilings, limits } = this.#frames.at(-1)!;
		if (this.usage[kind] > ceilings[kind]) {
			throw new FunctionError(FAILURES[kind].code, FAILURES[kind].message(limits[kind]));
		}
	}
}

function zero(): TransactionUsage {
	const usage = {} as TransactionUsage;
	for (const kind of KINDS) usage[kind] = 0;
	return usage;
}

/** `transactionLimits` of a call. Throws FunctionError 'InvalidTransactionLimits'. */
export function readTransactionLimits(given: unknown): Partial<TransactionLimits> {
	if (given === undefined || given === null) return {};
	const limits: Partial<TransactionLimits> = {};
	for (const [name, value] of Object.entries(given as object)) {
		const isKnown = KINDS.includes(name as LimitKind);
		if (!isKnown || typeof value !== 'number' || !(value >= 0)) {
			throw new FunctionError(
				'InvalidTransactionLimits',
				`\`transactionLimits.${name}\` is not a limit of transactions, or not a number from 0 on. ` +
					`There are ${KINDS.join(', ')}.`,
			);
		}
		limits[name as LimitKind] = value;
	}
	return limits;
}
