/** Validators of what several public functions return. */
import { v, type Infer, type VAny } from 'convex/values';
import type { Json } from '../../src/lib/server/integrations/sdk/index.ts';
import { vFailure as vStoredFailure } from '../tables/sync.ts';

/** JSON whose exact shape is declared elsewhere (a service's zod schemas, the SDK's manifest). */
export const vJson = v.any() as VAny<Json>;

/** The flat record of a form: property name -> value, secrets and settings alike. */
export const vValues = v.record(v.string(), vJson);

/** A ConnectorError as the UI shows it. */
export const vFailure = v.object({
	...vStoredFailure.fields,
	/** With ALREADY_CONNECTED: the connection that has this account. */
	connectionId: v.optional(v.id('connections')),
});
export type Failure = Infer<typeof vFailure>;

export const vFailed = v.object({ ok: v.literal(false), failure: vFailure });
export type Failed = Infer<typeof vFailed>;

export const vHealth = v.union(
	v.literal('fresh'),
	v.literal('late'),
	v.literal('syncing'),
	v.literal('waiting'),
	v.literal('paused'),
	v.literal('needsReauth'),
	v.literal('failing'),
	v.literal('never'),
);
export type Health = Infer<typeof vHealth>;
