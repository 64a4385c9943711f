/** What the benchmark calls, on both backends. */
import {
	mutationGeneric as mutation,
	paginationOptsValidator,
	queryGeneric as query,
	type DataModelFromSchemaDefinition,
	type MutationBuilder,
	type QueryBuilder,
} from 'convex/server';
import { v } from 'convex/values';
import { derive } from './derive.ts';
import type schema from './schema.ts';

type Model = DataModelFromSchemaDefinition<typeof schema>;
const write = mutation as MutationBuilder<Model, 'public'>;
const read = query as QueryBuilder<Model, 'public'>;

export const seed = write({
	args: { from: v.number(), count: v.number(), groups: v.number() },
	handler: async (ctx, { from, count, groups }) => {
		for (let i = from; i < from + count; i++) {
			const text = `note ${i}: ${'as long as a short sentence somebody typed. '.repeat(2)}`;
			await ctx.db.insert('notes', { group: `g${i % groups}`, rank: i, text, edits: 0 });
		}
		return null;
	},
});
export const add = write({
	args: { text: v.string(), at: v.number() },
	handler: async (ctx, entry) => {
		await ctx.db.insert('entries', entry);
		return null;
	},
});
export const edit = write({
	args: { id: v.id('notes') },
	handler: async (ctx, { id }) => {
		const note = (await ctx.db.get(id))!;
		await ctx.db.patch(id, { edits: note.edits + 1 });
		return note.edits + 1;
	},
});
/** Finds it by an index first, as a counter or a balance is found. */
export const editRanked = write({
	args: { group: v.string(), rank: v.number() },
	handler: async (ctx, { group, rank }) => {
		const note = (await ctx.db
			.query('notes')
			.withIndex('by_group', (q) => q.eq('group', group).eq('rank', rank))
			.unique())!;
		await ctx.db.patch(note._id, { edits: note.edits + 1 });
		return note.edits + 1;
	},
});
export const take = read({
	args: { group: v.string(), limit: v.number() },
	handler: async (ctx, { group, limit }) =>
		await ctx.db
			.query('notes')
			.withIndex('by_group', (q) => q.eq('group', group))
			.take(limit),
});
export const page = read({
	args: { group: v.string(), paginationOpts: paginationOptsValidator },
	handler: async (ctx, { group, paginationOpts }) =>
		await ctx.db
			.query('notes')
			.withIndex('by_group', (q) => q.eq('group', group))
			.paginate(paginationOpts),
});
/**
 * Has written and then waits, without using the thread all others run on. Timers are refused in mutations, as on
 * Convex.
 */
export const editSlowly = write({
	args: { id: v.id('notes'), iterations: v.number() },
	handler: async (ctx, { id, iterations }) => {
		await ctx.db.patch(id, { edits: 0 });
		await derive(iterations);
		return null;
	},
});
