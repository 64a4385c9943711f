/** Rows of search and vector indexes follow the documents, in the documents' own transaction. */
import type { StoredDocument } from '../storage/database.ts';
import type { KeyWrite } from '../types.ts';
import type { SearchWriter } from './searchDatabase.ts';
import { definitionOf, type SearchIndexInfo, type TextIndexInfo } from './searchIndexes.ts';
import { isSameTextRow, textRowOf, textRowWrites } from './textRows.ts';
import { isSameVectorRow, vectorRowOf } from './vectorRows.ts';

export interface DocumentChange {
	rid: number;
	previous: StoredDocument | null;
	next: StoredDocument | null;
}

export function insertSearchIndex(writer: SearchWriter, index: SearchIndexInfo): void {
	const definition = JSON.stringify(definitionOf(index));
	writer.insertIndex(index.id, index.tableNumber, index.name, definition, index.isStaged);
}

/** Also adds to `writes` what live searches must hear of. Vector searches have no readers to wake: only actions have them. */
export function moveSearchRows(
	writer: SearchWriter,
	index: SearchIndexInfo,
	change: DocumentChange,
	writes: KeyWrite[],
): void {
	if (index.kind === 'text') {
		moveTextRow(writer, index, change, writes);
		return;
	}
	const { rid, previous, next } = change;
	const before = previous && vectorRowOf(index, previous);
	const after = next && vectorRowOf(index, next);
	if (isSameVectorRow(before, after)) return;
	if (after) writer.putVector(index.id, rid, after);
	else writer.deleteVector(index.id, rid);
}

/**
 * A change that leaves the row as it was cannot change which documents match, nor their order: only searches that
 * returned this very document hear of it, through its key in `by_id`.
 */
function moveTextRow(
	writer: SearchWriter,
	index: TextIndexInfo,
	{ rid, previous, next }: DocumentChange,
	writes: KeyWrite[],
): void {
	const before = previous && textRowOf(index, previous);
	const after = next && textRowOf(index, next);
	if (isSameTextRow(before, after)) return;
	if (before) writes.push(...textRowWrites(index, before));
	if (after) {
		writes.push(...textRowWrites(index, after));
		writer.putText(index.id, rid, after);
	} else {
		writer.deleteText(index.id, rid);
	}
}

/** For documents that were there before the index. */
export function buildSearchRow(
	writer: SearchWriter,
	index: SearchIndexInfo,
	rid: number,
	document: StoredDocument,
): void {
	if (index.kind === 'text') {
		const row = textRowOf(index, document);
		if (row) writer.putText(index.id, rid, row);
	} else {
		const row = vectorRowOf(index, document);
		if (row) writer.putVector(index.id, rid, row);
	}
}
