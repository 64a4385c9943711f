/** Carries a finished mutation's overlay into the open SQLite transaction. */
import { SCHEDULED_FUNCTIONS_TABLE, type IndexInfo, type TableInfo } from './catalog.ts';
import type { DatabaseWriter, StoredDocument } from './database.ts';
import { indexedValues, resolveCommitTs } from './documents.ts';
import type { Overlay, OverlayDocument } from './overlay.ts';
import { ANY_TABLE, PSEUDO_KEY, type UnknownTables } from './readSet.ts';
import { insertSearchIndex, moveSearchRows } from '../search/searchWrites.ts';
import type { Commit, KeyWrite, Timestamp } from '../types.ts';
import { encodeKey, type Key, keyToBytes } from './valueKeys.ts';

export interface ApplyContext {
	writer: DatabaseWriter;
	unknownTables: UnknownTables;
	ts: Timestamp;
	nowMs: number;
}

/** Writes everything and says which keys that touched. On a throw the caller must roll the transaction back. */
export function applyOverlay(overlay: Overlay, context: ApplyContext): Commit {
	const writes: KeyWrite[] = [];
	let touchedScheduler = false;
	for (const table of overlay.createdTables.values()) {
		createTable(context.writer, table);
		writes.push(...tableCreationWrites(table, context.unknownTables));
	}
	const counts = new Map<number, { table: TableInfo; change: number }>();
	for (const entry of overlay.documents.values()) {
		if (!entry.base && !entry.current) continue;
		applyDocument(entry, context, writes);
		const { table } = entry;
		const count = counts.get(table.number) ?? { table, change: 0 };
		count.change += (entry.current ? 1 : 0) - (entry.base ? 1 : 0);
		counts.set(table.number, count);
		if (entry.table.name === SCHEDULED_FUNCTIONS_TABLE) touchedScheduler = true;
	}
	for (const { table, change } of counts.values()) {
		if (change !== 0) context.writer.addToCount(table, change);
	}
	if (overlay.request) {
		const { sessionId, requestId, resultJson } = overlay.request;
		context.writer.saveRequest(sessionId, requestId, resultJson, context.ts, context.nowMs);
	}
	return { ts: context.ts, writes, touchedScheduler };
}

export function createTable(writer: DatabaseWriter, table: TableInfo): void {
	writer.insertTable(table.number, table.component, table.name, table.idNumber);
	for (const index of table.indexes) {
		writer.insertIndex(index);
	}
	for (const index of table.search) insertSearchIndex(writer.search, index);
}

/** Wakes whoever has looked for the table before it existed. */
export function tableCreationWrites(table: TableInfo, unknownTables: UnknownTables): KeyWrite[] {
	return [table.name, ANY_TABLE].flatMap((name) => {
		const indexId = unknownTables.find(table.component, name);
		return indexId === undefined ? [] : [{ indexId, key: keyToBytes(PSEUDO_KEY) }];
	});
}

function applyDocument(entry: OverlayDocument, context: ApplyContext, writes: KeyWrite[]): void {
	const { writer } = context;
	const previous = entry.base?.document ?? null;
	const next = finalDocument(entry, context.ts);
	let rid = entry.base?.rid ?? null;
	if (next === null) writer.deleteDocument(rid!);
	else if (rid === null) rid = writer.insertDocument(entry.table.number, JSON.stringify(next));
	else writer.updateDocument(rid, JSON.stringify(next));
	for (const index of entry.table.indexes) {
		const oldKey = previous && keyOf(index, previous);
		const newKey = next && keyOf(index, next);
		if (oldKey !== null) writes.push({ indexId: index.id, key: keyToBytes(oldKey) });
		if (oldKey === newKey) continue;
		if (oldKey !== null) writer.deleteEntry(index.id, oldKey);
		if (newKey !== null) {
			writer.insertEntry(index.id, newKey, rid!);
			writes.push({ indexId: index.id, key: keyToBytes(newKey) });
		}
	}
	for (const index of entry.table.search) {
		moveSearchRows(writer.search, index, { rid: rid!, previous, next }, writes);
	}
}

function finalDocument(entry: OverlayDocument, ts: Timestamp): StoredDocument | null {
	if (!entry.current) return null;
	const { document, hasCommitTs } = entry.current;
	return hasCommitTs ? (resolveCommitTs(document, ts) as StoredDocument) : document;
}

function keyOf(index: IndexInfo, document: StoredDocument): Key {
	return encodeKey(indexedValues(document, index.paths));
}
