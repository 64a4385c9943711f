/** Help while a form is filled in: choices and live checks, asked of the service with what is there so far. */
import { v, type Infer } from 'convex/values';
import { toPlain, type Json } from '../../src/lib/server/integrations/sdk/index.ts';
import { notFound } from '../lib/errors.ts';
import type { WorkspaceActionCtx } from '../lib/functions.ts';
import { vFailed } from '../lib/shapes.ts';
import { withPartialForm, type Ask } from './attempt.ts';

/** A searchable list shows no more at once; the rest is found by typing. */
const OPTIONS_LIMIT = 500;

export const vOptionsResult = v.union(
	v.object({
		ok: v.literal(true),
		options: v.array(
			v.object({ value: v.string(), label: v.string(), description: v.optional(v.string()) }),
		),
	}),
	vFailed,
);

export const vPreviewResult = v.union(
	v.object({ ok: v.literal(true), text: v.string(), value: v.union(v.number(), v.null()) }),
	vFailed,
);

export function listOptions(
	ctx: WorkspaceActionCtx,
	ask: Ask & { property: string; search?: string },
): Promise<Infer<typeof vOptionsResult>> {
	return withPartialForm(ctx, ask, async (integration, context) => {
		if (!integration.options) throw notFound('This list of choices');
		const options = await integration.options(context, ask.property, ask.search ?? '');
		return { ok: true as const, options: options.slice(0, OPTIONS_LIMIT) };
	});
}

export function previewValue(
	ctx: WorkspaceActionCtx,
	ask: Ask & { property: string; item: Json },
): Promise<Infer<typeof vPreviewResult>> {
	return withPartialForm(ctx, ask, async (integration, context) => {
		if (!integration.preview) throw notFound('This live check');
		const result = await integration.preview(context, ask.property, ask.item);
		if (!result.ok) return { ok: false as const, failure: toPlain(result.error) };
		return { ok: true as const, text: result.text, value: result.value ?? null };
	});
}
