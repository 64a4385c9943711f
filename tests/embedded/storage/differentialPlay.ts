/** Random programs of operations, played on the real store and on the naive model; they must agree at every step. */
import { convexToJson } from 'convex/values';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { DbSession, JsonValue, QueryJson } from '../../../src/lib/server/embedded/types.ts';
import { collect, indexRange, openTestStorage, query, scan, schema, table } from './helpers.ts';
import { COMPARISONS, type Documents, type ModelQuery, runModelQuery } from './model.ts';

const INDEXES: { [name: string]: string[] } = {
	by_a: ['a'],
	by_a_b: ['a', 'b'],
	by_nested: ['c.d', 'a'],
};

/** Few values, so that keys collide and ranges have borders that exist. */
const scalar: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue>(
	null,
	false,
	true,
	-1,
	0,
	1,
	2,
	'',
	'a',
	'b',
	'a\u0000',
	convexToJson(-0) as JsonValue,
	convexToJson(NaN) as JsonValue,
	convexToJson(1n) as JsonValue,
	convexToJson(-1n) as JsonValue,
	[],
	['a'],
	{ d: 1 },
);
const orUndefined = fc.oneof({ weight: 8, arbitrary: scalar }, fc.constant({ $undefined: null }));
const fields = fc.record(
	{ a: scalar, b: scalar, c: fc.record({ d: scalar }) },
	{ requiredKeys: [] },
) as fc.Arbitrary<{ [field: string]: JsonValue }>;
const changes = fc.record(
	{ a: orUndefined, b: orUndefined },
	{ requiredKeys: [] },
) as fc.Arbitrary<{
	[field: string]: JsonValue;
}>;

export const modelQuery: fc.Arbitrary<ModelQuery & { indexName: string }> = fc
	.constantFrom('by_creation_time', ...Object.keys(INDEXES))
	.chain((indexName) => {
		const indexed = INDEXES[indexName] ?? [];
		return fc
			.record({
				equalities: fc.nat(indexed.length),
				values: fc.array(orUndefined, { minLength: 4, maxLength: 4 }),
				lower: fc.constantFrom(null, 'Gt' as const, 'Gte' as const),
				upper: fc.constantFrom(null, 'Lt' as const, 'Lte' as const),
				isDescending: fc.boolean(),
				filter: fc.option(
					fc.record({
						field: fc.constantFrom('a', 'b', 'c.d'),
						operator: fc.constantFrom(
							...(Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]),
						),
						value: orUndefined,
					}),
				),
				limit: fc.option(fc.nat(4)),
			})
			.map(({ equalities, values, lower, upper, isDescending, filter, limit }) => {
				const range: ModelQuery['range'] = indexed
					.slice(0, equalities)
					.map((fieldPath, i) => ({ type: 'Eq', fieldPath, value: values[i]! }));
				const next = indexed[equalities];
				if (next !== undefined && lower)
					range.push({ type: lower, fieldPath: next, value: values[2]! });
				if (next !== undefined && upper)
					range.push({ type: upper, fieldPath: next, value: values[3]! });
				return { indexName, fields: indexed, range, isDescending, filter, limit };
			});
	});

const operation = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ op: fc.constant('insert' as const), fields }) },
	{ weight: 3, arbitrary: fc.record({ op: fc.constant('patch' as const), at: fc.nat(), changes }) },
	{
		weight: 2,
		arbitrary: fc.record({ op: fc.constant('replace' as const), at: fc.nat(), fields }),
	},
	{ weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), at: fc.nat() }) },
	fc.constant({ op: 'begin' as const }),
	fc.constant({ op: 'commit' as const }),
	fc.constant({ op: 'rollback' as const }),
	{ weight: 5, arbitrary: fc.record({ op: fc.constant('query' as const), query: modelQuery }) },
	{
		weight: 3,
		arbitrary: fc.record({
			op: fc.constant('pages' as const),
			query: modelQuery,
			sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ op: fc.constant('count' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

function queryJson({
	indexName,
	range,
	isDescending,
	filter,
	limit,
}: ModelQuery & { indexName: string }): QueryJson {
	const operators: QueryJson['operators'] = [
		...(filter
			? [
					{
						filter: {
							[filter.operator]: [
								{ $field: filter.field },
								{ $literal: filter.value },
							] as JsonValue,
						},
					},
				]
			: []),
		...(limit === null ? [] : [{ limit }]),
	];
	const order = isDescending ? 'desc' : 'asc';
	return indexName === 'by_creation_time'
		? scan('things', order, operators)
		: indexRange(`things.${indexName}`, range, order, operators);
}

function runQuery(db: DbSession, query: ModelQuery & { indexName: string }) {
	return collect(db, queryJson(query));
}

/** Page after page, of sizes that take turns; each is as large as it was asked for, but the last. */
function runPages(db: DbSession, json: QueryJson, sizes: number[]): JsonValue[] {
	const found: JsonValue[] = [];
	for (let cursor: string | null = null, turn = 0; ; turn++) {
		const pageSize = sizes[turn % sizes.length]!;
		const request = { query: json, cursor, endCursor: null, pageSize };
		const { page, isDone, continueCursor } = db.page('', request);
		found.push(...page);
		if (isDone) return found;
		expect(page).toHaveLength(pageSize);
		// What has been read so far is one page that ends where the last one did.
		const pinned = db.page('', { ...request, cursor: null, endCursor: continueCursor });
		expect(pinned.page).toEqual(found);
		cursor = continueCursor;
	}
}

/** How much was really compared, over all runs of this process. */
export const played = { operations: 0 };

/** Runs the operations on both; returns what the model holds afterwards. */
function play(db: DbSession, documents: Documents, operations: Operation[]): Documents {
	let current: Documents = new Map(documents);
	const saved: Documents[] = [];
	const pick = (at: number) => [...current.keys()].sort()[at % Math.max(current.size, 1)];
	for (const step of operations) {
		played.operations++;
		if (step.op === 'insert') {
			const id = db.insert('', 'things', step.fields);
			current.set(id, db.get('', id) as { _id: string; _creationTime: number });
			expect(current.get(id)).toEqual({
				...step.fields,
				_id: id,
				_creationTime: expect.any(Number),
			});
		} else if (step.op === 'begin') {
			db.beginSub();
			saved.push(new Map(current));
		} else if (step.op === 'commit' || step.op === 'rollback') {
			const before = saved.pop();
			if (!before) continue;
			if (step.op === 'commit') db.commitSub();
			else {
				db.rollbackSub();
				current = before;
			}
		} else if (step.op === 'query') {
			expect(runQuery(db, step.query)).toEqual(runModelQuery(current, step.query));
		} else if (step.op === 'pages') {
			// A limit would count anew on every page.
			const unlimited = { ...step.query, limit: null };
			expect(runPages(db, queryJson(unlimited), step.sizes)).toEqual(
				runModelQuery(current, unlimited),
			);
		} else if (step.op === 'count') {
			expect(db.count('', 'things')).toBe(current.size);
		} else {
			const id = pick(step.at);
			if (id === undefined) continue;
			const { _id, _creationTime, ...fields } = current.get(id)!;
			if (step.op === 'remove') {
				db.remove('', id);
				current.delete(id);
			} else {
				const next: { [field: string]: JsonValue } =
					step.op === 'patch' ? { ...fields, ...step.changes } : step.fields;
				if (step.op === 'patch') db.patch('', id, step.changes);
				else db.replace('', id, step.fields);
				const kept = Object.entries(next).filter(
					([, value]) => !(typeof value === 'object' && value !== null && '$undefined' in value),
				);
				current.set(id, { ...Object.fromEntries(kept), _id, _creationTime });
			}
		}
	}
	while (saved.pop()) db.commitSub();
	return current;
}

/** What a planted bug makes of a session. */
export type Sabotage = (db: DbSession) => DbSession;

/** A few mutations, submitted together, of which some fail; then queries of a snapshot, and the integrity check. */
export const programs = fc.tuple(
	fc.array(
		fc.record({
			operations: fc.array(operation, { maxLength: 40, size: 'max' }),
			fails: fc.boolean(),
		}),
		{ minLength: 1, maxLength: 5 },
	),
	fc.array(modelQuery, { maxLength: 10 }),
	// More rows than one batch, so that reads meet borders of batches.
	fc.array(fields, { maxLength: 60, size: 'max' }),
);
type Program = typeof programs extends fc.Arbitrary<infer T> ? T : never;

export async function playProgram(
	[mutations, queries, preloaded]: Program,
	sabotage: Sabotage = (db) => db,
): Promise<void> {
	const storage = openTestStorage();
	try {
		await storage.pushSchemas(new Map([['', schema(table('things', INDEXES))]]));
		let documents: Documents = new Map();
		await storage.mutate(async (db) => {
			documents = play(
				db,
				documents,
				preloaded.map((fields) => ({ op: 'insert', fields })),
			);
		});
		// Submitted together, so that later ones read what earlier ones of the same batch have applied.
		await Promise.all(
			mutations.map(({ operations, fails }) =>
				storage
					.mutate(async (db) => {
						const after = play(sabotage(db), documents, operations);
						if (fails) throw new Error('on purpose');
						documents = after;
					})
					.catch((error: Error) => {
						if (error.message !== 'on purpose') throw error;
					}),
			),
		);
		query(storage, (db) => {
			for (const each of queries) {
				expect(runQuery(db, each)).toEqual(runModelQuery(documents, each));
			}
		});
		const report = storage.checkIntegrity();
		expect(report.problems).toEqual([]);
		expect(report.documents).toBe(documents.size);
	} finally {
		await storage.close();
	}
}
