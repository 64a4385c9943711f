/** One query's or mutation's view of the database: a snapshot (or the newest state) plus what it has written itself. */
import {
	type Catalog,
	findTable,
	isSystemTable,
	newTable,
	type TableInfo,
	withTables,
} from './catalog.ts';
import { type CursorCodec, queryFingerprint } from './cursors.ts';
import { type DatabaseReader, parseDocument } from './database.ts';
import {
	checkTableName,
	insertDocument,
	patchDocument,
	removeDocument,
	replaceDocument,
	type WritableDocument,
	type WriteContext,
} from './documentWrites.ts';
import { checkSystemAccess, tableNameOfId, tableOfId } from './idRules.ts';
import { resolveSource } from './indexRange.ts';
import { type TransactionLimits, type TransactionUsage, UsageMeter } from './limits.ts';
import { MergedRange } from './mergedRange.ts';
import type { Overlay } from './overlay.ts';
import { narrow, readInterval, readPage } from './pagination.ts';
import { compileOperators, expectedRows, Stream } from './queries.ts';
import { ReadSet, type UnknownTables } from './readSet.ts';
import {
	type ComponentPath,
	type DbSession,
	FunctionError,
	type JsonValue,
	type KeyRange,
	type PageRequest,
	type PageResult,
	type QueryJson,
	type Timestamp,
} from './types.ts';
import { type Bounds, encodeKey, prefixBounds } from './valueKeys.ts';

/** What all transactions of one store share. */
export interface TransactionServices {
	limits: TransactionLimits;
	unknownTables: UnknownTables;
	cursors: CursorCodec;
	newId: (tableNumber: number) => string;
	/** Milliseconds, larger with every call. */
	nextCreationTime: () => number;
}

export interface TransactionOptions {
	reader: DatabaseReader;
	catalog: Catalog;
	ts: Timestamp;
	/** null: read-only. */
	overlay: Overlay | null;
	services: TransactionServices;
	onDispose: () => void;
}

export class Transaction implements DbSession {
	readonly ts: Timestamp;
	readonly isReadOnly: boolean;
	#reader: DatabaseReader;
	#catalog: Catalog;
	#overlay: Overlay | null;
	#services: TransactionServices;
	#onDispose: () => void;
	#meter: UsageMeter;
	#reads = new ReadSet();
	#streams = new Map<number, Stream | null>();
	#nextStreamId = 0;
	#isDisposed = false;

	constructor(options: TransactionOptions) {
		this.ts = options.ts;
		this.isReadOnly = options.overlay === null;
		this.#reader = options.reader;
		this.#catalog = options.catalog;
		this.#overlay = options.overlay;
		this.#services = options.services;
		this.#onDispose = options.onDispose;
		this.#meter = new UsageMeter(options.services.limits);
	}

	/** The catalog with this transaction's new tables. */
	get catalog(): Catalog {
		return this.#catalog;
	}

	/** What `1.0/getTransactionMetrics` reports of the database. */
	usage(): { usage: TransactionUsage; limits: TransactionLimits } {
		return { usage: { ...this.#meter.usage }, limits: this.#meter.limits };
	}

	get(
		component: ComponentPath,
		id: string,
		options: { table?: string; isSystem?: boolean } = {},
	): JsonValue {
		this.#use();
		const table = tableOfId(this.#catalog, component, 'get', id, options.table);
		if (!table) return null;
		const isSystem = options.isSystem ?? isSystemTable(options.table ?? '');
		checkSystemAccess(table, isSystem);
		return this.#find(table, id)?.document ?? null;
	}

	insert(component: ComponentPath, table: string, value: JsonValue): string {
		return this.#insert(component, table, value, false);
	}

	patch(component: ComponentPath, id: string, value: JsonValue, table?: string): void {
		const context = this.#writeContext(component, false);
		patchDocument(context, this.#findForWrite(component, 'patch', id, table, false), value);
	}

	replace(component: ComponentPath, id: string, value: JsonValue, table?: string): void {
		const context = this.#writeContext(component, false);
		replaceDocument(context, this.#findForWrite(component, 'replace', id, table, false), value);
	}

	remove(component: ComponentPath, id: string, table?: string): void {
		const context = this.#writeContext(component, false);
		removeDocument(context, this.#findForWrite(component, 'delete', id, table, false));
	}

	systemInsert(component: ComponentPath, table: string, value: JsonValue): string {
		return this.#insert(component, table, value, true);
	}

	systemPatch(component: ComponentPath, id: string, value: JsonValue): void {
		const context = this.#writeContext(component, true);
		patchDocument(context, this.#findForWrite(component, 'patch', id, undefined, true), value);
	}

	systemRemove(component: ComponentPath, id: string): void {
		const context = this.#writeContext(component, true);
		removeDocument(context, this.#findForWrite(component, 'delete', id, undefined, true));
	}

	count(component: ComponentPath, tableName: string): number {
		this.#use();
		const table = findTable(this.#catalog, component, tableName);
		if (!table) {
			this.#readUnknown(component, tableName);
			return 0;
		}
		this.#meter.readRange();
		const bounds = prefixBounds('');
		this.#reads.addSource({ indexId: table.byId.id, consumed: () => bounds });
		return this.#reader.count(table.byId.id) + (this.#overlay?.countDelta(table) ?? 0);
	}

	normalizeId(
		component: ComponentPath,
		table: string,
		id: string,
		isSystem?: boolean,
	): string | null {
		this.#use();
		if (isSystem !== undefined && isSystemTable(table) !== isSystem) return null;
		if (!findTable(this.#catalog, component, table)) {
			this.#readUnknown(component, table);
			return null;
		}
		return tableNameOfId(this.#catalog, component, id) === table ? id : null;
	}

	openStream(component: ComponentPath, query: QueryJson): number {
		this.#use();
		const streamId = this.#nextStreamId++;
		this.#streams.set(streamId, this.#open(component, query, null)?.stream ?? null);
		return streamId;
	}

	next(streamId: number): { value: JsonValue; done: boolean } {
		this.#use();
		const stream = this.#streams.get(streamId);
		if (stream === undefined) {
			throw new FunctionError(
				'InvalidQuery',
				"This query is closed and can't emit any more values.",
			);
		}
		const document = stream?.next() ?? null;
		return { value: document, done: document === null };
	}

	closeStream(streamId: number): boolean {
		this.#streams.get(streamId)?.close();
		return this.#streams.delete(streamId);
	}

	page(component: ComponentPath, request: PageRequest): PageResult {
		this.#use();
		const { cursors } = this.#services;
		const fingerprint = queryFingerprint(component, request.query);
		const interval = readInterval(request, cursors, fingerprint);
		const encode = (position: Parameters<CursorCodec['encode']>[0]) =>
			cursors.encode(position, fingerprint);
		const opened = this.#open(component, request.query, (bounds, isDescending) =>
			narrow(bounds, interval, isDescending),
		);
		if (!opened) {
			const continueCursor = encode(interval.end ?? 'end');
			return { page: [], isDone: true, continueCursor, splitCursor: null, pageStatus: null };
		}
		try {
			return readPage(opened.stream, request, interval, encode);
		} finally {
			opened.stream.close();
		}
	}

	// A query's sub-queries have nothing to roll back.
	beginSub(): void {
		this.#overlay?.beginSub();
	}

	commitSub(): void {
		this.#overlay?.commitSub();
	}

	rollbackSub(): void {
		this.#overlay?.rollbackSub();
	}

	readSet(): KeyRange[] {
		return this.#reads.ranges();
	}

	rememberRequest(sessionId: string, requestId: number, resultJson: string): void {
		this.#requireOverlay().request = { sessionId, requestId, resultJson };
	}

	dispose(): void {
		if (this.#isDisposed) return;
		this.#isDisposed = true;
		for (const stream of this.#streams.values()) stream?.close();
		this.#streams.clear();
		this.#onDispose();
	}

	#insert(
		component: ComponentPath,
		tableName: string,
		value: JsonValue,
		isTrusted: boolean,
	): string {
		const overlay = this.#requireOverlay();
		checkTableName(tableName, isTrusted);
		const before = this.#catalog;
		const existing = findTable(before, component, tableName);
		const table = existing ?? newTable(before, component, tableName);
		// Ahead of the write: the document may hold an id of its own table.
		if (!existing) this.#catalog = withTables(before, [table]);
		const id = this.#services.newId(table.number);
		try {
			const context = this.#writeContext(component, isTrusted);
			insertDocument(context, table, id, this.#services.nextCreationTime(), value);
		} catch (error) {
			this.#catalog = before;
			throw error;
		}
		if (!existing) {
			overlay.createdTables.set(table.number, table);
			overlay.undoable(() => {
				overlay.createdTables.delete(table.number);
				this.#catalog = before;
			});
		}
		return id;
	}

	#writeContext(component: ComponentPath, isTrusted: boolean): WriteContext {
		return {
			overlay: this.#requireOverlay(),
			meter: this.#meter,
			tableOfId: (id) => tableNameOfId(this.#catalog, component, id),
			isTrusted,
		};
	}

	#findForWrite(
		component: ComponentPath,
		method: string,
		id: string,
		tableName: string | undefined,
		isTrusted: boolean,
	): WritableDocument {
		const table = tableOfId(this.#catalog, component, method, id, tableName);
		if (table) checkTableName(table.name, isTrusted);
		const found = table ? this.#find(table, id) : null;
		if (!found) {
			const verb = method === 'delete' ? 'Delete' : 'Update';
			throw new FunctionError('NonexistentDocument', `${verb} on nonexistent document ID ${id}`);
		}
		return found;
	}

	/** A point read, recorded as one. */
	#find(table: TableInfo, id: string): WritableDocument | null {
		this.#meter.readRange();
		const key = encodeKey([id]);
		this.#reads.addPoint(table.byId.id, key);
		const written = this.#overlay?.documents.get(id);
		if (written) {
			if (!written.current) return null;
			this.#meter.readDocument(written.current.sizeBytes);
			return { table, document: written.current.document, base: written.base };
		}
		const row = this.#reader.point(table.byId.id, key);
		if (!row) return null;
		this.#meter.readDocument(row.json.length);
		const document = parseDocument(row.json);
		return { table, document, base: { rid: row.rid, document } };
	}

	/** null: the table does not exist. `limitTo` narrows the bounds before anything is read. */
	#open(
		component: ComponentPath,
		query: QueryJson,
		limitTo: ((bounds: Bounds, isDescending: boolean) => Bounds) | null,
	): { stream: Stream } | null {
		const operators = compileOperators(query.operators);
		const { target, tableName, isDescending } = resolveSource(
			this.#catalog,
			component,
			query.source,
		);
		if (!target) {
			this.#readUnknown(component, tableName);
			return null;
		}
		this.#meter.readRange();
		const bounds = limitTo ? limitTo(target.bounds, isDescending) : target.bounds;
		const indexId = target.index.id;
		const rows = new MergedRange(
			this.#reader,
			this.#overlay,
			indexId,
			bounds,
			isDescending,
			expectedRows(query.operators),
		);
		const stream = new Stream(indexId, rows, bounds, operators, this.#meter);
		this.#reads.addSource(stream);
		return { stream };
	}

	#readUnknown(component: ComponentPath, table: string): void {
		this.#reads.addUnknownTable(this.#services.unknownTables.idOf(component, table));
	}

	#use(): void {
		if (this.#isDisposed) {
			throw new FunctionError(
				'TransactionClosed',
				'The database was used after the function had ended. Await every database call before the function returns.',
			);
		}
	}

	#requireOverlay(): Overlay {
		this.#use();
		if (this.#overlay === null) {
			throw new FunctionError('ReadOnly', 'A query cannot write to the database. Use a mutation.');
		}
		return this.#overlay;
	}
}
