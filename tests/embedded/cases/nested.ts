import { ConvexError, type Value } from 'convex/values';
import { expect } from 'vitest';
import type { Case } from './backend.ts';

export const nestedCases: Case[] = [
	{
		name: 'a failed nested mutation is rolled back alone when it is caught',
		async run(t) {
			const { message, inside } = await t.mutation('nested:caught');
			expect(message).toContain('the nested one failed');
			expect(inside).toEqual(['before', 'kept']);
			expect(await t.query('nested:marks')).toEqual(['before', 'kept']);
		},
	},
	{
		name: 'one that is not caught takes everything with it',
		async run(t) {
			await expect(t.mutation('nested:uncaught')).rejects.toThrow();
			expect(await t.query('nested:marks')).toEqual([]);
		},
	},
	{
		name: 'an outer failure undoes what nested mutations committed',
		async run(t) {
			await expect(t.mutation('nested:outerFails')).rejects.toThrow();
			expect(await t.query('nested:marks')).toEqual([]);
		},
	},
	{
		name: 'nested calls started together run one after the other',
		skip: {
			convexTest: 'convex-test 0.0.60 lets the parent write into a child’s transaction meanwhile',
		},
		async run(t) {
			expect(await t.mutation('nested:together')).toEqual([
				'fulfilled',
				'rejected',
				'fulfilled',
				'fulfilled',
			]);
			expect((await t.query('nested:marks')).sort()).toEqual(['one', 'own', 'three']);
		},
	},
	{
		name: 'a ConvexError keeps its data on the way up',
		async run(t) {
			expect(await t.mutation('nested:convexErrorThrough')).toEqual({
				isConvexError: true,
				data: { code: 'NESTED', big: 5 },
			});
		},
	},
	{
		name: 'each mutation of an action is a transaction of its own',
		async run(t) {
			expect(await t.action('nested:fromAction', { fail: 'convex' })).toEqual({
				data: { code: 'NESTED', big: 5 },
				marks: ['from action'],
			});
			const { data } = await t.action('nested:fromAction', { fail: 'error' });
			expect(data).toContain('the nested one failed');
		},
	},
	{
		name: 'actions call actions',
		async run(t) {
			expect(await t.action('nested:actionInAction', { depth: 3 })).toBe(3);
		},
	},
	{
		name: 'a stale read sees committed state only',
		async run(t) {
			expect(await t.mutation('nested:staleRead')).toEqual({ stale: [], own: ['fresh'] });
		},
	},
	{
		name: 'functions may call internal ones',
		async run(t) {
			expect(await t.query('nested:showHidden')).toBe('hidden');
		},
	},
	{
		name: 'clients may not call internal functions',
		skip: {
			convexTest: 'convex-test calls functions from within the deployment; nothing is hidden',
		},
		async run(t) {
			await expect(t.query('nested:hidden')).rejects.toThrow('Could not find public function');
		},
	},
	{
		name: 'a query has no runMutation',
		async run(t) {
			await expect(t.query('nested:writeInQuery')).rejects.toThrow();
		},
	},
	{
		name: 'arguments of nested calls are checked',
		async run(t) {
			expect(await t.mutation('nested:wrongNestedArgs')).toBe('refused');
			expect(await t.query('nested:marks')).toEqual([]);
		},
	},
];

const failsWith = async (call: Promise<unknown>, data: unknown): Promise<void> => {
	const error = await call.then(
		() => expect.fail('did not fail'),
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(ConvexError);
	expect((error as ConvexError<Value>).data).toEqual(data);
};

export const errorCases: Case[] = [
	{
		name: 'the data of a ConvexError reaches the client, whatever its type',
		async run(t) {
			for (const data of ['text', { code: 'A', list: [1n, null] }, [true], 5]) {
				await failsWith(t.mutation('validation:fail', { data }), data);
				await failsWith(t.action('validation:failAction', { data }), data);
			}
			expect(await t.query('nested:marks')).toEqual([]);
		},
	},
	{
		name: 'other errors are no ConvexErrors',
		async run(t) {
			await expect(t.query('validation:failPlainly')).rejects.not.toBeInstanceOf(ConvexError);
		},
	},
];
