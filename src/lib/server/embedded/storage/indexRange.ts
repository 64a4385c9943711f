/** From `1.0/queryStream`'s source to an index and an interval of its keys. */
import {
	BY_CREATION_TIME,
	findTable,
	type Catalog,
	type IndexInfo,
	type TableInfo,
} from './catalog.ts';
import { indexStaged } from '../search/indexStaged.ts';
import { type ComponentPath, FunctionError, type JsonValue, type QueryJson } from '../types.ts';
import { describeValue } from './validatorText.ts';
import { afterPrefix, type Bounds, encodeKey, prefixBounds } from './valueKeys.ts';

export interface ResolvedSource {
	component: ComponentPath;
	tableName: string;
	/** null: the table does not exist, which is no error until a schema says so: the query finds nothing. */
	target: { table: TableInfo; index: IndexInfo; bounds: Bounds } | null;
	isDescending: boolean;
}

type RangeSource = Extract<QueryJson['source'], { type: 'IndexRange' }>;
/** A full-text search is no range of keys: `search/textQuery.ts` reads it. */
export type ScanSource = Exclude<QueryJson['source'], { type: 'Search' }>;
type RangeStep = RangeSource['range'][number];

/** Throws FunctionError 'IndexNotFound', 'IndexStagedError' or 'InvalidIndexRange'. */
export function resolveSource(
	catalog: Catalog,
	component: ComponentPath,
	source: ScanSource,
): ResolvedSource {
	const isDescending = source.order === 'desc';
	if (source.type === 'FullTableScan') {
		const table = findTable(catalog, component, source.tableName);
		const index = table?.indexes.find(({ name }) => name === BY_CREATION_TIME);
		const target = table && index ? { table, index, bounds: prefixBounds('') } : null;
		return { component, tableName: source.tableName, target, isDescending };
	}
	const [tableName, indexName] = splitIndexName(source.indexName);
	const table = findTable(catalog, component, tableName);
	if (!table) return { component, tableName, target: null, isDescending };
	const index = table.indexes.find(({ name }) => name === indexName);
	if (!index) {
		throw new FunctionError('IndexNotFound', `Index ${source.indexName} not found.`);
	}
	if (index.isStaged) throw indexStaged(source.indexName);
	const bounds = rangeBounds(source, index.fields);
	return { component, tableName, target: { table, index, bounds }, isDescending };
}

function splitIndexName(name: string): [string, string] {
	const dot = name.indexOf('.');
	if (dot < 0) throw new FunctionError('IndexNotFound', `Index ${name} not found.`);
	return [name.slice(0, dot), name.slice(dot + 1)];
}

/** The one field with a lower and an upper bound, and the fields that must be equal, in whatever order they came. */
interface SplitRange {
	equal: Map<string, JsonValue>;
	lower: RangeStep | null;
	upper: RangeStep | null;
}

/**
 * Equalities on the leading fields in any order, then at most one lower and one upper bound on the next. A missing lower
 * bound includes undefined and null, as in Convex. Throws what Convex does: 'AlreadyDefinedBound',
 * 'BoundsOnMultipleFields', 'FieldNotInIndex' or 'InvalidIndexRange'.
 */
function rangeBounds(source: RangeSource, fields: readonly string[]): Bounds {
	const { equal, lower, upper } = splitRange(source);
	const bounded = (lower ?? upper)?.fieldPath;
	const used = [...equal.keys(), ...(bounded === undefined ? [] : [bounded])];
	const stranger = used.find((field) => !fields.includes(field));
	if (stranger !== undefined) throw fieldNotInIndex(source, fields, stranger);
	const leading = fields.slice(0, equal.size);
	const missing = leading.findIndex((field) => !equal.has(field));
	if (missing !== -1) {
		const inOrder = [...equal.keys()].sort((a, b) => fields.indexOf(a) - fields.indexOf(b));
		throw outOfOrder(source, fields, [...inOrder, ...used.slice(equal.size)], inOrder[missing]!);
	}
	if (bounded !== undefined && bounded !== fields[equal.size]) {
		throw outOfOrder(source, fields, [...leading, bounded], bounded);
	}
	const prefix = leading.map((field) => equal.get(field)!);
	const bounds = prefixBounds(encodeKey(prefix));
	if (lower) {
		const key = encodeKey([...prefix, lower.value]);
		bounds.start = lower.type === 'Gt' ? afterPrefix(key) : key;
	}
	if (upper) {
		const key = encodeKey([...prefix, upper.value]);
		bounds.end = upper.type === 'Lte' ? afterPrefix(key) : key;
	}
	// Crossed bounds (gt 5, lt 3) are an empty range, not an error.
	return bounds.start < bounds.end ? bounds : { start: bounds.start, end: bounds.start };
}

const COMPARATORS = { Gt: '>', Gte: '>=', Lt: '<', Lte: '<=' };

function splitRange(source: RangeSource): SplitRange {
	const equal = new Map<string, JsonValue>();
	const bounds: { lower: RangeStep | null; upper: RangeStep | null } = { lower: null, upper: null };
	for (const step of source.range) {
		const { type, fieldPath, value } = step;
		if (type === 'Eq') {
			const earlier = equal.get(fieldPath);
			if (earlier !== undefined) throw alreadyDefined('equality', fieldPath, '==', earlier);
			equal.set(fieldPath, value);
			continue;
		}
		const side = type === 'Gt' || type === 'Gte' ? 'lower' : 'upper';
		if (bounds[side]) throw alreadyDefined(side, fieldPath, COMPARATORS[type], value);
		const other = bounds[side === 'lower' ? 'upper' : 'lower'];
		if (other && other.fieldPath !== fieldPath) {
			throw new FunctionError(
				'BoundsOnMultipleFields',
				'Upper and lower bounds in `range` can only be applied to a single index field. This query against index ' +
					`${source.indexName} attempted to set a range bound on both "${other.fieldPath}" and "${fieldPath}". ` +
					'Consider using `filter` instead.',
			);
		}
		bounds[side] = step;
	}
	const bounded = bounds.lower ?? bounds.upper;
	const earlier = bounded ? equal.get(bounded.fieldPath) : undefined;
	if (bounded && earlier !== undefined) {
		throw alreadyDefined('inequality', bounded.fieldPath, '==', earlier);
	}
	return { equal, ...bounds };
}

function alreadyDefined(kind: string, field: string, comparator: string, value: JsonValue) {
	return new FunctionError(
		'AlreadyDefinedBound',
		`Already defined ${kind} bound in index range. Can't add "${field}" ${comparator} ${describeValue(value)}.`,
	);
}

function fieldNotInIndex(source: RangeSource, fields: readonly string[], field: string) {
	return new FunctionError(
		'FieldNotInIndex',
		`The index range included a comparison with "${field}", but ${source.indexName} with fields ${list(fields)} doesn't index this field.`,
	);
}

function outOfOrder(
	source: RangeSource,
	fields: readonly string[],
	used: readonly string[],
	first: string,
) {
	return new FunctionError(
		'InvalidIndexRange',
		`Tried to query index ${source.indexName} but the query didn't use the index fields in order.\n` +
			`Index fields: ${list(fields)}\nQuery fields: ${list(used)}\nFirst incorrect field: "${first}"\n` +
			'The range must be equalities on the first fields, then at most one lower and one upper bound on the next.',
	);
}

/** As Convex lists them: `_id` ends every index and goes without saying. */
function list(fields: readonly string[]): string {
	const shown = fields.length > 1 ? fields.filter((field) => field !== '_id') : fields;
	return `[${shown.map((field) => `"${field}"`).join(', ')}]`;
}
