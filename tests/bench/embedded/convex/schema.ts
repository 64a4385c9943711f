import { defineSchema, defineTable } from 'convex/server';
import { v } from 'convex/values';

export default defineSchema({
	/** As many as the figure's name says. */
	notes: defineTable({
		group: v.string(),
		rank: v.number(),
		text: v.string(),
		edits: v.number(),
	}).index('by_group', ['group', 'rank']),
	/** Grows while inserts are measured, so that `notes` does not. */
	entries: defineTable({ text: v.string(), at: v.number() }).index('by_at', ['at']),
});
