/** From `1.0/queryStream`'s source to an index and an interval of its keys. */
import {
	BY_CREATION_TIME,
	findTable,
	type Catalog,
	type IndexInfo,
	type TableInfo,
} from './catalog.ts';
import { type ComponentPath, FunctionError, type JsonValue, type QueryJson } from './types.ts';
import { afterPrefix, type Bounds, encodeKey, prefixBounds } from './valueKeys.ts';

export interface ResolvedSource {
	component: ComponentPath;
	tableName: string;
	/** null: the table does not exist, which is no error until a schema says so: the query finds nothing. */
	target: { table: TableInfo; index: IndexInfo; bounds: Bounds } | null;
	isDescending: boolean;
}

type RangeSource = Extract<QueryJson['source'], { type: 'IndexRange' }>;
type RangeStep = RangeSource['range'][number];

/** Throws FunctionError 'UnsupportedFeature' (search), 'IndexNotFound' or 'InvalidIndexRange'. */
export function resolveSource(
	catalog: Catalog,
	component: ComponentPath,
	source: QueryJson['source'],
): ResolvedSource {
	if (source.type === 'Search') {
		throw new FunctionError(
			'UnsupportedFeature',
			`Full-text search (index ${source.indexName}) is not available in the embedded deployment. Use an index range or ` +
				'a filter, or run these functions on a Convex deployment.',
		);
	}
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
	const bounds = rangeBounds(source, index.fields);
	return { component, tableName, target: { table, index, bounds }, isDescending };
}

function splitIndexName(name: string): [string, string] {
	const dot = name.indexOf('.');
	if (dot < 0) throw new FunctionError('IndexNotFound', `Index ${name} not found.`);
	return [name.slice(0, dot), name.slice(dot + 1)];
}

/**
 * Equalities on the leading fields, then at most one lower and one upper bound on the next. A missing lower bound
 * includes undefined and null, as in Convex.
 */
function rangeBounds(source: RangeSource, fields: readonly string[]): Bounds {
	const equal: JsonValue[] = [];
	let lower: RangeStep | null = null;
	let upper: RangeStep | null = null;
	for (const step of source.range) {
		const expected = fields[equal.length];
		if (step.fieldPath !== expected) {
			throw invalidRange(
				source,
				fields,
				`\`${step.fieldPath}\` was used where the index expects \`${expected ?? 'no further field'}\``,
			);
		}
		if (step.type === 'Eq') {
			if (lower || upper) {
				throw invalidRange(
					source,
					fields,
					`\`${step.fieldPath}\` has both an equality and a bound`,
				);
			}
			equal.push(step.value);
		} else if (step.type === 'Gt' || step.type === 'Gte') {
			if (lower) throw invalidRange(source, fields, `\`${step.fieldPath}\` has two lower bounds`);
			lower = step;
		} else {
			if (upper) throw invalidRange(source, fields, `\`${step.fieldPath}\` has two upper bounds`);
			upper = step;
		}
	}
	const bounds = prefixBounds(encodeKey(equal));
	if (lower) {
		const key = encodeKey([...equal, lower.value]);
		bounds.start = lower.type === 'Gt' ? afterPrefix(key) : key;
	}
	if (upper) {
		const key = encodeKey([...equal, upper.value]);
		bounds.end = upper.type === 'Lte' ? afterPrefix(key) : key;
	}
	// Crossed bounds (gt 5, lt 3) are an empty range, not an error.
	return bounds.start < bounds.end ? bounds : { start: bounds.start, end: bounds.start };
}

function invalidRange(source: RangeSource, fields: readonly string[], why: string): FunctionError {
	return new FunctionError(
		'InvalidIndexRange',
		`Tried to query index ${source.indexName} but the query didn't use the index fields in order: ${why}. Index fields: ` +
			`[${fields.join(', ')}]. The range must be equalities on the first fields, then at most one lower and one upper bound on the next.`,
	);
}
