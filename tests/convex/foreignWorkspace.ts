/** Another workspace with one of everything, written past the functions: nobody in the test may see any of it. */
import { components } from '../../convex/lib/components.ts';
import type { Server } from './harness.ts';
import type { Known } from './publicFunctions.ts';

/** Stands in every text of the other workspace. */
export const FOREIGN = 'foreign-canary';

const AT = 1_700_000_000_000;

export async function plantForeignWorkspace(
	t: Server,
): Promise<{ ids: Record<string, string>; known: Known }> {
	return t.run(async (ctx) => {
		const workspaceId = await ctx.db.insert('workspaces', {
			name: FOREIGN,
			timeZone: 'UTC',
			createdAt: AT,
		});
		await ctx.db.insert('memberships', {
			workspaceId,
			userId: FOREIGN,
			role: 'owner',
			createdAt: AT,
		});
		const connectionId = await ctx.db.insert('connections', {
			workspaceId,
			service: 'probe',
			name: FOREIGN,
			authId: 'token',
			account: { id: FOREIGN, name: FOREIGN, details: [] },
			settings: { baseUrl: `https://${FOREIGN}.example` },
			credentials: [{ name: 'token', label: 'Token', last4: null, setAt: AT }],
			vaultId: FOREIGN,
			vaultVersion: 1,
			authorisedBy: FOREIGN,
			createdAt: AT,
		});
		await ctx.db.insert('secrets', {
			connectionId,
			field: 'token',
			sealed: FOREIGN,
			keyId: FOREIGN,
		});
		await ctx.db.insert('allowedHosts', {
			workspaceId,
			host: `${FOREIGN}:80`,
			allowedBy: FOREIGN,
			allowedAt: AT,
		});
		await ctx.db.insert('auditLog', {
			workspaceId,
			connectionId,
			at: AT,
			actor: FOREIGN,
			event: 'connection.connected',
			text: FOREIGN,
		});
		const seriesId = await ctx.db.insert('series', {
			workspaceId,
			connectionId,
			service: 'probe',
			accountId: FOREIGN,
			key: FOREIGN,
			metricId: 'sales',
			name: FOREIGN,
			context: FOREIGN,
			description: FOREIGN,
			unit: 'count',
			kind: 'gauge',
			merge: 'last',
			direction: 'up',
			chart: 'line',
			strategy: 'snapshot',
			group: FOREIGN,
			lagDays: 0,
			order: 0,
			isActive: true,
			formerConnectionName: null,
			timeZone: 'UTC',
		});
		const runId = await ctx.db.insert('syncRuns', {
			workspaceId,
			connectionId,
			service: 'probe',
			kind: 'refresh',
			state: 'succeeded',
			cause: 'schedule',
			causedBy: FOREIGN,
			startedAt: AT,
			endedAt: AT + 1,
			calls: 1,
			points: 1,
			pages: 1,
			recoveries: 0,
			failure: null,
			steps: [],
		});
		const session = await ctx.runMutation(components.betterAuth.adapter.create, {
			input: {
				model: 'session',
				data: { userId: FOREIGN, token: FOREIGN, expiresAt: AT * 2, createdAt: AT, updatedAt: AT },
			},
		});
		return {
			ids: {
				workspaces: workspaceId,
				connections: connectionId,
				series: seriesId,
				syncRuns: runId,
			},
			known: {
				connectionId,
				seriesId,
				runId,
				sessionId: session._id,
				service: 'probe',
				authId: 'token',
				values: { baseUrl: `https://${FOREIGN}.example` },
				host: `${FOREIGN}:80`,
				timeZone: 'UTC',
				from: AT,
				to: AT + 86_400_000,
				paginationOpts: { numItems: 10, cursor: null },
			},
		};
	});
}
