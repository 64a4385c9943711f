/** Search and vector indexes on a schema push; part of the push's transaction. */
import type { TableInfo } from '../storage/catalog.ts';
import type { StoredDocument } from '../storage/database.ts';
import type { TableDefinition } from '../types.ts';
import type { SearchWriter } from './searchDatabase.ts';
import {
	declaredSearchIndexes,
	definitionOf,
	makeSearchIndex,
	type SearchIndexInfo,
	type WantedSearchIndex,
} from './searchIndexes.ts';
import { buildSearchRow, insertSearchIndex } from './searchWrites.ts';

export interface SearchPlan {
	/** With the present `isStaged`. */
	kept: SearchIndexInfo[];
	/** The part of `kept` that was staged, or no longer is. */
	restaged: SearchIndexInfo[];
	added: SearchIndexInfo[];
	dropped: SearchIndexInfo[];
}

export function planSearchIndexes(
	table: TableInfo,
	wanted: TableDefinition,
	nextId: () => number,
): SearchPlan {
	const declared = declaredSearchIndexes(wanted);
	const plan: SearchPlan = { kept: [], restaged: [], added: [], dropped: [] };
	for (const index of table.search) {
		const same = declared.find((other) => isSame(index, other));
		if (!same) {
			plan.dropped.push(index);
			continue;
		}
		const kept = { ...index, isStaged: same.isStaged };
		plan.kept.push(kept);
		if (kept.isStaged !== index.isStaged) plan.restaged.push(kept);
	}
	for (const other of declared) {
		if (table.search.some((index) => isSame(index, other))) continue;
		plan.added.push(makeSearchIndex(nextId(), table.number, other));
	}
	return plan;
}

/** All but the rows of added indexes, which come from the one walk over the table that all its new indexes share. */
export async function applySearchPlan(
	writer: SearchWriter,
	plan: SearchPlan,
	{ batchRows, pause }: { batchRows: number; pause: () => Promise<void> },
): Promise<void> {
	for (const index of plan.dropped) {
		while (writer.deleteRows(index.id, batchRows) > 0) await pause();
		writer.deleteIndex(index.id);
	}
	for (const index of plan.restaged) writer.setStaged(index.id, index.isStaged);
	for (const index of plan.added) insertSearchIndex(writer, index);
}

export function buildSearchRows(
	writer: SearchWriter,
	plan: SearchPlan,
	rid: number,
	document: StoredDocument,
): void {
	for (const index of plan.added) buildSearchRow(writer, index, rid, document);
}

function isSame(index: SearchIndexInfo, wanted: WantedSearchIndex): boolean {
	return (
		index.name === wanted.name &&
		JSON.stringify(definitionOf(index)) === JSON.stringify(wanted.definition)
	);
}
