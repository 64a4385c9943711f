/**
 * A service of the tests: one request says who we are. Imported before the integrations' door, so that its tester is
 * derived like everybody's.
 */
import {
	auth,
	BaseIntegration,
	property,
	z,
	type ConnectionContext,
	type MetricDefinition,
	type MetricPage,
	type TestConnectionResult,
} from '../../src/lib/server/integrations/sdk/index.ts';
import { integrationRegistry } from '../../src/lib/server/integrations/integrationRegistry.ts';

const whoSchema = z.object({ id: z.string(), name: z.string() });

const metric = {
	unit: 'count',
	kind: 'gauge',
	merge: 'last',
	direction: 'up',
	chart: 'line',
	strategy: 'snapshot',
} satisfies Partial<MetricDefinition>;

export class Probe extends BaseIntegration {
	readonly id = 'probe';
	readonly name = 'Probe';
	readonly description = 'Answers what the test tells it to.';
	readonly category = 'development';
	readonly auth = [
		auth.secretText({ id: 'token', label: 'Token', name: 'token', secretLabel: 'API key' }),
		auth.basic({ id: 'basic', label: 'User name and password' }),
		auth.none({ id: 'none', label: 'No sign-in' }),
		auth.custom({
			id: 'custom',
			kind: 'custom',
			label: 'Key pair',
			properties: {
				keyId: property.text({ label: 'Key id' }),
				keySecret: property.secret({ label: 'Key secret' }),
			},
			headers: ({ keyId = '', keySecret = '' }) => ({ 'x-key': `${keyId}:${keySecret}` }),
		}),
	];
	readonly settings = {
		baseUrl: property.url({ label: 'Address' }),
		project: property.text({ label: 'Project', required: false }),
	};
	readonly metrics: MetricDefinition[] = [
		{ ...metric, id: 'sales', name: 'Sales', description: 'Sales so far.' },
		{ ...metric, id: 'refunds', name: 'Refunds', description: 'Refunds so far.' },
	];
	readonly dataStrategy = 'snapshot';
	readonly shouldBackfill = false;
	readonly historicalDays = 0;
	readonly syncEveryMinutes = 60;
	readonly guide = { title: 'Connect the probe', steps: ['Type something.'] };
	readonly quirks = [];

	async testConnection(ctx: ConnectionContext): Promise<TestConnectionResult> {
		const { data } = await ctx.http.json({ path: '/who', schema: whoSchema });
		return {
			account: {
				...data,
				details: [{ label: 'Project', value: String(ctx.settings.project ?? 'all') }],
			},
			permissions: [{ metricId: 'refunds', readable: false, reason: 'Add "refunds:read".' }],
		};
	}

	async *fetchMetrics(): AsyncGenerator<MetricPage, void, void> {
		yield {
			points: [{ seriesKey: 'sales', at: 1_700_000_000_000, value: 1 }],
			checkpoint: null,
			hasMore: false,
		};
	}

	override async options(ctx: ConnectionContext) {
		const { data } = await ctx.http.json({ path: '/projects', schema: z.array(z.string()) });
		return data.map((value) => ({ value, label: value }));
	}
}

integrationRegistry.register(new Probe());
