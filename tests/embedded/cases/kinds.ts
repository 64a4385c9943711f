import { ConvexError, type Value } from 'convex/values';
import { expect } from 'vitest';
import type { Case } from './backend.ts';

const NO_RECORDS = 'convex-test 0.0.60 does not check v.record at all';

/** Validator -> what it takes and what it refuses. */
const KINDS: [name: string, good: Value[], bad: Value[], skip?: string][] = [
	[
		'shape',
		[
			{ kind: 'circle', radius: 1 },
			{ kind: 'box', sides: [] },
			{ kind: 'box', sides: [1, 2], name: 'b' },
		],
		[
			{ kind: 'circle', sides: [1] },
			{ kind: 'circle', radius: 1, name: 'c' },
			{ kind: 'box', sides: [1n] },
			{ kind: 'other' },
			{},
			'circle',
		],
	],
	[
		'literals',
		[1n, true, 'a', 2.5],
		[1, 2n, false, 'b', null],
		'convex-test 0.0.60 does not know literals of int64',
	],
	['record', [{}, { a: [] }, { a: [1n], b: [2n, 3n] }], [{ a: [1] }, { a: null }, []], NO_RECORDS],
	['byId', [{}], [{ 'not an id': null }], NO_RECORDS],
	[
		'deep',
		[[], [[]], [[{ bytes: new ArrayBuffer(2) }], [{ bytes: new ArrayBuffer(0), any: [1n, {}] }]]],
		[[1], [[{}]], [[{ bytes: 'text' }]], [[{ bytes: new ArrayBuffer(1), more: 1 }]]],
	],
	['nullable', [null, true, false], [0, '', {}]],
];

export const kindCases: Case[] = [
	...KINDS.map(([name, good, bad, skip]): Case => ({
		name: `validators: ${name}`,
		...(skip ? { skip: { convexTest: skip } } : {}),
		async run(t) {
			for (const value of good) expect(await t.query(`kinds:${name}`, { value })).toEqual(value);
			for (const value of bad) {
				await expect(t.query(`kinds:${name}`, { value })).rejects.toThrow(/validat/i);
			}
			await expect(t.query(`kinds:${name}`)).rejects.toThrow();
		},
	})),
	{
		name: 'return values: objects are strict, unions choose, undefined is null',
		async run(t) {
			const give = (what: string, value: Value) => t.query(`kinds:${what}`, { value });
			expect(await give('giveObject', { a: 1 })).toEqual({ a: 1 });
			await expect(give('giveObject', { a: 1, c: 2 })).rejects.toThrow(/validat/i);
			await expect(give('giveObject', { b: 'no a' })).rejects.toThrow(/validat/i);
			await expect(give('giveNull', 0)).rejects.toThrow(/validat/i);
			await expect(give('giveShape', { kind: 'circle' })).rejects.toThrow(/validat/i);
			expect(await t.query('kinds:giveNothing')).toBeNull();
		},
	},
	{
		name: 'a mutation that returns what it must not writes nothing; actions are checked too',
		skip: { convexTest: 'convex-test 0.0.60 commits before it checks what is returned' },
		async run(t) {
			await expect(t.mutation('kinds:mutationGives', { value: 1 })).rejects.toThrow(/validat/i);
			expect(await t.query('nested:marks')).toEqual([]);
			expect(await t.mutation('kinds:mutationGives', { value: 'text' })).toBe('text');
			expect(await t.query('nested:marks')).toHaveLength(1);
			await expect(t.action('kinds:actionGives', { value: 1 })).rejects.toThrow(/validat/i);
			expect(await t.action('kinds:actionGives', { value: 'text' })).toBe('text');
		},
	},
];

export const thrownCases: Case[] = [
	{
		name: 'the data of a ConvexError may be any value',
		async run(t) {
			const values: Value[] = [null, false, 0, '', 2n ** 40n, [], {}, [{ deep: [null, 1n] }]];
			for (const data of values) {
				const error = await t
					.mutation('validation:fail', { data })
					.catch((thrown: unknown) => thrown);
				expect(error).toBeInstanceOf(ConvexError);
				expect((error as ConvexError<Value>).data).toEqual(data);
			}
		},
	},
	{
		name: 'a subclass of ConvexError is one to the client',
		async run(t) {
			const error = await t.query('kinds:subclass').catch((thrown: unknown) => thrown);
			expect(error).toBeInstanceOf(ConvexError);
			expect((error as ConvexError<Value>).data).toEqual({ code: 'R' });
		},
	},
	{
		name: 'what is thrown and no error fails the function without data',
		async run(t) {
			for (const what of ['string', 'look-alike', 'anything']) {
				const error = await t.query('kinds:throwWhat', { what }).then(
					() => expect.fail('did not fail'),
					(thrown: unknown) => thrown,
				);
				expect(error).not.toBeInstanceOf(ConvexError);
			}
		},
	},
];

export const writeCases: Case[] = [
	{
		name: 'every operation takes the table’s name, and refuses another table’s',
		async run(t) {
			expect(await t.mutation('kinds:named')).toEqual([1, 'replaced', false, 'refused', null]);
		},
	},
	{
		name: 'system fields may be given back unchanged',
		async run(t) {
			const id = await t.mutation('docs:insert', {
				table: 'items',
				value: { label: 'a', rank: 1 },
			});
			const before = await t.query('docs:get', { id });
			const after = await t.mutation('kinds:rewrite', { id, how: 'same system fields' });
			expect(after).toEqual({ ...before, label: 'kept' });
			expect(await t.mutation('kinds:rewrite', { id, how: 'nothing' })).toEqual(after);
		},
	},
	...['other id', 'other time', 'no object'].map((how): Case => ({
		name: `refused in a write: ${how}`,
		async run(t) {
			const id = await t.mutation('docs:insert', { table: 'items', value: { label: 'a' } });
			const before = await t.query('docs:get', { id });
			await expect(t.mutation('kinds:rewrite', { id, how })).rejects.toThrow();
			expect(await t.query('docs:get', { id })).toEqual(before);
		},
	})),
	...['id on insert', 'underscore'].map((how): Case => ({
		name: `refused in a write: ${how}`,
		skip: { convexTest: 'convex-test 0.0.60 takes system fields as they come' },
		async run(t) {
			const id = await t.mutation('docs:insert', { table: 'items', value: { label: 'a' } });
			await expect(t.mutation('kinds:rewrite', { id, how })).rejects.toThrow();
			expect(await t.query('docs:all', { table: 'items' })).toHaveLength(1);
		},
	})),
];
