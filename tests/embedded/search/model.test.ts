/** Random documents, writes, roll-backs and questions: the same documents in the same order as the naive search. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type { DbSession, JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { collect, openTestStorage, query } from '../storage/helpers.ts';
import { naiveSearch, type Post } from './naive.ts';
import { posts, type Question, searchQuery, textIndex } from './support.ts';

/** Few words, some of which begin others, so that questions meet documents. */
const word = fc.constantFrom(
	'a',
	'ab',
	'abc',
	'b',
	'Über',
	'über-b',
	'ΟΔΟΣ',
	'東京',
	'x'.repeat(32),
);
const body = fc.oneof(
	{ weight: 8, arbitrary: fc.array(word, { maxLength: 6 }).map((words) => words.join(' ')) },
	{ weight: 1, arbitrary: fc.constantFrom<JsonValue>(7, null, ['a']) },
);
const channel = fc.constantFrom<JsonValue>('one', 'two', null, 1, { $integer: 'AQAAAAAAAAA=' });
const fields = fc.record(
	{
		body,
		channel,
		meta: fc.record({ lang: fc.constantFrom<JsonValue>('de', 'en') }, { requiredKeys: [] }),
		other: fc.nat(3),
	},
	{ requiredKeys: [] },
) as fc.Arbitrary<{ [field: string]: JsonValue }>;

const missing = { $undefined: null } as JsonValue;
const question: fc.Arbitrary<Question> = fc.record({
	text: fc.array(word, { maxLength: 3 }).map((words) => words.join(' ')),
	filters: fc.uniqueArray(
		fc.oneof(
			fc.record({
				fieldPath: fc.constant('channel'),
				value: fc.oneof(channel, fc.constant(missing)),
			}),
			fc.record({
				fieldPath: fc.constant('meta.lang'),
				value: fc.constantFrom<JsonValue>('de', 'en', missing),
			}),
		),
		{ maxLength: 2, selector: ({ fieldPath }) => fieldPath },
	),
	limit: fc.option(fc.nat(4)),
});

const step = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ do: fc.constant('insert' as const), fields }) },
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constant('replace' as const), at: fc.nat(), fields }),
	},
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat() }) },
	{ weight: 4, arbitrary: fc.record({ do: fc.constant('search' as const), question }) },
	fc.record({ do: fc.constant('begin' as const) }),
	fc.record({ do: fc.constant('commit' as const) }),
	fc.record({ do: fc.constant('rollback' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Posts = ReadonlyMap<string, Post>;

function expectSame(db: DbSession, all: Posts, asked: Question): void {
	const found = collect(db, searchQuery(asked)) as Post[];
	expect(found.map(({ _id }) => _id)).toEqual(
		naiveSearch(all.values(), asked).map(({ _id }) => _id),
	);
	for (const post of found) expect(post).toEqual(all.get(post._id));
}

/** Plays the steps on both; returns the model after them. */
function play(db: DbSession, before: Posts, steps: readonly Step[]): Posts {
	let all = new Map(before);
	const saved: Map<string, Post>[] = [];
	for (const each of steps) {
		if (each.do === 'insert') {
			const id = db.insert('', 'posts', each.fields);
			all.set(id, db.get('', id) as Post);
		} else if (each.do === 'search') expectSame(db, all, each.question);
		else if (each.do === 'begin') {
			db.beginSub();
			saved.push(new Map(all));
		} else if (each.do === 'commit' || each.do === 'rollback') {
			const then = saved.pop();
			if (!then) continue;
			if (each.do === 'commit') db.commitSub();
			else {
				db.rollbackSub();
				all = then;
			}
		} else {
			const ids = [...all.keys()].sort();
			const id = ids[each.at % Math.max(ids.length, 1)];
			if (id === undefined) continue;
			if (each.do === 'remove') {
				db.remove('', id);
				all.delete(id);
			} else {
				db.replace('', id, each.fields);
				all.set(id, db.get('', id) as Post);
			}
		}
	}
	while (saved.pop()) db.commitSub();
	return all;
}

async function compare(
	storage: SqliteStorage,
	mutations: Step[][],
	questions: Question[],
): Promise<void> {
	let all: Posts = new Map();
	// Submitted together: later ones read what earlier ones of the same batch have applied.
	await Promise.all(
		mutations.map((steps) =>
			storage.mutate(async (db) => {
				all = play(db, all, steps);
			}),
		),
	);
	query(storage, (db) => {
		for (const asked of questions) expectSame(db, all, asked);
	});
}

const runs = fc.tuple(
	fc.array(fc.array(step, { maxLength: 25, size: 'max' }), { minLength: 1, maxLength: 4 }),
	fc.array(question, { minLength: 1, maxLength: 8, size: 'max' }),
);

describe('E3-1 search against a naive model', () => {
	test('E3-1 same documents, same order: overlays, filters, roll-backs, batches', async () => {
		await fc.assert(
			fc.asyncProperty(runs, async ([mutations, questions]) => {
				const storage = openTestStorage();
				await storage.pushSchemas(new Map([['', posts({ searchIndexes: [textIndex()] })]]));
				await compare(storage, mutations, questions);
				expect(storage.checkIntegrity().problems).toEqual([]);
				await storage.close();
			}),
			{ numRuns: Number(process.env.SEARCH_RUNS ?? 150) },
		);
	}, 120_000);

	test('E3-1 an index built over what is there finds what one that was always there finds', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fields, { maxLength: 30, size: 'max' }),
				fc.array(question, { minLength: 1, maxLength: 8 }),
				async (documents, questions) => {
					const storage = openTestStorage();
					const { value: all } = await storage.mutate(async (db) =>
						play(
							db,
							new Map(),
							documents.map((each) => ({ do: 'insert', fields: each })),
						),
					);
					await storage.pushSchemas(new Map([['', posts({ searchIndexes: [textIndex()] })]]));
					query(storage, (db) => {
						for (const asked of questions) expectSame(db, all, asked);
					});
					expect(storage.checkIntegrity().problems).toEqual([]);
					await storage.close();
				},
			),
			{ numRuns: 40 },
		);
	}, 60_000);
});
