import type { Value } from 'convex/values';
import { expect } from 'vitest';
import type { Backend, Case } from './backend.ts';

type Expression = [operator: string, ...operands: unknown[]];

const field = (path: string): Expression => ['field', path];
const value = (of: Value): Expression => ['value', of];
const run = (t: Backend, args: object) => t.query('programs:run', args as Record<string, Value>);
const filtered = (t: Backend, ...filters: Expression[]) => run(t, { filters });

async function seed(t: Backend): Promise<void> {
	const values = [
		{ label: 'a', group: 'x', rank: 1, nested: { deep: { at: 7 }, list: [1] } },
		{ label: 'b', group: 'x', rank: 2, nested: { deep: null } },
		{ label: 'c', group: 'y', rank: 2 },
		{ label: 'd', group: 'y', rank: 7, nested: { deep: { at: 8 } } },
		{ label: 'e', group: 'y' },
		{ label: 'f', group: null, rank: -4 },
	];
	await t.mutation('docs:insertMany', { table: 'items', values });
}

const jsOrder =
	'convex-test 0.0.60 compares with the operators of JavaScript, where undefined is below nothing';

/** Arithmetic wants numbers; a part before it keeps the documents without one away. */
const ofNumbers = (filter: Expression): Expression => [
	'and',
	['neq', field('rank'), ['missing']],
	filter,
];

/** What each operator lets through. */
const FILTERS: [name: string, filter: Expression, labels: string[], skip?: string][] = [
	['eq', ['eq', field('rank'), value(2)], ['b', 'c']],
	['neq', ['neq', field('group'), value('y')], ['a', 'b', 'f']],
	['lt', ['lt', field('rank'), value(2)], ['a', 'e', 'f'], jsOrder],
	['lte', ['lte', field('rank'), value(1)], ['a', 'e', 'f'], jsOrder],
	['gt', ['gt', field('rank'), value(1)], ['b', 'c', 'd']],
	['gte', ['gte', field('rank'), value(2)], ['b', 'c', 'd']],
	['add', ofNumbers(['eq', ['add', field('rank'), value(1)], value(3)]), ['b', 'c']],
	['sub', ofNumbers(['eq', ['sub', field('rank'), value(1)], value(6)]), ['d']],
	['mul', ofNumbers(['eq', ['mul', field('rank'), value(2)], value(-8)]), ['f']],
	['div', ofNumbers(['eq', ['div', field('rank'), value(2)], value(0.5)]), ['a']],
	['mod', ofNumbers(['eq', ['mod', field('rank'), value(3)], value(1)]), ['a', 'd']],
	[
		'neg',
		ofNumbers(['eq', ['neg', field('rank')], value(4)]),
		['f'],
		'convex-test 0.0.60 does not know $neg',
	],
	['and', ['and', ['eq', field('group'), value('y')], ['eq', field('rank'), value(2)]], ['c']],
	['and of nothing', ['and'], ['a', 'b', 'c', 'd', 'e', 'f']],
	['or', ['or', ['eq', field('rank'), value(1)], ['eq', field('label'), value('e')]], ['a', 'e']],
	['or of nothing', ['or'], []],
	['not', ['not', ['eq', field('group'), value('y')]], ['a', 'b', 'f']],
	['a missing field', ['eq', field('rank'), ['missing']], ['e']],
	['a field that is not missing', ['neq', field('nested'), ['missing']], ['a', 'b', 'd']],
	['null, which is not missing', ['eq', field('group'), value(null)], ['f']],
	['a path into objects', ['eq', field('nested.deep.at'), value(7)], ['a']],
	[
		'a path into what is no object',
		['eq', field('nested.deep.at'), ['missing']],
		['b', 'c', 'e', 'f'],
	],
	['a whole array', ['eq', field('nested.list'), value([1])], ['a']],
	['a whole object', ['eq', field('nested.deep'), value({ at: 8 })], ['d']],
	['true', value(true), ['a', 'b', 'c', 'd', 'e', 'f']],
	['false', value(false), []],
	['two fields', ['lt', field('rank'), field('nested.deep.at')], ['a', 'd']],
];

export const filterCases: Case[] = [
	...FILTERS.map(([name, filter, expected, skip]): Case => ({
		name: `filters: ${name}`,
		...(skip ? { skip: { convexTest: skip } } : {}),
		async run(t) {
			await seed(t);
			expect(await filtered(t, filter)).toEqual(expected);
		},
	})),
	{
		name: 'filters follow each other',
		async run(t) {
			await seed(t);
			const both = [
				['eq', field('group'), value('y')],
				['neq', field('rank'), ['missing']],
			];
			expect(await run(t, { filters: both })).toEqual(['c', 'd']);
			expect(await run(t, { filters: both, order: 'desc', take: 1 })).toEqual(['d']);
		},
	},
	{
		name: 'a filter on top of an index range',
		async run(t) {
			await seed(t);
			const bounds = [
				{ op: 'eq', field: 'group', value: 'y' },
				{ op: 'gt', field: 'rank', value: 1 },
			];
			const filters = [['neq', field('label'), value('d')]];
			expect(await run(t, { index: 'by_group', bounds })).toEqual(['c', 'd']);
			expect(await run(t, { index: 'by_group', bounds, filters })).toEqual(['c']);
		},
	},
];

const MISUSES = [
	'two orders',
	'consumed twice',
	'negative take',
	'fractional take',
	'no table',
	'index of another table',
	'no id',
];

export const queryCases: Case[] = [
	{
		name: 'first() and unique() of none, one and many',
		async run(t) {
			expect(await run(t, { end: 'first' })).toBeNull();
			expect(await run(t, { end: 'unique' })).toBeNull();
			await seed(t);
			expect(await run(t, { end: 'first' })).toBe('a');
			expect(await run(t, { end: 'first', order: 'desc' })).toBe('f');
			const one = [['eq', field('label'), value('c')]];
			expect(await run(t, { end: 'unique', filters: one })).toBe('c');
			await expect(run(t, { end: 'unique' })).rejects.toThrow(/unique\(\)/);
		},
	},
	{
		name: 'take() of none, some and more than there are',
		async run(t) {
			await seed(t);
			expect(await run(t, { take: 0 })).toEqual([]);
			expect(await run(t, { take: 2 })).toEqual(['a', 'b']);
			expect(await run(t, { take: 100, order: 'desc' })).toEqual([...'fedcba']);
		},
	},
	{
		name: 'equal keys are in creation order, both ways',
		async run(t) {
			await seed(t);
			await t.mutation('docs:insert', { table: 'items', value: { label: 'g', rank: 2 } });
			const bounds = [{ op: 'eq', field: 'rank', value: 2 }];
			expect(await run(t, { index: 'by_rank', bounds })).toEqual(['b', 'c', 'g']);
			expect(await run(t, { index: 'by_rank', bounds, order: 'desc' })).toEqual(['g', 'c', 'b']);
		},
	},
	{
		name: 'the built-in index by creation time takes bounds',
		async run(t) {
			await seed(t);
			const all = await t.query('docs:all', { table: 'items' });
			const bounds = [
				{ op: 'gt', field: '_creationTime', value: all[1]._creationTime },
				{ op: 'lte', field: '_creationTime', value: all[3]._creationTime },
			];
			expect(await run(t, { index: 'by_creation_time', bounds })).toEqual(['c', 'd']);
		},
	},
	{
		name: 'the built-in index by id takes bounds',
		async run(t) {
			await seed(t);
			const all = await t.query('docs:all', { table: 'items' });
			const byId = [...all].sort((a, b) => (a._id < b._id ? -1 : 1));
			const eq = [{ op: 'eq', field: '_id', value: byId[2]._id }];
			expect(await run(t, { index: 'by_id', bounds: eq })).toEqual([byId[2].label]);
			const gt = [{ op: 'gt', field: '_id', value: byId[2]._id }];
			const after = byId.slice(3).map(({ label }) => label);
			expect(await run(t, { index: 'by_id', bounds: gt })).toEqual(after);
		},
	},
	...MISUSES.map((how): Case => ({
		name: `refused: ${how}`,
		async run(t) {
			await seed(t);
			await expect(t.query('programs:misuse', { how })).rejects.toThrow();
		},
	})),
];
