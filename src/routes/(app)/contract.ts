import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../convex/_generated/api.js';

/** The shapes the pages receive, taken from the functions' own `returns` so that they cannot drift. */
export type IntegrationCard = FunctionReturnType<typeof api.integrations.list>[number];
export type ConnectionSummary = FunctionReturnType<typeof api.connections.list>[number];
export type ConnectionDetail = NonNullable<FunctionReturnType<typeof api.connections.get>>;
export type Progress = NonNullable<FunctionReturnType<typeof api.connections.progress>>;
export type SyncRunRow = FunctionReturnType<typeof api.syncRuns.list>['page'][number];
export type SyncRunDetail = NonNullable<FunctionReturnType<typeof api.syncRuns.get>>;
export type SessionRow = FunctionReturnType<typeof api.sessions.list>[number];

export type { Health } from '../../lib/metrics/freshness.ts';

export type Remedy = 'retry' | 'reconnect' | 'changeSetting' | 'bug';

/** Why something did not work, in the words a person reads. `host` comes with PRIVATE_ADDRESS only. */
export interface Failure {
	code: string;
	message: string;
	remedy: Remedy;
	field?: string;
	fields?: Record<string, string>;
	/** When the service lets us try again, ms since the epoch. */
	retryAt?: number;
	/** "127.0.0.1:9090": the one address an owner may allow. */
	host?: string;
	/** The existing connection, with ALREADY_CONNECTED. */
	connectionId?: string;
}
