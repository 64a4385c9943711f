/** From `1.0/queryStream`'s search source to an index, words and filters. Error texts are Convex's. */
import { type Catalog, findTable, type TableInfo } from '../storage/catalog.ts';
import { isJsonObject } from '../storage/jsonValues.ts';
import { type ComponentPath, FunctionError, type JsonValue, type QueryJson } from '../types.ts';
import { filterToken } from './filterTokens.ts';
import { indexStaged } from './indexStaged.ts';
import type { TextIndexInfo } from './searchIndexes.ts';
import { tokenize } from './terms.ts';

/** https://docs.convex.dev/search/text-search, "Limits". */
const MAX_QUERY_TERMS = 16;
const MAX_FILTERS = 8;

export interface TextQuery {
	table: TableInfo;
	index: TextIndexInfo;
	/** Distinct, at most 16; none when the text has no word, and then nothing matches. The last one is also a beginning. */
	words: string[];
	/** Of `filterToken`: all must hold. Distinct and sorted, so that equal questions depend on equal keys. */
	filters: string[];
}

type SearchSource = Extract<QueryJson['source'], { type: 'Search' }>;

/** Throws FunctionError: 'IndexNotFound', 'IndexStagedError' or one of the codes below. */
export function resolveTextQuery(
	catalog: Catalog,
	component: ComponentPath,
	source: SearchSource,
): TextQuery {
	const { indexName } = source;
	const dot = indexName.indexOf('.');
	const table = findTable(catalog, component, indexName.slice(0, dot));
	const index = table?.search.find(({ name }) => name === indexName.slice(dot + 1));
	if (!table || index?.kind !== 'text') {
		throw new FunctionError('IndexNotFound', `Index ${indexName} not found.`);
	}
	if (index.isStaged) throw indexStaged(indexName);
	const { text, filters } = readFilters(indexName, index, source.filters);
	return { table, index, words: queryWords(text), filters: [...new Set(filters)].sort() };
}

/** Words beyond the limit are left out, as Convex does. */
function queryWords(text: string): string[] {
	const words = tokenize(text).slice(0, MAX_QUERY_TERMS);
	const last = words.at(-1);
	if (last === undefined) return [];
	return [...new Set(words.filter((word) => word !== last)), last];
}

function readFilters(indexName: string, index: TextIndexInfo, filters: JsonValue[]) {
	let text: string | null = null;
	const tokens: string[] = [];
	for (const filter of filters) {
		if (!isJsonObject(filter) || typeof filter.fieldPath !== 'string') throw malformed(indexName);
		const { type, fieldPath, value } = filter;
		if (type === 'Search') {
			if (fieldPath !== index.searchField) {
				throw new FunctionError(
					'IncorrectSearchField',
					`Search query against ${indexName} contains a search filter against "${fieldPath}", which doesn't match the ` +
						`indexed \`searchField\` "${index.searchField}".`,
				);
			}
			if (text !== null) {
				throw new FunctionError(
					'DuplicateSearchFiltersError',
					`Search query against ${indexName} contains multiple search filters against "${fieldPath}". Only one is allowed.`,
				);
			}
			if (typeof value !== 'string') throw malformed(indexName);
			text = value;
		} else if (type === 'Eq') {
			const field = index.filterFields.indexOf(fieldPath);
			if (field < 0) {
				throw new FunctionError(
					'IncorrectFilterFieldError',
					`Search query against ${indexName} contains an equality filter on "${fieldPath}" but that field isn't indexed ` +
						'for filtering in `filterFields`.',
				);
			}
			tokens.push(filterToken(field, value));
		} else throw malformed(indexName);
	}
	if (text === null) {
		throw new FunctionError(
			'MissingSearchFilterError',
			`Search query against ${indexName} does not contain any search filters. You must include a search filter like ` +
				`\`q.search("${index.searchField}", searchText)\`.`,
		);
	}
	if (tokens.length > MAX_FILTERS) {
		throw new FunctionError(
			'TooManyFilterConditionsInSearchQueryError',
			`Search query against ${indexName} has too many filter conditions. Max: ${MAX_FILTERS} Actual: ${tokens.length}`,
		);
	}
	return { text, filters: tokens };
}

function malformed(indexName: string): FunctionError {
	return new FunctionError(
		'InvalidQuery',
		`Search query against ${indexName} is malformed: filters are \`q.search(field, text)\` with a string, and \`.eq(field, value)\`.`,
	);
}
