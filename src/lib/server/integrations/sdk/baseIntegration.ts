import type { AuthDeclaration } from './auth.ts';
import type { ConnectorError } from './errors.ts';
import type { FailedResponse } from './http.ts';
import type { Json } from './json.ts';
import type { DataStrategy, MetricDefinition, MetricInstance } from './metrics.ts';
import type { PropertyMap } from './properties.ts';
import type {
	ConnectionContext,
	MetricPage,
	OptionItem,
	PreviewResult,
	SyncContext,
	SyncEstimate,
	TestConnectionResult,
	TimeRange,
} from './sync.ts';

/** Where an integration stands in the catalogue. */
export type Category =
	'payment' | 'development' | 'analytics' | 'marketing' | 'communication' | 'operations';

/** How a person gets the credentials, shown beside the form. */
export interface Guide {
	title: string;
	steps: string[];
	url?: string;
}

/** The service's published limit, for the catalogue. */
export interface RateLimit {
	description: string;
	requests: number;
	perSeconds: number;
}

/**
 * What every service extends, once and only one level deep. The definition is data; clock, HTTP and credentials come in
 * through the context, so that the same class runs in Convex, in the embedded deployment and in a test.
 */
export abstract class BaseIntegration {
	/** kebab-case; folder name, URL slug and stored value at once. */
	abstract readonly id: string;
	abstract readonly name: string;
	/** One sentence. */
	abstract readonly description: string;
	abstract readonly category: Category;
	/** Ways to sign in; the first is preselected. */
	abstract readonly auth: readonly AuthDeclaration[];
	/** Non-secret inputs. */
	abstract readonly settings: PropertyMap;
	/** The catalogue's view. What one connection has comes from metricsFor. */
	abstract readonly metrics: readonly MetricDefinition[];
	abstract readonly dataStrategy: DataStrategy;
	/** Whether the first sync fetches history. */
	abstract readonly shouldBackfill: boolean;
	/** How far back that history goes; 0 without a backfill. */
	abstract readonly historicalDays: number;
	abstract readonly syncEveryMinutes: number;
	abstract readonly guide: Guide;
	/** Deviations and limits of the service a person should know. */
	abstract readonly quirks: readonly string[];
	readonly rateLimit: RateLimit | undefined = undefined;

	/** Proves the credentials with reading calls and says who they belong to. Throws ConnectorError. */
	abstract testConnection(ctx: ConnectionContext): Promise<TestConnectionResult>;

	/**
	 * Yields the points of `ctx.metrics` in `ctx.range` page by page. Resuming with the checkpoint of any yielded page
	 * yields exactly the pages after it. Throws ConnectorError; pages yielded before stay valid.
	 */
	abstract fetchMetrics(ctx: SyncContext): AsyncGenerator<MetricPage, void, void>;

	/** Where requests go and credentials may be sent; undefined when the integration makes no requests. */
	baseUrl(settings: Record<string, Json>): string | undefined {
		const value = settings['baseUrl'];
		return typeof value === 'string' ? value : undefined;
	}

	/** The series one connection has. By default one per definition. */
	metricsFor(_settings: Record<string, Json>): MetricInstance[] {
		return this.metrics.map((metric) => ({ ...metric, seriesKey: metric.id }));
	}

	/** Headers every request carries beside the credentials. */
	headers(): Record<string, string> {
		return {};
	}

	/** A service's own reading of a failed answer (GitHub's 403 that is a rate limit). undefined: the usual one. */
	refineFailure(_response: FailedResponse): ConnectorError | undefined {
		return undefined;
	}

	/** What fetching `range` will cost, told before a person connects. */
	estimate?(ctx: ConnectionContext, range: TimeRange): Promise<SyncEstimate>;
	/** Choices of a property with hasOptionsResolver, for what was entered so far. */
	options?(ctx: ConnectionContext, property: string, search: string): Promise<OptionItem[]>;
	/** Live check of one value of a property with hasPreview. */
	preview?(ctx: ConnectionContext, property: string, item: Json): Promise<PreviewResult>;
}
