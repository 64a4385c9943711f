/** One query's or mutation's view of the database: a snapshot (or the newest state) plus what it has written itself. */
import { type Catalog, findTable, isSystemTable, newTable, withTables } from './catalog.ts';
import type { CursorCodec } from './cursors.ts';
import type { DatabaseReader } from './database.ts';
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
import { type TransactionLimits, UsageMeter } from './limits.ts';
import type { Overlay } from './overlay.ts';
import { ANY_TABLE, type UnknownTables } from './readSet.ts';
import type { VectorMatch, VectorSearchJson } from '../search/vectorSearch.ts';
import { TransactionReads } from './transactionReads.ts';
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
} from '../types.ts';

/** As Convex begins "… on nonexistent document ID". */
const WRITE_VERBS: Record<string, string> = { delete: 'Delete', replace: 'Replace' };

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
	/** Default: one of its own. */
	meter?: UsageMeter;
}

export class Transaction implements DbSession {
	readonly ts: Timestamp;
	readonly isReadOnly: boolean;
	/** What it has used, and may. */
	readonly meter: UsageMeter;
	#base: Pick<TransactionOptions, 'reader' | 'catalog'>;
	#reads: TransactionReads;
	#overlay: Overlay | null;
	#services: TransactionServices;
	#onDispose: () => void;
	#isDisposed = false;

	constructor(options: TransactionOptions) {
		this.ts = options.ts;
		this.isReadOnly = options.overlay === null;
		this.#overlay = options.overlay;
		this.#services = options.services;
		this.#onDispose = options.onDispose;
		this.#base = options;
		this.meter = options.meter ?? new UsageMeter(options.services.limits);
		this.#reads = new TransactionReads({ ...options, meter: this.meter });
	}

	/** The catalog with this transaction's new tables. */
	get catalog(): Catalog {
		return this.#reads.catalog;
	}

	/** The state this transaction started from, without what it has written; reads count as its own, but are not recorded. */
	beneath(): Transaction {
		this.#use();
		const { ts, meter } = this;
		const services = this.#services;
		return new Transaction({ ...this.#base, ts, overlay: null, services, meter, onDispose() {} });
	}

	/** Tables that users made, in order of their names. */
	tableNames(component: ComponentPath): string[] {
		this.#use();
		this.#reads.readUnknown(component, ANY_TABLE);
		return [...this.catalog.tables.values()]
			.filter((table) => table.component === component && !isSystemTable(table.name))
			.map(({ name }) => name)
			.sort();
	}

	get(
		component: ComponentPath,
		id: string,
		options: { table?: string; isSystem?: boolean } = {},
	): JsonValue {
		this.#use();
		const table = tableOfId(this.catalog, component, 'get', id, options.table);
		if (!table) return null;
		const isSystem = options.isSystem ?? isSystemTable(options.table ?? '');
		checkSystemAccess(table, isSystem);
		return this.#reads.find(table, id)?.document ?? null;
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

	count(component: ComponentPath, table: string): number {
		this.#use();
		return this.#reads.count(component, table);
	}

	normalizeId(
		component: ComponentPath,
		table: string,
		id: string,
		isSystem?: boolean,
	): string | null {
		this.#use();
		if (isSystem !== undefined && isSystemTable(table) !== isSystem) return null;
		if (!findTable(this.catalog, component, table)) {
			this.#reads.readUnknown(component, table);
			return null;
		}
		return tableNameOfId(this.catalog, component, id) === table ? id : null;
	}

	openStream(component: ComponentPath, query: QueryJson): number {
		this.#use();
		return this.#reads.openStream(component, query);
	}

	next(streamId: number): { value: JsonValue; done: boolean } {
		this.#use();
		const row = this.#reads.next(streamId);
		return { value: row?.document ?? null, done: row === null };
	}

	/** As `next`, as JSON text: a document that nobody looked into is not parsed. */
	nextJson(streamId: number): string {
		this.#use();
		const row = this.#reads.next(streamId);
		if (row === null) return '{"value":null,"done":true}';
		return `{"value":${row.json ?? JSON.stringify(row.document)},"done":false}`;
	}

	closeStream(streamId: number): boolean {
		return this.#reads.closeStream(streamId);
	}

	page(component: ComponentPath, request: PageRequest): PageResult {
		this.#use();
		return this.#reads.page(component, request);
	}

	/** As of the snapshot, which must stay open until it resolves. A mutation's own writes are not seen. */
	vectorSearch(component: ComponentPath, query: VectorSearchJson): Promise<VectorMatch[]> {
		this.#use();
		return this.#reads.vectorSearch(component, query);
	}

	/** @param limits the most that the function called now may use */
	beginSub(limits?: Partial<TransactionLimits>): void {
		this.meter.begin(limits);
		// A query's sub-queries have nothing to roll back.
		this.#overlay?.beginSub();
	}

	commitSub(): void {
		this.meter.end(true);
		this.#overlay?.commitSub();
	}

	rollbackSub(): void {
		this.meter.end(false);
		this.#overlay?.rollbackSub();
	}

	readSet(): KeyRange[] {
		return this.#reads.readSet.ranges();
	}

	rememberRequest(sessionId: string, requestId: number, resultJson: string): void {
		this.#requireOverlay().request = { sessionId, requestId, resultJson };
	}

	dispose(): void {
		if (this.#isDisposed) return;
		this.#isDisposed = true;
		this.#reads.close();
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
		const before = this.catalog;
		const existing = findTable(before, component, tableName);
		const table = existing ?? newTable(before, component, tableName);
		// Ahead of the write: the document may hold an id of its own table.
		if (!existing) this.#reads.catalog = withTables(before, [table]);
		const id = this.#services.newId(table.idNumber);
		try {
			const context = this.#writeContext(component, isTrusted);
			insertDocument(context, table, id, this.#services.nextCreationTime(), value);
		} catch (error) {
			this.#reads.catalog = before;
			throw error;
		}
		if (!existing) {
			overlay.createdTables.set(table.number, table);
			overlay.undoable(() => {
				overlay.createdTables.delete(table.number);
				this.#reads.catalog = before;
			});
		}
		return id;
	}

	#writeContext(component: ComponentPath, isTrusted: boolean): WriteContext {
		return {
			overlay: this.#requireOverlay(),
			meter: this.meter,
			tableOfId: (id) => tableNameOfId(this.catalog, component, id),
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
		const table = tableOfId(this.catalog, component, method, id, tableName);
		if (table) checkTableName(table.name, isTrusted);
		const found = table ? this.#reads.find(table, id) : null;
		if (!found) {
			if (!table) throw new FunctionError('TableNotFound', `Table for ID "${id}" not found`);
			const verb = WRITE_VERBS[method] ?? 'Update';
			throw new FunctionError('NonexistentDocument', `${verb} on nonexistent document ID ${id}`);
		}
		return found;
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
