/** The nearest vectors by cosine: exact, by reading every vector that passes the filter. Error texts are Convex's. */
import { type Catalog, findTable } from '../storage/catalog.ts';
import { isJsonObject } from '../storage/jsonValues.ts';
import { type ComponentPath, FunctionError, type JsonValue } from '../types.ts';
import { filterToken } from './filterTokens.ts';
import { indexStaged } from './indexStaged.ts';
import type { SearchReader } from './searchDatabase.ts';
import type { VectorIndexInfo } from './searchIndexes.ts';
import { unitVector } from './vectorRows.ts';

/** As `1.0/actions/vectorSearch` gets it. */
export interface VectorSearchJson {
	/** 'table.index' */
	indexName: string;
	limit?: number | null;
	vector: JsonValue[];
	/** `{"$eq":[{"$field":…},{"$literal":…}]}`, `{"$or":[…]}` of such, or null. */
	expressions?: JsonValue;
}

export interface VectorMatch {
	_id: string;
	/** Cosine, from -1 to 1. */
	_score: number;
}

/** https://docs.convex.dev/search/vector-search, "Limits". */
const DEFAULT_RESULTS = 10;
const MAX_RESULTS = 256;
const MAX_FILTERS = 64;
/** Bytes of vectors read between two pauses: a few milliseconds of work. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Throws FunctionError: 'IndexNotFound', 'IndexStagedError' or one of the codes below. */
export async function findVectors(
	reader: SearchReader,
	catalog: Catalog,
	component: ComponentPath,
	query: VectorSearchJson,
): Promise<VectorMatch[]> {
	const index = resolveIndex(catalog, component, query.indexName);
	const limit = readLimit(query.limit);
	const vector = readVector(index, query.vector);
	const filters = readFilters(query.indexName, index, query.expressions ?? null);
	const best = new Best(limit);
	const batchRows = Math.max(
		1,
		Math.floor(BATCH_BYTES / (index.dimensions * Float32Array.BYTES_PER_ELEMENT)),
	);
	let after = 0;
	for (;;) {
		const rows = reader.vectors(index.id, filters, after, batchRows);
		for (const { id, vector: stored } of rows) best.offer(id, product(vector, stored));
		if (rows.length < batchRows) return best.sorted();
		after = rows.at(-1)!.rid;
		await new Promise((resolve) => setImmediate(resolve));
	}
}

function resolveIndex(
	catalog: Catalog,
	component: ComponentPath,
	indexName: string,
): VectorIndexInfo {
	const dot = String(indexName).indexOf('.');
	const table = findTable(catalog, component, indexName.slice(0, dot));
	const index = table?.search.find(({ name }) => name === indexName.slice(dot + 1));
	if (index?.kind !== 'vector') {
		throw new FunctionError('IndexNotFound', `Index ${indexName} not found.`);
	}
	if (index.isStaged) throw indexStaged(indexName);
	return index;
}

function readLimit(limit: number | null | undefined): number {
	if (limit === undefined || limit === null) return DEFAULT_RESULTS;
	if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_RESULTS) return limit;
	throw new FunctionError(
		'InvalidVectorSearchLimit',
		`\`limit\` of a vector search must be an integer between 1 and ${MAX_RESULTS}. Received ${String(limit)}.`,
	);
}

function readVector({ dimensions }: VectorIndexInfo, elements: JsonValue[]): Float32Array {
	if (!Array.isArray(elements) || elements.length !== dimensions) {
		const received = Array.isArray(elements) ? elements.length : 0;
		throw new FunctionError(
			'VectorDimensionsMismatch',
			`Expected a vector with dimensions ${dimensions}, received ${received}.`,
		);
	}
	const vector = unitVector(elements);
	if (vector) return vector;
	throw new FunctionError(
		'InvalidVector',
		'The `vector` of a vector search must be an array of finite numbers.',
	);
}

/** null: no filter. */
function readFilters(
	indexName: string,
	index: VectorIndexInfo,
	expression: JsonValue,
): string[] | null {
	if (expression === null) return null;
	const tokens = new Set<string>();
	collectEqualities(expression, (field, value) => {
		const position = index.filterFields.indexOf(field);
		if (position < 0) {
			throw new FunctionError(
				'IncorrectVectorFilterField',
				`Vector query against ${indexName} contains a filter on "${field}" but that field isn't indexed for filtering in ` +
					'`filterFields`.',
			);
		}
		tokens.add(filterToken(position, value));
	});
	if (tokens.size > MAX_FILTERS) {
		throw new FunctionError(
			'TooManyVectorSearchFilters',
			`Vector query against ${indexName} has too many filter expressions. Max: ${MAX_FILTERS} Actual: ${tokens.size}`,
		);
	}
	return [...tokens];
}

function collectEqualities(
	expression: JsonValue,
	add: (field: string, value: JsonValue) => void,
): void {
	if (isJsonObject(expression) && Array.isArray(expression.$or)) {
		for (const part of expression.$or) collectEqualities(part, add);
		return;
	}
	if (isJsonObject(expression) && Array.isArray(expression.$eq)) {
		const [left, right] = expression.$eq;
		if (
			isJsonObject(left) &&
			typeof left.$field === 'string' &&
			isJsonObject(right) &&
			Object.hasOwn(right, '$literal')
		) {
			add(left.$field, right.$literal!);
			return;
		}
		throw invalidFilter(
			'`q.eq` must take a field path as its first argument and a value as its second',
		);
	}
	throw invalidFilter('Filters should be a combination of `q.eq` and `q.or`.');
}

function invalidFilter(message: string): FunctionError {
	return new FunctionError('InvalidVectorSearchFilter', message);
}

/** Rounding may leave the product of unit vectors a hair outside of [-1, 1]. */
function product(a: Float32Array, b: Float32Array): number {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
	return Math.min(1, Math.max(-1, sum));
}

/** The `limit` best so far; ties by id, as Convex documents. */
class Best {
	#limit: number;
	#matches: VectorMatch[] = [];

	constructor(limit: number) {
		this.#limit = limit;
	}

	offer(_id: string, _score: number): void {
		const match = { _id, _score };
		const worst = this.#matches.at(-1);
		if (worst && this.#matches.length === this.#limit) {
			if (compareMatches(worst, match) < 0) return;
			this.#matches.pop();
		}
		let low = 0;
		let high = this.#matches.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (compareMatches(this.#matches[middle]!, match) < 0) low = middle + 1;
			else high = middle;
		}
		this.#matches.splice(low, 0, match);
	}

	sorted(): VectorMatch[] {
		return this.#matches;
	}
}

function compareMatches(a: VectorMatch, b: VectorMatch): number {
	return b._score - a._score || (a._id < b._id ? -1 : 1);
}
