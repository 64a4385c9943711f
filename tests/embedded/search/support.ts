/** Search at the storage's own door: small schemas, and questions as convex/server sends them. */
import type {
	JsonValue,
	QueryJson,
	SchemaDefinition,
	TableDefinition,
} from '../../../src/lib/server/embedded/types.ts';

export function textIndex(
	filterFields: string[] = ['channel', 'meta.lang'],
	searchField = 'body',
	indexDescriptor = 'search',
) {
	return { indexDescriptor, searchField, filterFields };
}

/** A schema with the one table `posts`. */
export function posts(indexes: Partial<TableDefinition>): SchemaDefinition {
	return {
		tables: [{ tableName: 'posts', indexes: [], documentType: null, ...indexes }],
		schemaValidation: true,
	};
}

export interface Question {
	text: string;
	/** Field path to value; `{"$undefined":null}` for a missing field. */
	filters: { fieldPath: string; value: JsonValue }[];
	limit: number | null;
}

export function searchQuery({ text, filters, limit }: Question, index = 'posts.search'): QueryJson {
	return {
		source: {
			type: 'Search',
			indexName: index,
			filters: [
				{ type: 'Search', fieldPath: 'body', value: text },
				...filters.map((filter) => ({ type: 'Eq', ...filter })),
			],
		},
		operators: limit === null ? [] : [{ limit }],
	};
}

export const question = (text: string, filters: Question['filters'] = []): Question => ({
	text,
	filters,
	limit: null,
});
