/**
 * Makes the file fit new schemas, or changes nothing: existing documents are checked first, then tables, validators and
 * indexes change in one transaction. Work goes in batches with pauses, so that queries are served meanwhile; mutations
 * wait. Only what changed costs anything: a start with unchanged schemas reads no document.
 */
import { createTable } from './applyOverlay.ts';
import {
	type Catalog,
	findTable,
	fullIndexFields,
	type IndexInfo,
	isSystemTable,
	makeIndex,
	makeTable,
	newTable,
	type TableInfo,
	withSearchIndexes,
	withTables,
	BY_CREATION_TIME,
	BY_ID,
} from './catalog.ts';
import {
	type DatabaseReader,
	type DatabaseWriter,
	parseDocument,
	rowKey,
	type StoredRow,
} from './database.ts';
import { indexedValues } from './documents.ts';
import { explainDocument } from './documentWrites.ts';
import { tableNameOfId } from './idRules.ts';
import { checkSchemaRules, schemaValidators } from './schemaRules.ts';
import {
	applySearchPlan,
	buildSearchRows,
	planSearchIndexes,
	type SearchPlan,
} from '../search/searchPush.ts';
import type { SqliteDatabase } from './sqlite.ts';
import {
	type ComponentPath,
	FunctionError,
	type SchemaDefinition,
	type TableDefinition,
} from '../types.ts';
import { afterKey, encodeKey, type Key, prefixBounds } from './valueKeys.ts';
import type { Validator } from './validators.ts';

/** Rows between two pauses. */
const BATCH_ROWS = 512;

export interface SchemaPush {
	database: SqliteDatabase;
	reader: DatabaseReader;
	writer: DatabaseWriter;
	catalog: Catalog;
	/** As stored. */
	previous: ReadonlyMap<ComponentPath, SchemaDefinition>;
	next: ReadonlyMap<ComponentPath, SchemaDefinition>;
	/** Called inside the transaction, right before COMMIT. */
	beforeCommit(): void;
}

interface TablePlan {
	table: TableInfo;
	isNew: boolean;
	added: IndexInfo[];
	dropped: IndexInfo[];
	/** Kept, but staged or no longer so. */
	restaged: IndexInfo[];
	search: SearchPlan;
	mustValidate: boolean;
}

/**
 * Returns the new catalog and the tables made, or null when nothing had to change. The caller guarantees that nothing
 * else writes. Throws FunctionError 'InvalidSchema', 'InvalidValidator' or 'SchemaMismatch'.
 */
export async function pushSchemas(
	push: SchemaPush,
): Promise<{ catalog: Catalog; created: TableInfo[] } | null> {
	const plans: TablePlan[] = [];
	let catalog = push.catalog;
	const changed = [...push.next].filter(
		([component, definition]) =>
			!push.previous.has(component) ||
			JSON.stringify(push.previous.get(component)) !== JSON.stringify(definition),
	);
	if (changed.length === 0) return null;
	for (const [component, definition] of changed) {
		checkSchemaRules(definition);
		const before = schemaValidators(push.previous.get(component) ?? null);
		for (const plan of planComponent(catalog, component, definition, before)) {
			plans.push(plan);
			catalog = withTables(catalog, [plan.table]);
		}
	}
	for (const plan of plans) {
		if (plan.mustValidate && !plan.isNew) await validateTable(push.reader, catalog, plan.table);
	}
	push.database.exec('BEGIN IMMEDIATE');
	for (const plan of plans) await applyPlan(push, plan);
	for (const [component, definition] of changed) {
		push.writer.saveSchema(component, JSON.stringify(definition));
	}
	push.beforeCommit();
	push.database.exec('COMMIT');
	return { catalog, created: plans.filter((plan) => plan.isNew).map((plan) => plan.table) };
}

function* planComponent(
	start: Catalog,
	component: ComponentPath,
	definition: SchemaDefinition,
	before: Map<string, Validator>,
): Generator<TablePlan> {
	const validators = schemaValidators(definition);
	const declared = new Map(definition?.tables.map((table) => [table.tableName, table]));
	const undeclared = [...start.tables.values()].filter(
		(table) =>
			table.component === component && !isSystemTable(table.name) && !declared.has(table.name),
	);
	for (const table of undeclared) declared.set(table.name, withoutIndexes(table.name));
	let { nextIndexId, nextTableNumber } = start;
	for (const [name, wanted] of declared) {
		const existing = findTable(start, component, name);
		const table = existing ?? newTable({ ...start, nextIndexId, nextTableNumber }, component, name);
		if (!existing) {
			nextTableNumber = table.number + 1;
			nextIndexId += table.indexes.length;
		}
		const { kept, restaged, dropped, missing } = compareIndexes(table, wanted);
		const added = missing.map(({ indexDescriptor, fields, isStaged }) =>
			makeIndex(nextIndexId++, table.number, indexDescriptor, fullIndexFields(fields), isStaged),
		);
		const search = planSearchIndexes(table, wanted, () => nextIndexId++);
		const validator = validators.get(name) ?? null;
		const mustValidate =
			validator !== null && JSON.stringify(before.get(name) ?? null) !== JSON.stringify(validator);
		yield {
			table: withSearchIndexes(
				makeTable(table.number, component, name, [...kept, ...added], validator, table.idNumber),
				[...search.kept, ...search.added],
			),
			isNew: !existing,
			added,
			dropped,
			restaged,
			search,
			mustValidate,
		};
	}
}

function withoutIndexes(tableName: string): TableDefinition {
	return { tableName, indexes: [], documentType: null };
}

function compareIndexes(table: TableInfo, wanted: TableDefinition) {
	const declared = [
		...wanted.indexes.map((index) => ({ ...index, isStaged: false })),
		...(wanted.stagedDbIndexes ?? []).map((index) => ({ ...index, isStaged: true })),
	];
	const kept: IndexInfo[] = [];
	const restaged: IndexInfo[] = [];
	const dropped: IndexInfo[] = [];
	for (const index of table.indexes) {
		const isBuiltIn = index.name === BY_ID || index.name === BY_CREATION_TIME;
		const same = isBuiltIn ? index : declared.find((other) => isSameIndex(index, other));
		if (!same) dropped.push(index);
		else if (same.isStaged === index.isStaged) kept.push(index);
		else restaged.push({ ...index, isStaged: same.isStaged });
	}
	return {
		kept: [...kept, ...restaged],
		restaged,
		dropped,
		missing: declared.filter((other) => !table.indexes.some((index) => isSameIndex(index, other))),
	};
}

function isSameIndex(index: IndexInfo, wanted: TableDefinition['indexes'][number]): boolean {
	return (
		index.name === wanted.indexDescriptor &&
		JSON.stringify(index.fields) === JSON.stringify(fullIndexFields(wanted.fields))
	);
}

async function validateTable(
	reader: DatabaseReader,
	catalog: Catalog,
	table: TableInfo,
): Promise<void> {
	const tableOfId = (id: string) => tableNameOfId(catalog, table.component, id);
	for await (const row of allRows(reader, table)) {
		const document = parseDocument(row.json);
		const problem = explainDocument(table.validator!, document, tableOfId);
		if (problem === null) continue;
		throw new FunctionError(
			'SchemaMismatch',
			`Schema validation failed.\nDocument with ID "${document._id}" in table "${table.name}" does not match the schema: ` +
				`${problem}\nNothing was changed. Change the schema so that it allows this document, or the document, and push again.`,
		);
	}
}

async function applyPlan(push: SchemaPush, plan: TablePlan): Promise<void> {
	if (plan.isNew) {
		createTable(push.writer, plan.table);
		return;
	}
	for (const index of plan.dropped) {
		while (push.writer.deleteEntries(index.id, BATCH_ROWS) > 0) await pause();
		push.writer.deleteIndex(index.id);
	}
	for (const index of plan.restaged) push.writer.setIndexStaged(index.id, index.isStaged);
	for (const index of plan.added) push.writer.insertIndex(index);
	await applySearchPlan(push.writer.search, plan.search, { batchRows: BATCH_ROWS, pause });
	if (plan.added.length === 0 && plan.search.added.length === 0) return;
	for await (const row of allRows(push.reader, plan.table)) {
		const document = parseDocument(row.json);
		for (const index of plan.added) {
			push.writer.insertEntry(index.id, encodeKey(indexedValues(document, index.paths)), row.rid);
		}
		buildSearchRows(push.writer.search, plan.search, row.rid, document);
	}
}

async function* allRows(reader: DatabaseReader, table: TableInfo): AsyncGenerator<StoredRow> {
	const { end } = prefixBounds('');
	let start: Key = '';
	for (;;) {
		const rows = reader.range({
			indexId: table.byId.id,
			start,
			end,
			isDescending: false,
			limit: BATCH_ROWS,
		});
		yield* rows;
		if (rows.length < BATCH_ROWS) return;
		start = afterKey(rowKey(rows.at(-1)!));
		await pause();
	}
}

function pause(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
