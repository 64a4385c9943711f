/** What a schema may say, and what follows from it for tables. */
import { BY_CREATION_TIME, BY_ID } from './catalog.ts';
import { FunctionError, type SchemaDefinition, type TableDefinition } from './types.ts';
import { parseValidator, type Validator } from './validators.ts';

/** https://docs.convex.dev/production/state/limits, "Indexes". */
const MAX_INDEXES_PER_TABLE = 32;
const MAX_FIELDS_PER_INDEX = 16;
const IDENTIFIER = /^[a-zA-Z][a-zA-Z0-9_]{0,63}$/;

/** Validators by table name; empty without a schema or with `schemaValidation: false`. */
export function schemaValidators(definition: SchemaDefinition): Map<string, Validator> {
	const validators = new Map<string, Validator>();
	if (!definition?.schemaValidation) return validators;
	for (const table of definition.tables) {
		if (table.documentType !== null && table.documentType !== undefined) {
			validators.set(table.tableName, parseValidator(table.documentType));
		}
	}
	return validators;
}

/** Throws FunctionError 'InvalidSchema'. */
export function checkSchemaRules(definition: SchemaDefinition): void {
	for (const table of definition?.tables ?? []) checkTable(table);
}

function checkTable(table: TableDefinition): void {
	const fail = (why: string) =>
		new FunctionError('InvalidSchema', `In the schema, table "${table.tableName}": ${why}`);
	if (!IDENTIFIER.test(table.tableName)) {
		throw fail(
			'table names are up to 64 letters, digits and underscores, and start with a letter.',
		);
	}
	if (table.indexes.length > MAX_INDEXES_PER_TABLE) {
		throw fail(
			`it has ${table.indexes.length} indexes; at most ${MAX_INDEXES_PER_TABLE} are allowed.`,
		);
	}
	const names = new Set<string>([BY_ID, BY_CREATION_TIME]);
	for (const { indexDescriptor, fields } of table.indexes) {
		if (!IDENTIFIER.test(indexDescriptor)) {
			throw fail(`the index name "${indexDescriptor}" is not an identifier.`);
		}
		if (names.has(indexDescriptor)) {
			throw fail(`the index name "${indexDescriptor}" is reserved or used twice.`);
		}
		names.add(indexDescriptor);
		if (fields.length === 0 || fields.length > MAX_FIELDS_PER_INDEX) {
			throw fail(`index "${indexDescriptor}" must have 1 to ${MAX_FIELDS_PER_INDEX} fields.`);
		}
		if (new Set(fields).size !== fields.length) {
			throw fail(`index "${indexDescriptor}" names a field twice.`);
		}
		if (fields.some((field) => field === '_id' || field === '_creationTime')) {
			throw fail(
				`index "${indexDescriptor}" names _id or _creationTime; every index ends with them already.`,
			);
		}
	}
}
