/** An import from the first byte to the COMMIT: all of it, or nothing. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { TableInfo } from '../storage/catalog.ts';
import type { StoredDocument } from '../storage/database.ts';
import { normalizeDocument } from '../storage/documents.ts';
import { explainDocument } from '../storage/documentWrites.ts';
import { FILES_TABLE } from '../functions/fileStore.ts';
import { tableNameOfId } from '../storage/idRules.ts';
import { decodeId } from '../storage/ids.ts';
import type { JsonObject } from '../storage/jsonValues.ts';
import type { SqliteStorage } from '../storage/storage.ts';
import { type ComponentPath, FunctionError } from '../types.ts';
import { type BulkSession, pause } from './bulkSession.ts';
import { type ImportFormat, type ImportSource, tableSource } from './importSource.ts';
import { type ImportMode, prepareTables, tableLabel, type WantedTable } from './importTables.ts';
import { StagedFiles } from './stagedFiles.ts';
import { zipSource } from './zipSource.ts';

/** Plain data, so that it can be asked for from another thread. */
export interface ImportRequest {
	path: string;
	format: ImportFormat;
	mode: ImportMode;
	/** For all formats but 'zip'. */
	table?: string;
	/** With `table`: whose table it is. Default: the app's. */
	component?: ComponentPath;
	/** Where stored files lie. */
	filesFolder: string;
}

export interface ImportReport {
	/** Documents by table, as `component/name`; stored files as `_storage`. */
	written: Record<string, number>;
	removed: Record<string, number>;
	documents: number;
	files: number;
	/** Decimal nanoseconds: the commit that holds all of it. */
	ts: string;
}

const BATCH_DOCUMENTS = 256;

/**
 * Mutations wait until it is done; queries and what they see do not change before. Throws FunctionError 'InvalidImport',
 * 'TableNotEmpty', 'ImportConflict', 'ImportForeignKey', 'SchemaMismatch', or what the values themselves violate.
 */
export async function importFile(
	storage: SqliteStorage,
	request: ImportRequest,
): Promise<ImportReport> {
	const source = await openSource(request);
	try {
		const staged = await StagedFiles.stage(source.files, request.filesFolder);
		try {
			const dropped: string[] = [];
			const { value, ts } = await storage.bulk((session) =>
				importInto(session, source, staged, request.mode, dropped),
			);
			await staged.finish();
			for (const id of dropped) await rm(path.join(request.filesFolder, id), { force: true });
			return { ...value, ts: String(ts) };
		} catch (error) {
			await staged.discard();
			throw error;
		}
	} finally {
		source.close();
	}
}

function openSource({ path, format, table, component = '' }: ImportRequest): Promise<ImportSource> {
	if (format === 'zip') {
		if (table === undefined) return zipSource(path);
		throw new FunctionError(
			'InvalidImport',
			'A ZIP file names its tables itself: leave --table out.',
		);
	}
	if (table === undefined) {
		throw new FunctionError(
			'InvalidImport',
			`Say with --table which table the ${format} file is for.`,
		);
	}
	return tableSource(path, format, component, table);
}

async function importInto(
	session: BulkSession,
	source: ImportSource,
	staged: StagedFiles,
	mode: ImportMode,
	dropped: string[],
): Promise<Omit<ImportReport, 'ts'>> {
	const filesOf = (component: ComponentPath) =>
		staged.files.filter((file) => file.component === component);
	const fileTables = source.fileComponents.map((component): WantedTable => ({
		component,
		name: FILES_TABLE,
		idNumber: decodeId(filesOf(component)[0]?.document._id ?? '')?.tableNumber ?? null,
	}));
	const before = storedFiles(session);
	const { tables, removed } = await prepareTables(session, [...source.tables, ...fileTables], mode);
	const written: Record<string, number> = {};
	let documents = 0;
	for (const [index, { rows }] of source.tables.entries()) {
		const table = tables[index]!;
		const count = await insertAll(session, table, rows());
		written[tableLabel(table)] = count;
		documents += count;
	}
	for (const [index, component] of source.fileComponents.entries()) {
		const table = tables[source.tables.length + index]!;
		const rows = filesOf(component).map(({ document: { _creationTime, ...fields } }) =>
			_creationTime === null ? fields : { ...fields, _creationTime },
		);
		written[tableLabel(table)] = await insertAll(session, table, rows as JsonObject[]);
	}
	const after = storedFiles(session);
	dropped.push(...[...before].filter((id) => !after.has(id)));
	await staged.place();
	return { written, removed, documents, files: staged.files.length };
}

function storedFiles(session: BulkSession): Set<string> {
	const tables = [...session.catalog.tables.values()].filter(({ name }) => name === FILES_TABLE);
	return new Set(tables.flatMap((table) => session.documents(table).map(({ _id }) => _id)));
}

async function insertAll(
	session: BulkSession,
	table: TableInfo,
	rows: Iterable<JsonObject> | AsyncIterable<JsonObject>,
): Promise<number> {
	let count = 0;
	let batch = new Map<string, StoredDocument>();
	const flush = async () => {
		session.insert(table, [...batch.values()]);
		count += batch.size;
		batch = new Map();
		await pause();
	};
	for await (const row of rows) {
		const document = toDocument(session, table, row, count + batch.size + 1);
		if (batch.has(document._id) || session.has(table, document._id)) {
			throw new FunctionError(
				'ImportConflict',
				`Table "${tableLabel(table)}" would have two documents with the ID ${document._id}. Nothing was imported.`,
			);
		}
		batch.set(document._id, document);
		if (batch.size >= BATCH_DOCUMENTS) await flush();
	}
	await flush();
	return count;
}

/** In canonical form, with an id and a time, and as the schema wants it. */
function toDocument(
	session: BulkSession,
	table: TableInfo,
	row: JsonObject,
	number: number,
): StoredDocument {
	const { _id = session.newId(table), _creationTime = session.nextCreationTime() } = row;
	const label = tableLabel(table);
	if (typeof _id !== 'string' || !decodeId(_id)) {
		throw new FunctionError(
			'InvalidImport',
			`Table "${label}", document ${number}: "_id" is not a document ID.`,
		);
	}
	if (decodeId(_id)!.tableNumber !== table.idNumber) {
		throw new FunctionError(
			'ImportConflict',
			`Table "${label}", document ${number}: the ID ${_id} was made with the table number ` +
				`${decodeId(_id)!.tableNumber}, the table's is ${table.idNumber}. Nothing was imported.`,
		);
	}
	if (typeof _creationTime !== 'number') {
		throw new FunctionError(
			'InvalidImport',
			`Table "${label}", document ${number}: "_creationTime" is not a number of milliseconds.`,
		);
	}
	let document: StoredDocument;
	try {
		document = normalizeDocument({ ...row, _id, _creationTime }).value as StoredDocument;
	} catch (error) {
		if (!(error instanceof FunctionError)) throw error;
		throw new FunctionError(error.code, `Table "${label}", document ${number}: ${error.message}`);
	}
	const problem =
		table.validator &&
		explainDocument(table.validator, document, (id) =>
			tableNameOfId(session.catalog, table.component, id),
		);
	if (problem) {
		throw new FunctionError(
			'SchemaMismatch',
			`Document with ID "${_id}" in table "${label}" does not match the schema: ${problem} Nothing was imported.`,
		);
	}
	return document;
}
