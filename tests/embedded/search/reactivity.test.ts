/** Read sets of searches: whoever is not woken has nothing to hear, and whoever shares nothing is not woken. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RangeIndex } from '../../../src/lib/server/embedded/sync/rangeIndex.ts';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type { Commit, JsonValue, KeyRange } from '../../../src/lib/server/embedded/types.ts';
import { collect, openTestStorage } from '../storage/helpers.ts';
import { passes, type Post, sharesWord } from './naive.ts';
import { posts, type Question, searchQuery, textIndex } from './support.ts';

const word = fc.constantFrom('a', 'ab', 'abc', 'b', 'bc', 'c');
const fields = fc.record({
	body: fc.array(word, { maxLength: 4 }).map((words) => words.join(' ')),
	channel: fc.constantFrom<JsonValue>('one', 'two'),
	meta: fc.record({ lang: fc.constantFrom<JsonValue>('de', 'en') }, { requiredKeys: [] }),
	other: fc.nat(3),
}) as fc.Arbitrary<{ [field: string]: JsonValue }>;
const question: fc.Arbitrary<Question> = fc.record({
	text: fc.array(word, { minLength: 1, maxLength: 2 }).map((words) => words.join(' ')),
	filters: fc.subarray<Question['filters'][number]>([
		{ fieldPath: 'channel', value: 'one' },
		{ fieldPath: 'meta.lang', value: 'de' },
	]),
	limit: fc.option(fc.integer({ min: 1, max: 3 })),
});
const write = fc.oneof(
	{ weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), fields }) },
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constant('replace' as const), at: fc.nat(), fields }),
	},
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('touch' as const), at: fc.nat() }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat() }) },
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant('move' as const),
			at: fc.nat(),
			channel: fc.constantFrom<JsonValue>('one', 'two'),
		}),
	},
);
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

interface Live {
	asked: Question;
	result: Post[];
	ranges: KeyRange[];
}

function evaluate(storage: SqliteStorage, asked: Question): Live {
	const session = storage.snapshot();
	try {
		return {
			asked,
			result: collect(session, searchQuery(asked)) as Post[],
			ranges: session.readSet(),
		};
	} finally {
		session.dispose();
	}
}

interface Tally {
	woken: number;
	asleep: number;
	/** Asleep although the result is another. */
	stale: number;
	/** Woken by a write of nothing it asked for. */
	needless: number;
}

/** Keeps all questions live while the writes go by, each in a commit of its own. */
async function follow(
	questions: Question[],
	writes: Write[],
	distort: (commit: Commit) => Commit = (commit) => commit,
): Promise<Tally> {
	const storage = openTestStorage();
	await storage.pushSchemas(new Map([['', posts({ searchIndexes: [textIndex()] })]]));
	const tally: Tally = { woken: 0, asleep: 0, stale: 0, needless: 0 };
	const live = new RangeIndex<Live>();
	const all = new Set<Live>();
	const start = (one: Live) => {
		live.add(one, one.ranges);
		all.add(one);
	};
	for (const asked of questions) start(evaluate(storage, asked));
	let touched = new Set<Live>();
	storage.onCommit((commit) => void (touched = live.touched(distort(commit).writes)));
	const known = new Map<string, Post>();
	for (const each of writes) {
		const ids = [...known.keys()].sort();
		const id = each.do === 'insert' ? undefined : ids[each.at % Math.max(ids.length, 1)];
		if (each.do !== 'insert' && id === undefined) continue;
		const before = id === undefined ? undefined : known.get(id);
		const { value: after } = await storage.mutate(async (db) => {
			if (each.do === 'insert') return db.get('', db.insert('', 'posts', each.fields)) as Post;
			if (each.do === 'remove') db.remove('', id!);
			else if (each.do === 'move') db.patch('', id!, { channel: each.channel });
			else if (each.do === 'touch') db.patch('', id!, { other: 10 + each.at });
			else db.replace('', id!, each.fields);
			return db.get('', id!) as Post | null;
		});
		if (after) known.set(after._id, after);
		else known.delete(id!);
		for (const one of [...all]) {
			const fresh = evaluate(storage, one.asked);
			if (!touched.has(one)) {
				tally.asleep++;
				if (JSON.stringify(fresh.result) !== JSON.stringify(one.result)) tally.stale++;
				continue;
			}
			tally.woken++;
			if (!isConcerned(one, before, after)) tally.needless++;
			live.remove(one, one.ranges);
			all.delete(one);
			start(fresh);
		}
	}
	expect(storage.checkIntegrity().problems).toEqual([]);
	await storage.close();
	return tally;
}

/** One of the versions is among what was asked for within the first filter, or was shown. */
function isConcerned(
	{ asked, result }: Live,
	before: Post | undefined,
	after: Post | null,
): boolean {
	const first = asked.filters.toSorted((a, b) => (a.fieldPath < b.fieldPath ? -1 : 1)).slice(0, 1);
	return [before, after].some(
		(version) =>
			version &&
			((sharesWord(version, asked) && passes(version, first)) ||
				result.some(({ _id }) => _id === version._id)),
	);
}

const runs = fc.tuple(
	fc.array(question, { minLength: 1, maxLength: 6 }),
	fc.array(write, { minLength: 1, maxLength: 25, size: 'max' }),
);

async function total(distort?: (commit: Commit) => Commit): Promise<Tally> {
	const sum: Tally = { woken: 0, asleep: 0, stale: 0, needless: 0 };
	for (const [questions, writes] of fc.sample(runs, { numRuns: 60, seed: 7 })) {
		const tally = await follow(questions, writes, distort);
		for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += tally[key];
	}
	return sum;
}

describe('E3-5 live searches', () => {
	test('E3-5 content and order are never stale, and unrelated writes wake nobody', async () => {
		const { woken, asleep, stale, needless } = await total();
		expect({ stale, needless }).toEqual({ stale: 0, needless: 0 });
		expect(woken).toBeGreaterThan(200);
		expect(asleep).toBeGreaterThan(200);
	}, 60_000);

	test('E3-5 control: a commit that keeps some of its keys to itself is noticed', async () => {
		const { stale } = await total((commit) => ({
			...commit,
			writes: commit.writes.filter((_, i) => i % 3 !== 0),
		}));
		expect(stale).toBeGreaterThan(0);
	}, 60_000);

	test('E3-5 a match that was not shown wakes a search when it goes: the order follows from it', async () => {
		const storage = openTestStorage();
		await storage.pushSchemas(new Map([['', posts({ searchIndexes: [textIndex()] })]]));
		const { value: ids } = await storage.mutate(async (db) =>
			['a', 'b', 'a'].map((body) => db.insert('', 'posts', { body })),
		);
		const asked = { text: 'a b', filters: [], limit: 1 };
		const shown = evaluate(storage, asked);
		// The rarer word ranks higher while there are two of the other.
		expect(shown.result.map(({ _id }) => _id)).toEqual([ids[1]]);
		const live = new RangeIndex<Live>();
		live.add(shown, shown.ranges);
		const woken: boolean[] = [];
		storage.onCommit((commit) => void woken.push(live.touched(commit.writes).has(shown)));
		await storage.mutate(async (db) => db.remove('', ids[0]!));
		expect(woken).toEqual([true]);
		expect(evaluate(storage, asked).result.map(({ _id }) => _id)).toEqual([ids[2]]);
		await storage.close();
	});

	test('E3-5 a change of another field wakes those who show the document, by its id only', async () => {
		const storage = openTestStorage();
		await storage.pushSchemas(new Map([['', posts({ searchIndexes: [textIndex()] })]]));
		const { value: ids } = await storage.mutate(async (db) =>
			['a a', 'a'].map((body) => db.insert('', 'posts', { body })),
		);
		const first = evaluate(storage, { text: 'a', filters: [], limit: 1 });
		expect(first.result.map(({ _id }) => _id)).toEqual([ids[0]]);
		const live = new RangeIndex<Live>();
		live.add(first, first.ranges);
		const woken: boolean[] = [];
		storage.onCommit((commit) => void woken.push(live.touched(commit.writes).has(first)));
		for (const id of [ids[1]!, ids[0]!]) {
			await storage.mutate(async (db) => db.patch('', id, { other: 1 }));
		}
		expect(woken).toEqual([false, true]);
		await storage.close();
	});
});
