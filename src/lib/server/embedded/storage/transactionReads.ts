/** The reading half of a transaction: point reads, streams, pages and counts over file and overlay, all recorded. */
import { type Catalog, findTable, type TableInfo } from './catalog.ts';
import { type CursorPosition, queryFingerprint } from './cursors.ts';
import { type DatabaseReader, parseDocument } from './database.ts';
import type { WritableDocument } from './documentWrites.ts';
import { resolveSource } from './indexRange.ts';
import type { UsageMeter } from './limits.ts';
import { MergedRange, type MergedRow } from './mergedRange.ts';
import type { Overlay } from './overlay.ts';
import { narrow, pageBudget, readInterval, readPage } from './pagination.ts';
import { compileOperators, expectedRows, Stream } from './queries.ts';
import { ReadSet } from './readSet.ts';
import { resolveTextQuery } from '../search/textQuery.ts';
import { TextSearch } from '../search/textSearch.ts';
import { findVectors, type VectorSearchJson, type VectorMatch } from '../search/vectorSearch.ts';
import type { TransactionServices } from './transaction.ts';
import {
	type ComponentPath,
	FunctionError,
	type PageRequest,
	type PageResult,
	type QueryJson,
} from '../types.ts';
import { type Bounds, encodeKey, prefixBounds } from './valueKeys.ts';

export interface TransactionReadsOptions {
	reader: DatabaseReader;
	catalog: Catalog;
	overlay: Overlay | null;
	services: TransactionServices;
	meter: UsageMeter;
}

/** What of a query is wanted. */
interface QueryPart {
	/** Narrows the bounds before anything is read. */
	limitTo: (bounds: Bounds, isDescending: boolean) => Bounds;
	/** How many rows will do; null: nobody knows. */
	rows: number | null;
}

export class TransactionReads {
	readonly readSet = new ReadSet();
	/** Replaced when the transaction makes a table. */
	catalog: Catalog;
	#reader: DatabaseReader;
	#overlay: Overlay | null;
	#services: TransactionServices;
	#meter: UsageMeter;
	#streams = new Map<number, Stream | null>();
	#nextStreamId = 0;

	constructor(options: TransactionReadsOptions) {
		this.catalog = options.catalog;
		this.#reader = options.reader;
		this.#overlay = options.overlay;
		this.#services = options.services;
		this.#meter = options.meter;
	}

	/** A point read, recorded as one. */
	find(table: TableInfo, id: string): WritableDocument | null {
		this.#meter.readRange();
		const key = encodeKey([id]);
		this.readSet.addPoint(table.byId.id, key);
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

	count(component: ComponentPath, tableName: string): number {
		const table = findTable(this.catalog, component, tableName);
		if (!table) {
			this.readUnknown(component, tableName);
			return 0;
		}
		this.#meter.readRange();
		const bounds = prefixBounds('');
		this.readSet.addSource({ indexId: table.byId.id, consumed: () => bounds });
		return this.#reader.count(table) + (this.#overlay?.countDelta(table) ?? 0);
	}

	openStream(component: ComponentPath, query: QueryJson): number {
		const streamId = this.#nextStreamId++;
		this.#streams.set(streamId, this.#open(component, query, null));
		return streamId;
	}

	/** null: there is no further row. */
	next(streamId: number): MergedRow | null {
		const stream = this.#streams.get(streamId);
		if (stream === undefined) {
			throw new FunctionError(
				'InvalidQuery',
				"This query is closed and can't emit any more values.",
			);
		}
		return stream?.next() ?? null;
	}

	closeStream(streamId: number): boolean {
		this.#streams.get(streamId)?.close();
		return this.#streams.delete(streamId);
	}

	page(component: ComponentPath, request: PageRequest): PageResult {
		const { cursors } = this.#services;
		const fingerprint = queryFingerprint(component, request.query);
		const interval = readInterval(request, cursors, fingerprint);
		const encode = (position: CursorPosition) => cursors.encode(position, fingerprint);
		const { documentsRead, bytesRead } = this.#meter.metrics();
		const left = { rows: documentsRead.remaining, bytes: bytesRead.remaining };
		const stream = this.#open(component, request.query, {
			limitTo: (bounds, isDescending) => narrow(bounds, interval, isDescending),
			rows: request.query.operators.length === 0 ? request.pageSize : null,
		});
		if (!stream) {
			const continueCursor = encode(interval.end ?? 'end');
			return { page: [], isDone: true, continueCursor, splitCursor: null, pageStatus: null };
		}
		try {
			return readPage(stream, request, interval, pageBudget(request, left), encode);
		} finally {
			stream.close();
		}
	}

	/** Nothing is recorded: only actions search vectors, and they are not live. */
	vectorSearch(component: ComponentPath, query: VectorSearchJson): Promise<VectorMatch[]> {
		return findVectors(this.#reader.search, this.catalog, component, query);
	}

	/** For `dispose`: lets go of everything prefetched. */
	close(): void {
		for (const stream of this.#streams.values()) stream?.close();
		this.#streams.clear();
	}

	/** A table was looked for and is not there. */
	readUnknown(component: ComponentPath, table: string): void {
		this.readSet.addUnknownTable(this.#services.unknownTables.idOf(component, table));
	}

	/** null: the table does not exist. */
	#open(component: ComponentPath, query: QueryJson, part: QueryPart | null): Stream | null {
		const operators = compileOperators(query.operators);
		const { source } = query;
		if (source.type === 'Search') {
			const text = resolveTextQuery(this.catalog, component, source);
			this.#meter.readRange();
			const everything = prefixBounds('');
			const bounds = part ? part.limitTo(everything, false) : everything;
			const search = new TextSearch({
				reader: this.#reader,
				overlay: this.#overlay,
				readSet: this.readSet,
				query: text,
				bounds,
			});
			// Records its reads itself: what it depends on is not the interval of ranks that was consumed.
			return new Stream(text.index.id, search, bounds, operators, this.#meter);
		}
		const { target, tableName, isDescending } = resolveSource(this.catalog, component, source);
		if (!target) {
			this.readUnknown(component, tableName);
			return null;
		}
		this.#meter.readRange();
		const bounds = part ? part.limitTo(target.bounds, isDescending) : target.bounds;
		const indexId = target.index.id;
		const rows = new MergedRange(
			this.#reader,
			this.#overlay,
			indexId,
			bounds,
			isDescending,
			part?.rows ?? expectedRows(query.operators),
		);
		const stream = new Stream(indexId, rows, bounds, operators, this.#meter);
		this.readSet.addSource(stream);
		return stream;
	}
}
