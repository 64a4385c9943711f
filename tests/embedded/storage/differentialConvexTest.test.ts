/// <reference types="vite/client" />
/**
 * Random calls of the same functions on convex-test and on the deployment: what both define, so nothing of what the case
 * suite skips (filters by order, records, pages' ends). Ids differ between the two; labels stand for documents.
 */
import { makeFunctionReference } from 'convex/server';
import { convexToJson, jsonToConvex, type Value } from 'convex/values';
import { convexTest } from 'convex-test';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import schemaOfCases from '../fixtures/cases/convex/schema.ts';
import { openRunner, valueOf, type Opened } from '../functions/support.ts';

const modules = {
	...import.meta.glob('../fixtures/cases/convex/*.ts'),
	'../fixtures/cases/convex/_generated/api.js': async () => ({}),
};

type Args = Record<string, Value>;
interface Side {
	query(path: string, args: Args): Promise<Value>;
	mutation(path: string, args: Args): Promise<Value>;
}

let app: Opened;
let ours: Side;
let theirs: Side;

beforeAll(async () => {
	// First, so that the deployment finds the mock's global and leaves it to the mock's functions.
	const mock = convexTest({ schema: schemaOfCases, modules });
	theirs = {
		query: (path, args) => mock.query(makeFunctionReference<'query'>(path), args),
		mutation: (path, args) => mock.mutation(makeFunctionReference<'mutation'>(path), args),
	};
	app = await openRunner('cases', { showErrors: true });
	const json = (args: Args) => convexToJson(args) as JsonValue;
	ours = {
		query: async (path, args) => jsonToConvex(await app.value(path, json(args))),
		mutation: async (path, args) => jsonToConvex(valueOf(await app.mutate(path, json(args)))),
	};
});
afterAll(() => app.close());

const value: fc.Arbitrary<Value> = fc.constantFrom<Value>(
	null,
	true,
	-1,
	0,
	2.5,
	3n,
	'a',
	'ab',
	[1],
	{
		a: 1,
	},
);
const group = fc.constantFrom<Value>('x', 'y');
const fields = fc.record({ group, rank: value, nested: value }, { requiredKeys: [] });
const bound = (op: string, field: string) =>
	(field === 'group' ? group : value).map((of) => ({ op, field, value: of }));
const range = fc.oneof(
	fc.record({
		index: fc.constant('by_rank'),
		bounds: fc.tuple(bound('gte', 'rank'), bound('lt', 'rank')),
	}),
	fc.record({ index: fc.constant('by_rank'), bounds: fc.tuple(bound('eq', 'rank')) }),
	fc.record({ index: fc.constant('by_group'), bounds: fc.tuple(bound('eq', 'group')) }),
	fc.record({
		index: fc.constant('by_group'),
		bounds: fc.tuple(bound('eq', 'group'), bound('gt', 'rank'), bound('lte', 'rank')),
	}),
	fc.constant({}),
);
const step = fc.oneof(
	{ weight: 4, arbitrary: fc.record({ op: fc.constant('insert' as const), fields }) },
	{
		weight: 2,
		arbitrary: fc.record({
			op: fc.constant('patch' as const),
			at: fc.nat(),
			fields,
			unset: fc.subarray(['group', 'rank']),
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({ op: fc.constant('replace' as const), at: fc.nat(), fields }),
	},
	{ weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), at: fc.nat() }) },
	{
		weight: 5,
		arbitrary: fc.record({
			op: fc.constant('query' as const),
			range,
			order: fc.constantFrom('asc', 'desc'),
			equal: fc.option(value),
			take: fc.integer({ min: 0, max: 20 }),
		}),
	},
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let nextLabel = 0;

/** Plays all steps on both. @param bend what a planted bug makes of the arguments that ours gets */
async function play(steps: Step[], bend: (args: Args) => Args = (args) => args): Promise<void> {
	const ids: { ours: string; theirs: string; label: string }[] = [];
	const both = async (path: string, args: Args, id?: (typeof ids)[number]) => {
		const own = id ? { ...args, id: id.ours } : args;
		await ours.mutation(path, bend(own));
		await theirs.mutation(path, id ? { ...args, id: id.theirs } : args);
	};
	try {
		for (const one of steps) {
			const at = 'at' in one && ids.length > 0 ? one.at % ids.length : -1;
			const label = `${nextLabel++}`;
			if (one.op === 'insert') {
				const args = { table: 'items', value: { ...one.fields, label } };
				const own = (await ours.mutation('docs:insert', args)) as string;
				const other = (await theirs.mutation('docs:insert', args)) as string;
				ids.push({ ours: own, theirs: other, label });
			} else if (one.op === 'query') {
				const { range: from, order, equal, take } = one;
				const filters = equal === null ? [] : [['eq', ['field', 'nested'], ['value', equal]]];
				const args = { ...from, order, filters, take } as unknown as Args;
				const expected = await theirs.query('programs:run', args);
				expect(await ours.query('programs:run', bend(args))).toEqual(expected);
			} else if (at >= 0) {
				const id = ids[at]!;
				if (one.op === 'remove') {
					await both('docs:remove', {}, id);
					ids.splice(at, 1);
				} else if (one.op === 'replace') {
					await both('docs:replace', { value: { ...one.fields, label: id.label } }, id);
				} else await both('docs:patch', { value: one.fields, unset: one.unset }, id);
			}
		}
	} finally {
		for (const id of ids) await both('docs:remove', {}, id);
	}
}

const OPERATIONS = Number(process.env.FUZZ_MOCK_OPERATIONS ?? 2_000);
const STEPS = 25;
const steps = fc.array(step, { minLength: STEPS, maxLength: 2 * STEPS, size: 'max' });

test(
	'E3-1 the same calls give the same on convex-test',
	async () => {
		await fc.assert(
			fc.asyncProperty(steps, (program) => play(program)),
			{ numRuns: Math.ceil(OPERATIONS / STEPS) },
		);
	},
	60_000 + OPERATIONS * 60,
);

test.each<[string, (args: Args) => Args]>([
	['the other order', (args) => ('order' in args ? { ...args, order: 'asc' } : args)],
	[
		'an exclusive bound that includes',
		(args) =>
			jsonToConvex(
				JSON.parse(JSON.stringify(convexToJson(args)).replaceAll('"gt"', '"gte"')),
			) as Args,
	],
	['a field that is not removed', (args) => ('unset' in args ? { ...args, unset: [] } : args)],
])(
	'E3-1 a planted difference is found: %s',
	async (_what, bend) => {
		const report = await fc.check(
			fc.asyncProperty(steps, (program) => play(program, bend)),
			{ numRuns: 500, endOnFailure: true },
		);
		expect(report.failed).toBe(true);
	},
	120_000,
);
