/** How a connection is, in one word and one sentence. Built from `syncStates` alone, so a page of a sync disturbs nobody. */
import type { Doc, Id } from '../_generated/dataModel.js';
import {
	errorCatalogue,
	type ConnectorErrorCode,
} from '../../src/lib/server/integrations/sdk/index.ts';
import { formatAge } from '../../src/lib/metrics/format.ts';
import { formatClock } from '../../src/lib/metrics/formatTime.ts';
import { healthOf as judge, type Health } from '../../src/lib/metrics/freshness.ts';
import { progressRowOf, stateOf, type ReadCtx } from './claim.ts';

type Failure = NonNullable<Doc<'syncStates'>['failure']>;

/** Whether time alone may heal it. Codes that are not a connector's (an older version's) count as not. */
export function isRetryable(failure: Failure): boolean {
	const entry = errorCatalogue[failure.code as ConnectorErrorCode];
	return entry ? entry.isRetryable : failure.remedy === 'retry';
}

export function healthOfState(state: Doc<'syncStates'>, now: number): Health {
	return judge(
		{
			isPaused: state.pausedAt !== null,
			isRunning: state.runId !== null,
			isWaiting: state.isWaiting,
			isBackfill: !state.isHistoryDone,
			failure: state.failure && {
				isReconnect: state.failure.remedy === 'reconnect',
				isRetryable: isRetryable(state.failure),
			},
			failures: state.failures,
			lastSuccessAt: state.lastSuccessAt,
			syncEveryMinutes: state.syncEveryMinutes,
		},
		now,
	);
}

export interface ConnectionHealth {
	health: Health;
	/** One sentence: what happened, who must act, what to do. */
	healthText: string;
	/** At most two or three words: '40 s', 'until 14:05', 'first sync', 'reconnect'. */
	freshnessText: string;
	lastSuccessAt: number | null;
	nextSyncAt: number | null;
	failure: Failure | null;
	state: Doc<'syncStates'>;
}

/** Null only for a connection that was never set up for syncing. */
export async function healthOf(
	ctx: ReadCtx,
	connectionId: Id<'connections'>,
	timeZone: string,
	now = Date.now(),
): Promise<ConnectionHealth | null> {
	const state = await stateOf(ctx, connectionId);
	if (!state) return null;
	const health = healthOfState(state, now);
	const wait = state.isWaiting ? await progressRowOf(ctx, connectionId) : null;
	const until = wait?.waitUntil ? formatClock(wait.waitUntil, timeZone) : null;
	return {
		health,
		healthText: sentence(health, state, wait?.waitReason ?? null),
		freshnessText: words(health, state, until, now),
		lastSuccessAt: state.lastSuccessAt,
		nextSyncAt: state.nextAt,
		failure: state.failure,
		state,
	};
}

function sentence(health: Health, state: Doc<'syncStates'>, waitReason: string | null): string {
	switch (health) {
		case 'fresh':
			return 'Numbers are up to date.';
		case 'late':
			return state.failure
				? `${state.failure.message} The next try follows by itself.`
				: 'The last sync is longer ago than it should be. The next one follows by itself.';
		case 'syncing':
			return 'Fetching history. Numbers are ready as they arrive.';
		case 'waiting':
			return waitReason ?? 'Waiting because the service asked for it. Fetching goes on by itself.';
		case 'paused':
			return 'Paused. History is safe; nothing is fetched until it is resumed.';
		case 'never':
			return 'Nothing was fetched yet. The first sync follows by itself.';
		case 'needsReauth':
		case 'failing':
			return state.failure?.message ?? 'The last sync failed.';
	}
}

function words(
	health: Health,
	state: Doc<'syncStates'>,
	until: string | null,
	now: number,
): string {
	switch (health) {
		case 'fresh':
		case 'late':
			return formatAge(now - (state.lastSuccessAt ?? now));
		case 'syncing':
			return state.lastSuccessAt === null ? 'first sync' : 'fetching history';
		case 'waiting':
			return until ? `until ${until}` : 'waiting';
		case 'paused':
			return 'paused';
		case 'never':
			return 'no data yet';
		case 'needsReauth':
			return 'reconnect';
		case 'failing':
			return 'failing';
	}
}
