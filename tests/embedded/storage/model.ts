/** The naive database the real one is compared with: a map, sorted by compareValues whenever it is asked. */
import { compareValues, jsonToConvex, type Value } from 'convex/values';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';

export type ModelDocument = { _id: string; _creationTime: number; [field: string]: JsonValue };
export type Documents = Map<string, ModelDocument>;

export interface Bound {
	type: 'Eq' | 'Gt' | 'Gte' | 'Lt' | 'Lte';
	fieldPath: string;
	value: JsonValue;
}

export interface ModelQuery {
	/** Without the appended `_creationTime` and `_id`. */
	fields: string[];
	range: Bound[];
	isDescending: boolean;
	filter: { field: string; operator: keyof typeof COMPARISONS; value: JsonValue } | null;
	limit: number | null;
}

export const COMPARISONS = {
	$eq: (order: number) => order === 0,
	$neq: (order: number) => order !== 0,
	$lt: (order: number) => order < 0,
	$lte: (order: number) => order <= 0,
	$gt: (order: number) => order > 0,
	$gte: (order: number) => order >= 0,
};

const BOUNDS = {
	Eq: COMPARISONS.$eq,
	Gt: COMPARISONS.$gt,
	Gte: COMPARISONS.$gte,
	Lt: COMPARISONS.$lt,
	Lte: COMPARISONS.$lte,
};

export function fieldValue(document: ModelDocument, path: string): Value | undefined {
	let current: JsonValue | undefined = document;
	for (const name of path.split('.')) {
		if (typeof current !== 'object' || current === null || Array.isArray(current)) return undefined;
		current = current[name];
	}
	return current === undefined ? undefined : jsonToConvex(current);
}

export function literal(json: JsonValue): Value | undefined {
	const isUndefined = typeof json === 'object' && json !== null && '$undefined' in json;
	return isUndefined ? undefined : jsonToConvex(json);
}

export function runModelQuery(documents: Documents, query: ModelQuery): ModelDocument[] {
	const fields = [...query.fields, '_creationTime', '_id'];
	const { filter } = query;
	const found = [...documents.values()]
		.filter((document) =>
			query.range.every((bound) =>
				BOUNDS[bound.type](
					compareValues(fieldValue(document, bound.fieldPath), literal(bound.value)),
				),
			),
		)
		.sort((a, b) => {
			for (const field of fields) {
				const order = compareValues(fieldValue(a, field), fieldValue(b, field));
				if (order !== 0) return query.isDescending ? -order : order;
			}
			return 0;
		})
		.filter(
			(document) =>
				filter === null ||
				COMPARISONS[filter.operator](
					compareValues(fieldValue(document, filter.field), literal(filter.value)),
				),
		);
	return query.limit === null ? found : found.slice(0, query.limit);
}
