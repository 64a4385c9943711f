/** The connection test: who the service says we are, what these credentials may read, what the history will cost. */
import { v, type Infer } from 'convex/values';
import type { WorkspaceActionCtx } from '../lib/functions.ts';
import { vFailed } from '../lib/shapes.ts';
import { vAccount } from '../tables/connections.ts';
import { attempt, estimateHistory, type Ask, type Success } from './attempt.ts';

const vPermission = v.object({
	metricId: v.string(),
	name: v.string(),
	readable: v.boolean(),
	reason: v.optional(v.string()),
});

export const vTestResult = v.union(
	v.object({
		ok: v.literal(true),
		account: vAccount,
		durationMs: v.number(),
		/** Requests of the test itself. */
		calls: v.number(),
		permissions: v.array(vPermission),
		estimate: v.union(
			v.object({ calls: v.number(), pages: v.number(), days: v.number() }),
			v.null(),
		),
	}),
	vFailed,
);

export async function testForm(
	ctx: WorkspaceActionCtx,
	ask: Ask,
): Promise<Infer<typeof vTestResult>> {
	const outcome = await attempt(ctx, ask);
	if (!outcome.ok) return outcome;
	return {
		ok: true,
		account: accountOf(outcome),
		durationMs: outcome.durationMs,
		calls: outcome.calls,
		permissions: permissionsOf(outcome),
		estimate: await estimateHistory(outcome),
	};
}

export function accountOf({ result: { account } }: Success): Infer<typeof vAccount> {
	return { id: account.id, name: account.name, details: account.details ?? [] };
}

/** One row per metric that these settings ask for; a service that says nothing lets us read all of them. */
function permissionsOf({ prepared, input, result }: Success): Infer<typeof vPermission>[] {
	const said = new Map(result.permissions?.map((one) => [one.metricId, one]));
	const names = new Map(
		prepared.integration.metricsFor(input.settings).map(({ id, name }) => [id, name]),
	);
	return [...names].map(([metricId, name]) => {
		const { readable = true, reason } = said.get(metricId) ?? {};
		return { metricId, name, readable, ...(reason === undefined ? {} : { reason }) };
	});
}
