import { authHeaders, authProperties } from './auth.ts';
import type { BaseIntegration } from './baseIntegration.ts';
import { ConnectorError } from './errors.ts';
import type { FetchLike, RequestReport } from './http.ts';
import type { Timers } from './httpBody.ts';
import { createHttpClient, type HttpLimits } from './httpClient.ts';
import type { Json } from './json.ts';
import type { MetricInstance } from './metrics.ts';
import { createRedactor } from './redaction.ts';
import type { Clock, ConnectionContext, ServerStats, SyncContext, TimeRange } from './sync.ts';
import type { ParsedInput } from './validate.ts';

/** What the deployment lends to an integration. */
export interface ConnectionEnvironment {
	fetch: FetchLike;
	clock: Clock;
	/** "host:port" of private hosts the owner allowed. */
	allowedHosts: readonly string[];
	onRequest?: (report: RequestReport) => void;
	serverStats?: () => Promise<ServerStats>;
	limits?: Partial<HttpLimits>;
	timers?: Timers;
}

/** Builds the context of a connection: the one place where credentials meet the HTTP client. */
export function createConnectionContext(
	integration: BaseIntegration,
	input: ParsedInput,
	environment: ConnectionEnvironment,
): ConnectionContext {
	const declaration = integration.auth.find((one) => one.id === input.authId);
	if (!declaration) throw new ConnectorError('PROPERTY_INVALID', { field: 'authId' });
	const kinds = authProperties(declaration);
	const secrets: string[] = [];
	const names: string[] = [];
	for (const [name, value] of Object.entries(input.credentials))
		(kinds[name]?.description.kind === 'text' ? names : secrets).push(value);
	const { onRequest, limits, timers, serverStats } = environment;
	const http = createHttpClient({
		fetch: environment.fetch,
		clock: environment.clock,
		baseUrl: integration.baseUrl(input.settings),
		allowedHosts: environment.allowedHosts,
		authHeaders: authHeaders(declaration, input.credentials),
		headers: integration.headers(),
		redactor: createRedactor({ secrets, names }),
		refineFailure: (response) => integration.refineFailure(response),
		fields: {
			address: Object.entries(integration.settings).find(
				([, one]) => one.description.kind === 'url',
			)?.[0],
			secret: Object.entries(kinds).find(([, one]) => one.description.kind === 'secret')?.[0],
		},
		...(onRequest && { onRequest }),
		...(limits && { limits }),
		...(timers && { timers }),
	});
	return {
		http,
		authId: input.authId,
		credentials: input.credentials,
		settings: input.settings,
		clock: environment.clock,
		...(serverStats && { serverStats }),
	};
}

/** What one sync run asks for. */
export interface SyncAsk {
	/** Absent: all series of the connection. Unknown keys are ignored. */
	seriesKeys?: readonly string[];
	range: TimeRange;
	checkpoint: Json | null;
	timeZone: string;
}

/** Builds the context of a sync run. */
export function createSyncContext(
	integration: BaseIntegration,
	input: ParsedInput,
	environment: ConnectionEnvironment,
	{ seriesKeys, range, checkpoint, timeZone }: SyncAsk,
): SyncContext {
	const all: MetricInstance[] = integration.metricsFor(input.settings);
	const metrics = seriesKeys ? all.filter((one) => seriesKeys.includes(one.seriesKey)) : all;
	return {
		...createConnectionContext(integration, input, environment),
		metrics,
		range,
		checkpoint,
		timeZone,
	};
}
