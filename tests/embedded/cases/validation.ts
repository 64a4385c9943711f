import type { Value } from 'convex/values';
import { expect } from 'vitest';
import type { Case } from './backend.ts';

const GOOD: Record<string, Value>[] = [
	{ text: '' },
	{ text: 'a', count: 0.5, big: 1n, bytes: new ArrayBuffer(2) },
	{ text: 'a', choice: 2, list: [1, 2], map: { x: true }, inner: {} },
	{ text: 'a', choice: 'a', inner: { deep: null } },
];

const BAD: [string, Record<string, Value>][] = [
	['a missing field', {}],
	['an unknown field', { text: 'a', other: 1 }],
	['a wrong type', { text: 1 }],
	['null for an optional field', { text: 'a', count: null }],
	['a number for an int64', { text: 'a', big: 1 }],
	['an int64 for a number', { text: 'a', count: 1n }],
	['no member of a union', { text: 'a', choice: 'b' }],
	['a wrong element', { text: 'a', list: [1, 'b'] }],
	['an unknown field inside', { text: 'a', inner: { other: 1 } }],
	['an id that is none', { text: 'a', item: 'nonsense' }],
];

export const validationCases: Case[] = [
	{
		name: 'good arguments pass unchanged',
		async run(t) {
			for (const args of GOOD) expect(await t.query('validation:typed', args)).toEqual(args);
			const item = await t.mutation('docs:insert', { table: 'items', value: {} });
			expect(await t.query('validation:typed', { text: 'a', item })).toEqual({ text: 'a', item });
		},
	},
	...BAD.map(([what, args]): Case => ({
		name: `arguments: ${what} is refused`,
		async run(t) {
			await expect(t.query('validation:typed', args)).rejects.toThrow();
		},
	})),
	{
		name: 'arguments: a wrong value in a record is refused',
		skip: { convexTest: 'convex-test 0.0.60 does not check v.record at all' },
		async run(t) {
			await expect(t.query('validation:typed', { text: 'a', map: { x: 1 } })).rejects.toThrow();
		},
	},
	{
		name: 'arguments: an id of another table is refused',
		async run(t) {
			const item = await t.mutation('docs:insert', { table: 'marks', value: { text: 'm' } });
			await expect(t.query('validation:typed', { text: 'a', item })).rejects.toThrow();
		},
	},
	{
		name: 'without a validator any object passes',
		async run(t) {
			const args = { a: 1, b: { c: [1n] } };
			expect(await t.query('validation:anything', args)).toEqual(args);
		},
	},
	{
		name: 'return values are checked',
		async run(t) {
			expect(await t.query('validation:returnsNumber', { value: 1 })).toBe(1);
			await expect(t.query('validation:returnsNumber', { value: 'a' })).rejects.toThrow();
		},
	},
	{
		name: 'undefined is returned as null',
		async run(t) {
			expect(await t.query('validation:returnsUndefined')).toBeNull();
		},
	},
];
