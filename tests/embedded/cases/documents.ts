import type { Value } from 'convex/values';
import { expect } from 'vitest';
import type { Case, Returned } from './backend.ts';

export const documentCases: Case[] = [
	{
		name: 'a document comes back with its id and creation time',
		async run(t) {
			const id = await t.mutation('docs:insert', {
				table: 'items',
				value: { label: 'a', rank: 1n },
			});
			const found = await t.query('docs:get', { id });
			expect(found).toEqual({ _id: id, _creationTime: expect.any(Number), label: 'a', rank: 1n });
		},
	},
	{
		name: 'every kind of value survives',
		async run(t) {
			const nested = {
				big: 2n ** 62n,
				negative: -(2n ** 63n),
				float: 0.1,
				minusZero: -0,
				infinite: Infinity,
				nan: NaN,
				bytes: new Uint8Array([0, 255, 1]).buffer,
				text: 'ünï 🌍 \u0000',
				list: [null, [true], {}],
				empty: '',
			};
			const id = await t.mutation('docs:insert', { table: 'items', value: { nested } });
			expect((await t.query('docs:get', { id })).nested).toEqual(nested);
		},
	},
	{
		name: 'undefined fields are not stored',
		async run(t) {
			const found = await t.mutation('docs:insertUndefined');
			expect(Object.keys(found).sort()).toEqual(['_creationTime', '_id', 'group', 'nested']);
			expect(found.nested).toEqual({ b: 1 });
		},
	},
	{
		name: 'patch merges at the top level and removes undefined fields',
		async run(t) {
			const value = { label: 'a', rank: 1, nested: { keep: true } };
			const id = await t.mutation('docs:insert', { table: 'items', value });
			await t.mutation('docs:patch', {
				id,
				value: { rank: 2, nested: { other: 1 } },
				unset: ['label'],
			});
			const { _id, _creationTime, ...fields } = await t.query('docs:get', { id });
			expect(fields).toEqual({ rank: 2, nested: { other: 1 } });
		},
	},
	{
		name: 'replace drops what is not given and keeps id and creation time',
		async run(t) {
			const id = await t.mutation('docs:insert', {
				table: 'items',
				value: { label: 'a', rank: 1 },
			});
			const { _creationTime } = await t.query('docs:get', { id });
			await t.mutation('docs:replace', { id, value: { group: 'g' } });
			expect(await t.query('docs:get', { id })).toEqual({ _id: id, _creationTime, group: 'g' });
		},
	},
	{
		name: 'a deleted document is gone, and cannot be deleted or patched again',
		async run(t) {
			const id = await t.mutation('docs:insert', { table: 'items', value: {} });
			await t.mutation('docs:remove', { id });
			expect(await t.query('docs:get', { id })).toBeNull();
			await expect(t.mutation('docs:remove', { id })).rejects.toThrow();
			await expect(t.mutation('docs:patch', { id, value: {} })).rejects.toThrow();
		},
	},
	{
		name: 'a mutation reads its own writes, through indexes too',
		async run(t) {
			expect(await t.mutation('docs:readOwnWrites')).toEqual({ seen: [2], after: null });
		},
	},
	{
		name: 'tables are read in creation order, both ways',
		async run(t) {
			const values = ['a', 'b', 'c'].map((label) => ({ label }));
			await t.mutation('docs:insertMany', { table: 'items', values });
			const labels = async (order: 'asc' | 'desc') =>
				(await t.query('docs:all', { table: 'items', order })).map(({ label }: Returned) => label);
			expect(await labels('asc')).toEqual(['a', 'b', 'c']);
			expect(await labels('desc')).toEqual(['c', 'b', 'a']);
		},
	},
	{
		name: 'a table nobody has written to is empty',
		async run(t) {
			expect(await t.query('docs:all', { table: 'marks' })).toEqual([]);
		},
	},
	{
		name: 'the schema refuses wrong types, missing and unknown fields',
		async run(t) {
			const insert = (value: Value) => t.mutation('docs:insert', { table: 'strict', value });
			const id = await insert({ name: 'ok', size: null, tags: ['x'] });
			await expect(insert({ name: 1, size: null })).rejects.toThrow();
			await expect(insert({ name: 'a' })).rejects.toThrow();
			await expect(insert({ name: 'a', size: 1, more: 1 })).rejects.toThrow();
			await expect(insert({ name: 'a', size: 1, tags: [1] })).rejects.toThrow();
			await expect(t.mutation('docs:patch', { id, value: { size: 'big' } })).rejects.toThrow();
			await expect(t.mutation('docs:patch', { id, value: {}, unset: ['name'] })).rejects.toThrow();
			expect(await t.query('docs:all', { table: 'strict' })).toHaveLength(1);
		},
	},
	{
		name: 'the schema checks records',
		skip: { convexTest: 'convex-test 0.0.60 does not check v.record at all' },
		async run(t) {
			const insert = (counts: Value) =>
				t.mutation('docs:insert', { table: 'strict', value: { name: 'r', size: 1, counts } });
			await insert({ a: 1 });
			await expect(insert({ a: 'one' })).rejects.toThrow();
		},
	},
	{
		name: 'ids belong to one table',
		async run(t) {
			const item = await t.mutation('docs:insert', { table: 'items', value: {} });
			const mark = await t.mutation('docs:insert', { table: 'marks', value: { text: 'm' } });
			const strict = (owner: string) =>
				t.mutation('docs:insert', { table: 'strict', value: { name: 'a', size: 1, owner } });
			await strict(item);
			await expect(strict(mark)).rejects.toThrow();
			await expect(strict('nonsense')).rejects.toThrow();
			expect(await t.query('docs:normalize', { table: 'items', id: item })).toBe(item);
			expect(await t.query('docs:normalize', { table: 'items', id: mark })).toBeNull();
			expect(await t.query('docs:normalize', { table: 'items', id: 'nonsense' })).toBeNull();
		},
	},
];
