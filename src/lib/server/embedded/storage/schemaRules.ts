/** What a schema may say, and what follows from it for tables. */
import { checkIndexRules } from './indexRules.ts';
import { FunctionError, type SchemaDefinition, type TableDefinition } from '../types.ts';
import { parseValidator, type Validator } from './validators.ts';

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
	for (const table of definition?.tables ?? []) {
		checkTable(table, definition!.schemaValidation);
	}
}

function checkTable(table: TableDefinition, isChecked: boolean): void {
	const fail = (why: string) =>
		new FunctionError('InvalidSchema', `In the schema, table "${table.tableName}": ${why}`);
	if (!IDENTIFIER.test(table.tableName)) {
		throw fail(
			'table names are up to 64 letters, digits and underscores, and start with a letter.',
		);
	}
	checkIndexRules(table, isChecked);
}
