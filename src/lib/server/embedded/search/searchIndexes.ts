/** What a search or vector index is, for the catalog. */
import type { TableDefinition } from '../types.ts';

type Path = readonly string[];

interface SearchIndexBase {
	/** From the same sequence as the ids of other indexes, so that read sets can name either. */
	readonly id: number;
	readonly tableNumber: number;
	readonly name: string;
	/** Built and kept up to date, refused to queries. */
	readonly isStaged: boolean;
	readonly filterFields: readonly string[];
	readonly filterPaths: readonly Path[];
}

export interface TextIndexInfo extends SearchIndexBase {
	readonly kind: 'text';
	readonly searchField: string;
	readonly searchPath: Path;
}

export interface VectorIndexInfo extends SearchIndexBase {
	readonly kind: 'vector';
	readonly vectorField: string;
	readonly vectorPath: Path;
	readonly dimensions: number;
}

export type SearchIndexInfo = TextIndexInfo | VectorIndexInfo;

/** What makes one index another: a change of any of it means building anew. Stored as JSON. */
export type SearchIndexDefinition =
	| { kind: 'text'; searchField: string; filterFields: string[] }
	| { kind: 'vector'; vectorField: string; dimensions: number; filterFields: string[] };

export interface WantedSearchIndex {
	name: string;
	isStaged: boolean;
	definition: SearchIndexDefinition;
}

/** Shared by all tables without one, which is how the hot paths know them. */
export const NO_SEARCH_INDEXES: readonly SearchIndexInfo[] = [];

export function makeSearchIndex(
	id: number,
	tableNumber: number,
	{ name, isStaged, definition }: WantedSearchIndex,
): SearchIndexInfo {
	const { filterFields } = definition;
	const base = {
		id,
		tableNumber,
		name,
		isStaged,
		filterFields,
		filterPaths: filterFields.map(split),
	};
	if (definition.kind === 'text') {
		const { searchField } = definition;
		return { ...base, kind: 'text', searchField, searchPath: split(searchField) };
	}
	const { vectorField, dimensions } = definition;
	return { ...base, kind: 'vector', vectorField, vectorPath: split(vectorField), dimensions };
}

export function definitionOf(index: SearchIndexInfo): SearchIndexDefinition {
	const filterFields = [...index.filterFields];
	return index.kind === 'text'
		? { kind: 'text', searchField: index.searchField, filterFields }
		: {
				kind: 'vector',
				vectorField: index.vectorField,
				dimensions: index.dimensions,
				filterFields,
			};
}

/** All search and vector indexes a table of the schema declares. */
export function declaredSearchIndexes(table: TableDefinition): WantedSearchIndex[] {
	const text =
		(isStaged: boolean) => (index: NonNullable<TableDefinition['searchIndexes']>[number]) => ({
			name: index.indexDescriptor,
			isStaged,
			definition: {
				kind: 'text' as const,
				searchField: index.searchField,
				filterFields: unique(index.filterFields),
			},
		});
	const vector =
		(isStaged: boolean) => (index: NonNullable<TableDefinition['vectorIndexes']>[number]) => ({
			name: index.indexDescriptor,
			isStaged,
			definition: {
				kind: 'vector' as const,
				vectorField: index.vectorField,
				dimensions: index.dimensions,
				filterFields: unique(index.filterFields),
			},
		});
	return [
		...(table.searchIndexes ?? []).map(text(false)),
		...(table.stagedSearchIndexes ?? []).map(text(true)),
		...(table.vectorIndexes ?? []).map(vector(false)),
		...(table.stagedVectorIndexes ?? []).map(vector(true)),
	];
}

function split(field: string): Path {
	return field.split('.');
}

/** Convex takes them as a set. */
function unique(fields: readonly string[]): string[] {
	return [...new Set(fields)];
}
