/** insert, patch, replace and remove: Convex's rules, then a new version in the overlay. */
import { isSystemTable, type TableInfo } from './catalog.ts';
import type { StoredDocument } from './database.ts';
import { normalizeDocument, requireObject } from './documents.ts';
import { isUndefinedMarker, type JsonObject, setField } from './jsonValues.ts';
import type { UsageMeter } from './limits.ts';
import type { Overlay, OverlayDocument } from './overlay.ts';
import { FunctionError, type JsonValue } from '../types.ts';
import { explainMismatch, type TableOfId } from './validators.ts';

/** A document found for writing. */
export interface WritableDocument {
	table: TableInfo;
	document: StoredDocument;
	base: OverlayDocument['base'];
}

export interface WriteContext {
	overlay: Overlay;
	meter: UsageMeter;
	tableOfId: TableOfId;
	/** System writes skip the schema; system tables have none. */
	isTrusted: boolean;
}

const SYSTEM_FIELDS: [name: string, what: string][] = [
	['_id', 'document ID'],
	['_creationTime', 'creation time'],
];
/** Convex's limit; also keeps names printable in errors. */
const TABLE_NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/;

/** Throws FunctionError 'SystemTable' or 'InvalidTableName'. */
export function checkTableName(name: string, isTrusted: boolean): void {
	if (!TABLE_NAME.test(name)) {
		throw new FunctionError(
			'InvalidTableName',
			'Invalid table name: table names are 1 to 64 letters, digits and underscores, and start with a letter.',
		);
	}
	if (isSystemTable(name) && !isTrusted) {
		throw new FunctionError('SystemTable', 'System tables (prefixed with `_`) are read-only.');
	}
}

/** The new document goes into the overlay; its `_id` is `id`. */
export function insertDocument(
	context: WriteContext,
	table: TableInfo,
	id: string,
	creationTime: number,
	value: JsonValue,
): void {
	const fields = requireObject('insert', value);
	for (const [name, what] of SYSTEM_FIELDS) {
		if (Object.hasOwn(fields, name)) {
			throw new FunctionError(
				'InvalidValue',
				`Provided ${what} in the field \`${name}\`, which is set by the system. Remove it from the value given to \`db.insert\`.`,
			);
		}
	}
	put(context, table, null, { ...fields, _id: id, _creationTime: creationTime });
}

export function patchDocument(
	context: WriteContext,
	target: WritableDocument,
	value: JsonValue,
): void {
	const changes = requireObject('patch', value);
	checkSystemFields(changes, target.document);
	const next: JsonObject = { ...target.document };
	for (const [name, change] of Object.entries(changes)) {
		if (isUndefinedMarker(change)) delete next[name];
		else setField(next, name, change);
	}
	put(context, target.table, target.base, withSystemFields(next, target.document));
}

export function replaceDocument(
	context: WriteContext,
	target: WritableDocument,
	value: JsonValue,
): void {
	const fields = requireObject('replace', value);
	checkSystemFields(fields, target.document);
	put(context, target.table, target.base, withSystemFields({ ...fields }, target.document));
}

export function removeDocument(context: WriteContext, target: WritableDocument): void {
	context.meter.writeDocument(0);
	context.overlay.write(target.document._id, target.table, target.base, null);
}

function withSystemFields(fields: JsonObject, document: StoredDocument): StoredDocument {
	return { ...fields, _id: document._id, _creationTime: document._creationTime };
}

function put(
	context: WriteContext,
	table: TableInfo,
	base: OverlayDocument['base'],
	fields: StoredDocument,
): void {
	const { value, sizeBytes, hasCommitTs } = normalizeDocument(fields, context.isTrusted);
	const document = value as StoredDocument;
	if (!context.isTrusted) checkSchema(table, document, context.tableOfId);
	context.meter.writeDocument(sizeBytes);
	context.overlay.write(document._id, table, base, { document, sizeBytes, hasCommitTs });
}

/** Throws FunctionError 'SchemaValidation'. System fields are no part of what a schema describes. */
function checkSchema(table: TableInfo, document: StoredDocument, tableOfId: TableOfId): void {
	if (table.validator === null) return;
	const problem = explainDocument(table.validator, document, tableOfId);
	if (problem === null) return;
	throw new FunctionError(
		'SchemaValidation',
		`Failed to insert or update a document in table "${table.name}" because it does not match the schema: ${problem}`,
	);
}

export function explainDocument(
	validator: NonNullable<TableInfo['validator']>,
	document: StoredDocument,
	tableOfId: TableOfId,
): string | null {
	const { _id, _creationTime, ...fields } = document;
	return explainMismatch(validator, fields, tableOfId);
}

function checkSystemFields(changes: JsonObject, document: StoredDocument): void {
	if (Object.hasOwn(changes, '_id') && changes._id !== document._id) {
		throw new FunctionError(
			'InvalidValue',
			`Provided \`_id\` field value does not match the document ID "${document._id}".`,
		);
	}
	if (Object.hasOwn(changes, '_creationTime') && changes._creationTime !== document._creationTime) {
		throw new FunctionError(
			'InvalidValue',
			`Provided \`_creationTime\` field value does not match the document's creation time ${document._creationTime}.`,
		);
	}
}
