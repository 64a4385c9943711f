/** What one transaction may read and write: Convex's limits, so that what works here works there. */
import { FunctionError } from './types.ts';

/** https://docs.convex.dev/production/state/limits, "Transactions". */
export interface TransactionLimits {
	documentsRead: number;
	bytesRead: number;
	/** Index ranges and point reads. */
	databaseQueries: number;
	documentsWritten: number;
	bytesWritten: number;
}

export const CONVEX_LIMITS: TransactionLimits = {
	documentsRead: 32_000,
	bytesRead: 16 * 1024 * 1024,
	databaseQueries: 4_096,
	documentsWritten: 16_000,
	bytesWritten: 16 * 1024 * 1024,
};

export type TransactionUsage = { [K in keyof TransactionLimits]: number };

const HOW_TO_READ_LESS =
	'Read less per function: use an index range that matches fewer documents, `take(n)` or pagination.';
const HOW_TO_WRITE_LESS =
	'Write less per mutation: split the work into several mutations, for example with the scheduler.';

/** Error code and sentence per limit; `limit` is the number that was passed. */
const FAILURES: {
	[K in keyof TransactionLimits]: { code: string; message: (limit: number) => string };
} = {
	documentsRead: {
		code: 'TooManyDocumentsRead',
		message: (limit) =>
			`Too many documents read in a single function execution (limit: ${limit}). ${HOW_TO_READ_LESS}`,
	},
	bytesRead: {
		code: 'TooManyBytesRead',
		message: (limit) =>
			`Too many bytes read in a single function execution (limit: ${limit} bytes). ${HOW_TO_READ_LESS}`,
	},
	databaseQueries: {
		code: 'TooManyReads',
		message: (limit) =>
			`Too many reads in a single function execution (limit: ${limit}). Read several documents with one index range instead of one by one.`,
	},
	documentsWritten: {
		code: 'TooManyWrites',
		message: (limit) =>
			`Too many writes in a single function execution (limit: ${limit}). ${HOW_TO_WRITE_LESS}`,
	},
	bytesWritten: {
		code: 'TooManyBytesWritten',
		message: (limit) =>
			`Too many bytes written in a single function execution (limit: ${limit} bytes). ${HOW_TO_WRITE_LESS}`,
	},
};

/** Counts one transaction's use. Throws FunctionError with the codes above. */
export class UsageMeter {
	readonly usage: TransactionUsage = {
		documentsRead: 0,
		bytesRead: 0,
		databaseQueries: 0,
		documentsWritten: 0,
		bytesWritten: 0,
	};
	readonly limits: TransactionLimits;

	constructor(limits: TransactionLimits) {
		this.limits = limits;
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

	#add(kind: keyof TransactionLimits, amount: number): void {
		this.usage[kind] += amount;
		const limit = this.limits[kind];
		if (this.usage[kind] > limit) {
			throw new FunctionError(FAILURES[kind].code, FAILURES[kind].message(limit));
		}
	}
}
