/** What a schema may say of indexes of every kind. Convex's own sentences. */
import { BY_CREATION_TIME, BY_ID } from './catalog.ts';
import { canHoldVector, mayHaveField } from './validatorFields.ts';
import { FunctionError, type TableDefinition } from '../types.ts';

/** https://docs.convex.dev/production/state/limits and the "Limits" of docs.convex.dev/search/vector-search. */
const MAX_INDEXES_PER_TABLE = 32;
const MAX_VECTOR_INDEXES_PER_TABLE = 4;
const MAX_FIELDS_PER_INDEX = 16;
const MAX_FILTER_FIELDS = 16;
const MIN_DIMENSIONS = 2;
const MAX_DIMENSIONS = 4_096;

const INDEX_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,63}$/;
const FIELD_PATH = /^[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z_][a-zA-Z0-9_]*)*$/;

interface DeclaredIndex {
	name: string;
	/** All it reads. */
	fields: string[];
	/** Equal for two search, or two vector, indexes that would hold the same. */
	sameAs?: string;
}

/** Throws FunctionError 'InvalidSchema'. `isChecked`: documents have to fit the schema, so fields must be in it. */
export function checkIndexRules(table: TableDefinition, isChecked: boolean): void {
	const { tableName } = table;
	const database = [...table.indexes, ...(table.stagedDbIndexes ?? [])];
	const text = [...(table.searchIndexes ?? []), ...(table.stagedSearchIndexes ?? [])];
	const vector = [...(table.vectorIndexes ?? []), ...(table.stagedVectorIndexes ?? [])];
	if (database.length + text.length + vector.length > MAX_INDEXES_PER_TABLE) {
		throw invalid(`Table "${tableName}" cannot have more than ${MAX_INDEXES_PER_TABLE} indexes.`);
	}
	if (vector.length > MAX_VECTOR_INDEXES_PER_TABLE) {
		throw invalid(
			`Table "${tableName}" cannot have more than ${MAX_VECTOR_INDEXES_PER_TABLE} vector indexes.`,
		);
	}
	for (const { indexDescriptor, fields } of database) {
		checkDatabaseFields(tableName, indexDescriptor, fields);
	}
	for (const { filterFields } of [...text, ...vector]) {
		if (new Set(filterFields).size > MAX_FILTER_FIELDS) {
			throw invalid(`Search indexes may have up to ${MAX_FILTER_FIELDS} filter fields.`);
		}
	}
	for (const { dimensions } of vector) {
		if (
			!Number.isInteger(dimensions) ||
			dimensions < MIN_DIMENSIONS ||
			dimensions > MAX_DIMENSIONS
		) {
			throw invalid(
				`Dimensions ${dimensions} must be between ${MIN_DIMENSIONS} and ${MAX_DIMENSIONS}.`,
			);
		}
	}
	const declared: DeclaredIndex[] = [
		...database.map(({ indexDescriptor, fields }) => ({ name: indexDescriptor, fields })),
		...text.map(({ indexDescriptor, searchField, filterFields }) =>
			searching('search', 'searchField', indexDescriptor, searchField, filterFields),
		),
		...vector.map(({ indexDescriptor, vectorField, filterFields }) =>
			searching('vector', 'vectorField', indexDescriptor, vectorField, filterFields),
		),
	];
	checkNames(tableName, declared);
	checkFields(table, declared, isChecked);
	for (const { indexDescriptor, vectorField } of vector) {
		if (!isChecked || canHoldVector(table.documentType, vectorField.split('.'))) continue;
		throw invalid(
			`In table "${tableName}" the vector index "${indexDescriptor}" is invalid because it references the field ` +
				`${vectorField} that is neither an array of float64 or optional array of float64.`,
		);
	}
}

function searching(
	kind: string,
	role: string,
	name: string,
	field: string,
	filterFields: string[],
): DeclaredIndex {
	const filters = [...new Set(filterFields)].sort();
	return {
		name,
		fields: [field, ...filters],
		sameAs: JSON.stringify([kind, role, field, filters]),
	};
}

function checkDatabaseFields(tableName: string, index: string, fields: string[]): void {
	if (fields.length === 0) {
		throw invalid(`In table "${tableName}" index "${index}" must have at least one field.`);
	}
	if (fields.length > MAX_FIELDS_PER_INDEX) {
		throw invalid(`Indexes may have up to ${MAX_FIELDS_PER_INDEX} fields.`);
	}
	if (fields.includes('_id')) {
		throw invalid('`_id` is not a valid index field. To load documents by ID, use `db.get(id)`.');
	}
	if (fields.includes('_creationTime')) {
		throw invalid(
			'`_creationTime` is automatically added to the end of each index. It should not be added explicitly in the index ' +
				'definition. See https://docs.convex.dev/using/indexes for more details.',
		);
	}
	if (fields.some((field) => field.startsWith('_'))) {
		throw invalid('Reserved fields (starting with `_`) are not allowed in indexes.');
	}
	const twice = fields.find((field, i) => fields.indexOf(field) !== i);
	if (twice !== undefined) {
		throw invalid(`Duplicate field ${twice}. Index fields must be unique within an index.`);
	}
}

function checkNames(tableName: string, declared: DeclaredIndex[]): void {
	const names = new Set<string>();
	const contents = new Map<string, string>();
	for (const { name, sameAs } of declared) {
		if (name === BY_ID || name === BY_CREATION_TIME || name.startsWith('_')) {
			throw invalid(
				`In table "${tableName}" cannot name an index "${name}" because the name is reserved. Indexes may not start with an ` +
					'underscore or be named "by_id" or "by_creation_time".',
			);
		}
		if (!INDEX_NAME.test(name)) {
			throw invalid(
				`Invalid index name: "${name}". Identifiers must be 64 characters or less, start with a letter, and only contain ` +
					'letters, digits, underscores.',
			);
		}
		if (names.has(name)) {
			throw invalid(`Table "${tableName}" has two or more definitions of index "${name}".`);
		}
		names.add(name);
		if (sameAs === undefined) continue;
		const other = contents.get(sameAs);
		contents.set(sameAs, name);
		if (other === undefined) continue;
		const [kind, role] = JSON.parse(sameAs) as [string, string];
		throw invalid(
			`In table "${tableName}" ${kind} index "${other}" and ${kind} index "${name}" have the same \`${role}\` and ` +
				`\`filterFields\`. Keep one of them.`,
		);
	}
}

function checkFields(table: TableDefinition, declared: DeclaredIndex[], isChecked: boolean): void {
	for (const { name, fields } of declared) {
		for (const field of fields) {
			if (!FIELD_PATH.test(field)) {
				throw invalid(`In index "${name}": Invalid index field: "${field}"`);
			}
			if (!isChecked || mayHaveField(table.documentType, field.split('.'))) continue;
			throw invalid(
				`In table "${table.tableName}" the index "${name}" is invalid because it references the field ${field} that does not exist.`,
			);
		}
	}
}

function invalid(message: string): FunctionError {
	return new FunctionError('InvalidSchema', message);
}
