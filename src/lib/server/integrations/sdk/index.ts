/** All a service may import. */
export { z } from 'zod';
export { auth, type AuthDeclaration, type AuthKind, type AuthOption } from './auth.ts';
export { BaseIntegration, type Category, type Guide, type RateLimit } from './baseIntegration.ts';
export {
	createConnectionContext,
	createSyncContext,
	type ConnectionEnvironment,
	type SyncAsk,
} from './context.ts';
export {
	ConnectorError,
	errorCatalogue,
	toPlain,
	type ConnectorErrorCode,
	type ErrorDetail,
	type PlainError,
	type Remedy,
} from './errors.ts';
export { hostKeyOf, judgeUrl, normaliseAllowedHost } from './guard.ts';
export type {
	FailedResponse,
	FetchLike,
	HttpClient,
	HttpRequest,
	HttpResponse,
	RequestReport,
} from './http.ts';
export type { Json } from './json.ts';
export { manifestOf, type Manifest } from './manifest.ts';
export type {
	DataStrategy,
	Merge,
	MetricDefinition,
	MetricInstance,
	MetricKind,
	Unit,
} from './metrics.ts';
export {
	property,
	readValues,
	type Property,
	type PropertyDescription,
	type PropertyMap,
	type ValuesOf,
} from './properties.ts';
export { queryRowSchema, queryUnits, type QueryRow } from './queryRows.ts';
export { clampWaitMs, retryAfterAt } from './retryAfter.ts';
export {
	readCheckpoint,
	snapshotAt,
	writeCheckpoint,
	type Clock,
	type ConnectionContext,
	type DataPoint,
	type MetricPage,
	type OptionItem,
	type PageWarning,
	type PreviewResult,
	type Resumption,
	type ServerStats,
	type SyncContext,
	type SyncEstimate,
	type TestConnectionResult,
	type TimeRange,
} from './sync.ts';
export { testerOf, type IntegrationTester, type TestOutcome } from './tester.ts';
export { parseInput, type ParsedInput } from './validate.ts';
