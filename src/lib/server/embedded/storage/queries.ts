/** One query being consumed: index rows through filters and limits, with a record of how far it got. */
import { compileFilter, type DocumentFilter } from './filters.ts';
import type { UsageMeter } from './limits.ts';
import type { MergedRow, RowSource } from './mergedRange.ts';
import type { ReadSource } from './readSet.ts';
import { FunctionError, type QueryJson } from '../types.ts';
import { afterKey, type Bounds, type Key } from './valueKeys.ts';

/** As in `convex/server`: QueryImpl refuses more. */
const MAX_OPERATORS = 256;

type Operator = { filter: DocumentFilter } | { remaining: number };

export interface StreamRow {
	row: MergedRow;
	/** False: read, but a filter dropped it. */
	isMatch: boolean;
}

/** Throws FunctionError 'InvalidQuery' or 'InvalidFilter'. */
export function compileOperators(operators: QueryJson['operators']): Operator[] {
	if (operators.length > MAX_OPERATORS) {
		throw new FunctionError(
			'InvalidQuery',
			`Can't construct query with more than ${MAX_OPERATORS} operators.`,
		);
	}
	return operators.map((operator) => {
		if ('filter' in operator) return { filter: compileFilter(operator.filter) };
		if (!Number.isInteger(operator.limit) || operator.limit < 0) {
			throw new FunctionError('InvalidQuery', 'A query limit must be a non-negative integer.');
		}
		return { remaining: operator.limit };
	});
}

/** How many index rows the operators can let through at most, when that is known before reading. */
export function expectedRows(operators: QueryJson['operators']): number | null {
	const first = operators[0];
	return first && 'limit' in first ? first.limit : null;
}

export class Stream implements ReadSource {
	readonly indexId: number;
	#rows: RowSource;
	#bounds: Bounds;
	#operators: Operator[];
	#meter: UsageMeter;
	#lastKey: Key | null = null;
	#isExhausted = false;

	constructor(
		indexId: number,
		rows: RowSource,
		bounds: Bounds,
		operators: Operator[],
		meter: UsageMeter,
	) {
		this.indexId = indexId;
		this.#rows = rows;
		this.#bounds = bounds;
		this.#operators = operators;
		this.#meter = meter;
	}

	/** The next matching row, or null at the end. */
	next(): MergedRow | null {
		for (;;) {
			const pulled = this.pull();
			if (!pulled) return null;
			if (pulled.isMatch) return pulled.row;
		}
	}

	/** The next row of the index, matching or not; null when the range or a limit is used up. */
	pull(): StreamRow | null {
		if (this.#isExhausted || this.#isLimitReached()) return null;
		const row = this.#rows.next();
		if (!row) {
			this.#isExhausted = true;
			return null;
		}
		this.#lastKey = row.key;
		this.#meter.readDocument(row.sizeBytes);
		return { row, isMatch: this.#passes(row) };
	}

	/** The whole interval was read: no document was left when it ended. */
	get isExhausted(): boolean {
		return this.#isExhausted;
	}

	consumed(): Bounds | null {
		if (this.#isExhausted) return this.#bounds;
		if (this.#lastKey === null) return null;
		return this.#rows.isDescending
			? { start: this.#lastKey, end: this.#bounds.end }
			: { start: this.#bounds.start, end: afterKey(this.#lastKey) };
	}

	close(): void {
		this.#rows.close();
	}

	#isLimitReached(): boolean {
		return this.#operators.some((operator) => 'remaining' in operator && operator.remaining === 0);
	}

	#passes(row: MergedRow): boolean {
		for (const operator of this.#operators) {
			if ('filter' in operator) {
				if (!operator.filter(row.document)) return false;
			} else {
				operator.remaining--;
			}
		}
		return true;
	}
}
