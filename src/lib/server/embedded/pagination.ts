/** One page of a query: between two cursors, or from a cursor until the page is full. */
import { type CursorCodec, type CursorPosition, invalidCursor } from './cursors.ts';
import type { Stream } from './queries.ts';
import { FunctionError, type PageRequest, type PageResult } from './types.ts';
import { afterKey, type Bounds, type Key } from './valueKeys.ts';

/**
 * Rows after which a page between two cursors asks to be split although the client set no maximum: half of what one
 * transaction may read, so that the page can still double before it fails.
 */
const SPLIT_ROWS = 16_000;
/** A page between two cursors asks to be split when it has read this share of the client's maximum. */
const SPLIT_SHARE = 0.75;

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
 * A page with an end cursor is read to that cursor whatever its size, or a gap would open before the next page; it asks
 * to be split when it grew too large. A page without one ends when it is full, or when it has read as much as it may;
 * it is done only when it found no further row, so the page after a full last page is empty.
 */
export function readPage(
	stream: Stream,
	request: PageRequest,
	interval: PageInterval,
	encode: (position: CursorPosition) => string,
): PageResult {
	const maxRows = request.maximumRowsRead ?? Infinity;
	const maxBytes = request.maximumBytesRead ?? Infinity;
	const isPinned = interval.end !== null;
	const page: PageResult['page'] = [];
	const keys: Key[] = [];
	let rowsRead = 0;
	let bytesRead = 0;
	let lastKey: Key | null = null;
	let isEnd = interval.start === 'end';
	const hasRoom = () =>
		page.length < request.pageSize && rowsRead < maxRows && bytesRead < maxBytes;
	// At least one row, whatever the maximum, or the next page would start where this one did.
	while (!isEnd && (isPinned || rowsRead === 0 || hasRoom())) {
		const row = stream.pull();
		if (!row) {
			isEnd = true;
			break;
		}
		rowsRead++;
		bytesRead += row.sizeBytes;
		lastKey = row.key;
		if (row.isMatch) {
			page.push(row.document);
			keys.push(row.key);
		}
	}
	const end = interval.end ?? (isEnd || lastKey === null ? 'end' : { after: lastKey });
	const middle = keys.length > 1 ? keys[Math.floor(keys.length / 2) - 1]! : null;
	const softRows = Number.isFinite(maxRows) ? maxRows * SPLIT_SHARE : SPLIT_ROWS;
	const isLarge = isPinned && (rowsRead > softRows || bytesRead > maxBytes * SPLIT_SHARE);
	return {
		page,
		isDone: end === 'end',
		continueCursor: encode(end),
		splitCursor: middle === null ? null : encode({ after: middle }),
		pageStatus: isLarge && middle !== null ? 'SplitRecommended' : null,
	};
}

function larger(a: Key, b: Key): Key {
	return a > b ? a : b;
}
