/** One page of a query: between two cursors, or from a cursor until the page is full. */
import { type CursorCodec, type CursorPosition, invalidCursor } from './cursors.ts';
import type { Stream } from './queries.ts';
import { FunctionError, type PageRequest, type PageResult } from '../types.ts';
import { afterKey, type Bounds, type Key } from './valueKeys.ts';

/**
 * A page reads no more than this share of what its function may still read: it would fail otherwise, and a subscription
 * to it for good.
 */
const MAX_SHARE = 0.75;
/** A page between two cursors asks to be split when it has read this share of its maximum. */
const SPLIT_SHARE = 0.75;

/** The most a page may read. */
export interface PageBudget {
	rows: number;
	bytes: number;
}

/** @param left what the function may still read */
export function pageBudget(request: PageRequest, left: PageBudget): PageBudget {
	return {
		rows: Math.min(request.maximumRowsRead ?? Infinity, Math.floor(left.rows * MAX_SHARE)),
		bytes: Math.min(request.maximumBytesRead ?? Infinity, Math.floor(left.bytes * MAX_SHARE)),
	};
}

export interface PageInterval {
	start: CursorPosition | null;
	end: CursorPosition | null;
}

/** Throws FunctionError 'InvalidPageSize' or InvalidCursor. */
export function readInterval(
	request: PageRequest,
	cursors: CursorCodec,
	fingerprint: Uint8Array,
): PageInterval {
	if (!Number.isInteger(request.pageSize) || request.pageSize <= 0) {
		throw new FunctionError(
			'InvalidPageSize',
			`\`options.numItems\` must be a positive integer. Received \`${request.pageSize}\`.`,
		);
	}
	const read = (cursor: string | null): CursorPosition | null => {
		if (cursor === null || cursor === undefined) return null;
		if (typeof cursor !== 'string') throw invalidCursor();
		return cursors.decode(cursor, fingerprint);
	};
	return { start: read(request.cursor), end: read(request.endCursor) };
}

/** The part of the query's bounds that lies between the two cursors; `(start, end]` in the query's direction. */
export function narrow(bounds: Bounds, interval: PageInterval, isDescending: boolean): Bounds {
	const { start, end } = interval;
	if (start === 'end') return { start: bounds.end, end: bounds.end };
	const narrowed = { ...bounds };
	if (isDescending) {
		if (start !== null && start.after < narrowed.end) narrowed.end = start.after;
		if (end !== null && end !== 'end' && end.after > narrowed.start) narrowed.start = end.after;
	} else {
		if (start !== null) narrowed.start = larger(narrowed.start, afterKey(start.after));
		if (end !== null && end !== 'end' && afterKey(end.after) < narrowed.end) {
			narrowed.end = afterKey(end.after);
		}
	}
	return narrowed.start < narrowed.end ? narrowed : { start: narrowed.start, end: narrowed.start };
}

/**
 * A page without an end cursor ends when it is full, or when it has read as much as it may; it is done only when it
 * found no further row, so the page after a full last page is empty.
 *
 * A page with an end cursor is read to that cursor whatever its size, or a gap would open before the next page. When it
 * reads more than it may on the way, it is cut short and says so: clients then ask for its two halves and show nothing
 * behind it until they have them. Before it comes to that, it asks to be split and is whole.
 */
export function readPage(
	stream: Stream,
	request: PageRequest,
	interval: PageInterval,
	budget: PageBudget,
	encode: (position: CursorPosition) => string,
): PageResult {
	const isPinned = interval.end !== null;
	const page: PageResult['page'] = [];
	const keys: Key[] = [];
	let bytesRead = 0;
	let isEnd = interval.start === 'end';
	let isCut = false;
	// At least one row, whatever the maximum, or the next page would start where this one did.
	const mayRead = () =>
		keys.length === 0 || (keys.length < budget.rows && bytesRead < budget.bytes);
	while (!isEnd && (isPinned || (mayRead() && page.length < request.pageSize))) {
		const pulled = stream.pull();
		if (!pulled) {
			isEnd = true;
		} else if (!mayRead()) {
			isCut = true;
			break;
		} else {
			bytesRead += pulled.row.sizeBytes;
			keys.push(pulled.row.key);
			if (pulled.isMatch) page.push(pulled.row.document);
		}
	}
	const lastKey = keys.at(-1);
	const end = interval.end ?? (isEnd || lastKey === undefined ? 'end' : { after: lastKey });
	const middle = keys[Math.max(0, Math.floor(keys.length / 2) - 1)];
	const isLarge =
		isPinned && (keys.length > budget.rows * SPLIT_SHARE || bytesRead > budget.bytes * SPLIT_SHARE);
	const canSplit = middle !== undefined && (keys.length > 1 || isCut);
	return {
		page,
		isDone: end === 'end',
		continueCursor: encode(end),
		splitCursor: canSplit ? encode({ after: middle }) : null,
		pageStatus: isCut ? 'SplitRequired' : isLarge && canSplit ? 'SplitRecommended' : null,
	};
}

function larger(a: Key, b: Key): Key {
	return a > b ? a : b;
}
