/**
 * Which tables and indexes exist. A catalog never changes: a commit that makes a table, or a schema push, puts a new
 * one in its place, so that a running query keeps the one that fits its snapshot.
 */
import { FIRST_TABLE_NUMBER } from './ids.ts';
import { NO_SEARCH_INDEXES, type SearchIndexInfo } from '../search/searchIndexes.ts';
import type { ComponentPath } from '../types.ts';
import type { Validator } from './validators.ts';

export const BY_ID = 'by_id';
export const BY_CREATION_TIME = 'by_creation_time';
export const SCHEDULED_FUNCTIONS_TABLE = '_scheduled_functions';

export interface IndexInfo {
	readonly id: number;
	readonly tableNumber: number;
	readonly name: string;
	/** All of them, the appended `_creationTime` and `_id` included. */
	readonly fields: readonly string[];
	/** `fields` split at the dots. */
	readonly paths: readonly (readonly string[])[];
	/** Built and kept up to date, refused to queries. */
	readonly isStaged: boolean;
}

export interface TableInfo {
	/** Names the table inside the file. */
	readonly number: number;
	/** Begins the table's ids; unique within a component. An import brings the number its ids were made with. */
	readonly idNumber: number;
	readonly component: ComponentPath;
	readonly name: string;
	readonly indexes: readonly IndexInfo[];
	readonly byId: IndexInfo;
	/** Text and vector indexes; `NO_SEARCH_INDEXES` for most tables. */
	readonly search: readonly SearchIndexInfo[];
	/** null: any document. */
	readonly validator: Validator | null;
}

export interface Catalog {
	readonly tables: ReadonlyMap<string, TableInfo>;
	readonly byNumber: ReadonlyMap<number, TableInfo>;
	readonly byIdNumber: ReadonlyMap<ComponentPath, ReadonlyMap<number, TableInfo>>;
	/** Free as `number` and, in every component, as `idNumber`. */
	readonly nextTableNumber: number;
	readonly nextIndexId: number;
}

export const EMPTY_CATALOG: Catalog = {
	tables: new Map(),
	byNumber: new Map(),
	byIdNumber: new Map(),
	nextTableNumber: FIRST_TABLE_NUMBER,
	nextIndexId: 1,
};

export function tableKey(component: ComponentPath, name: string): string {
	return `${component}\0${name}`;
}

export function findTable(
	catalog: Catalog,
	component: ComponentPath,
	name: string,
): TableInfo | null {
	return catalog.tables.get(tableKey(component, name)) ?? null;
}

export function isSystemTable(name: string): boolean {
	return name.startsWith('_');
}

/** Fields a user declared, with what every index gets at its end. */
export function fullIndexFields(fields: readonly string[]): string[] {
	return [...fields.filter((field) => field !== '_creationTime'), '_creationTime', '_id'];
}

export function makeIndex(
	id: number,
	tableNumber: number,
	name: string,
	fields: readonly string[],
	isStaged = false,
): IndexInfo {
	const paths = fields.map((field) => field.split('.'));
	return { id, tableNumber, name, fields, paths, isStaged };
}

export function makeTable(
	number: number,
	component: ComponentPath,
	name: string,
	indexes: readonly IndexInfo[],
	validator: Validator | null = null,
	idNumber = number,
): TableInfo {
	const byId = indexes.find((index) => index.name === BY_ID);
	if (!byId) throw new Error(`table ${name} has no ${BY_ID} index`);
	return { number, idNumber, component, name, indexes, byId, search: NO_SEARCH_INDEXES, validator };
}

export function withSearchIndexes(table: TableInfo, search: readonly SearchIndexInfo[]): TableInfo {
	return search.length === 0 ? table : { ...table, search };
}

/** A table nobody has written to yet, with the two indexes every table has. */
export function newTable(catalog: Catalog, component: ComponentPath, name: string): TableInfo {
	const number = catalog.nextTableNumber;
	return makeTable(number, component, name, [
		makeIndex(catalog.nextIndexId, number, BY_ID, ['_id']),
		makeIndex(catalog.nextIndexId + 1, number, BY_CREATION_TIME, ['_creationTime', '_id']),
	]);
}

/** The catalog with `changed` added or put in place of the tables of the same number. */
export function withTables(catalog: Catalog, changed: Iterable<TableInfo>): Catalog {
	const tables = new Map(catalog.tables);
	const byNumber = new Map(catalog.byNumber);
	const byIdNumber = new Map(catalog.byIdNumber);
	let { nextTableNumber, nextIndexId } = catalog;
	for (const table of changed) {
		const own = new Map(byIdNumber.get(table.component));
		const previous = byNumber.get(table.number);
		if (previous && own.get(previous.idNumber) === previous) own.delete(previous.idNumber);
		byIdNumber.set(table.component, own.set(table.idNumber, table));
		tables.set(tableKey(table.component, table.name), table);
		byNumber.set(table.number, table);
		nextTableNumber = Math.max(nextTableNumber, table.number + 1, table.idNumber + 1);
		for (const index of table.indexes) nextIndexId = Math.max(nextIndexId, index.id + 1);
		for (const index of table.search) nextIndexId = Math.max(nextIndexId, index.id + 1);
	}
	return { tables, byNumber, byIdNumber, nextTableNumber, nextIndexId };
}
