import {
	auth,
	BaseIntegration,
	ConnectorError,
	property,
	queryRowSchema,
	readCheckpoint,
	readValues,
	writeCheckpoint,
	z,
	type ConnectionContext,
	type Json,
	type MetricInstance,
	type MetricPage,
	type PreviewResult,
	type QueryRow,
	type SyncContext,
	type SyncEstimate,
	type TestConnectionResult,
	type TimeRange,
} from '../sdk/index.ts';
import { identityOf, versionOf } from './identity.ts';
import { queryMetric } from './metric.ts';
import { queryInvalid } from './parse.ts';
import { planSlices, sliceKey } from './plan.ts';
import { currentValue, named, readSlice, windowOf } from './query.ts';

const positionSchema = z.object({ after: z.string() });

const settings = {
	baseUrl: property.url({
		label: 'Address',
		help: 'Where the Prometheus page opens in a browser. Servers that speak its API work too.',
		placeholder: 'http://127.0.0.1:9090',
		clean: (value) =>
			value.replace(
				/\/(graph|query|targets|alerts|rules|config|status|classic\/graph|api\/v1(\/[^?#]*)?)?\/?([?][^#]*)?$/,
				'',
			),
	}),
	queries: property.queries({
		label: 'Metrics',
		help: 'Name each metric and give the PromQL that computes it. It must yield one series.',
		placeholder: 'sum(rate(http_requests_total[5m]))',
		hasPreview: true,
		dependsOn: ['baseUrl'],
		max: 50,
	}),
};

/** A Prometheus server, or anything that answers its HTTP API v1. */
export class Prometheus extends BaseIntegration {
	readonly id = 'prometheus';
	readonly name = 'Prometheus';
	readonly description = 'Metrics you name yourself, each computed by a PromQL query.';
	readonly category = 'operations';
	readonly auth = [
		auth.none({ id: 'none', label: 'No sign-in' }),
		auth.basic({ id: 'basic', label: 'User name and password' }),
		auth.secretText({
			id: 'bearer',
			label: 'Bearer token',
			name: 'token',
			secretLabel: 'Token',
		}),
	];
	readonly settings = settings;
	readonly metrics = [queryMetric];
	readonly dataStrategy = 'hybrid';
	readonly shouldBackfill = true;
	readonly historicalDays = 30;
	readonly syncEveryMinutes = 1;
	readonly guide = {
		title: 'Connect a Prometheus server',
		steps: [
			'Enter the address of the server, as you open it in a browser.',
			'If it stands behind a sign-in, choose how: user name and password, or a token.',
			'Add a row per metric: a name, the PromQL, and a unit. The value right now appears while you type.',
		],
		url: 'https://prometheus.io/docs/prometheus/latest/querying/basics/',
	};
	readonly quirks = [
		'A query must yield one series. Series that never overlap in time count as one.',
		'A query of kind "delta" needs one range that divides the hour or the day, like [5m] or [1h]; its points are that far apart.',
		'NaN and infinite values are shown as gaps.',
		'History reaches back as far as the server keeps it, at most 30 days.',
	];

	override metricsFor(raw: Record<string, Json>): MetricInstance[] {
		return rowsOf(raw).map((row) => ({
			...queryMetric,
			id: row.id,
			seriesKey: row.id,
			name: row.name,
			description: row.query,
			unit: row.unit,
			kind: row.kind,
			merge: row.kind === 'delta' ? 'sum' : row.kind === 'cumulative' ? 'last' : 'avg',
			chart: row.kind === 'delta' ? 'bar' : 'line',
		}));
	}

	async testConnection(ctx: ConnectionContext): Promise<TestConnectionResult> {
		const version = await versionOf(ctx);
		const account = await identityOf(ctx, version);
		for (const row of rowsOf(ctx.settings)) {
			try {
				await currentValue(ctx, row);
			} catch (error) {
				throw named(error, row.name);
			}
		}
		return { account };
	}

	override async preview(
		ctx: ConnectionContext,
		_name: string,
		item: Json,
	): Promise<PreviewResult> {
		if (ctx.settings['baseUrl'] === undefined) return { ok: false, error: addressFirst() };
		// The name may still be missing while the query is being typed.
		const row = queryRowSchema.omit({ name: true }).safeParse(item);
		if (!row.success)
			return { ok: false, error: queryInvalid(row.error.issues[0]?.message ?? 'Enter the query.') };
		try {
			const sample = await currentValue(ctx, row.data);
			if (!sample) return { ok: true, text: 'The query is valid and has no value right now.' };
			const { value } = sample;
			return { ok: true, text: `Right now: ${round(value)}`, value, unit: row.data.unit };
		} catch (error) {
			if (error instanceof ConnectorError) return { ok: false, error };
			throw error;
		}
	}

	override async estimate(ctx: ConnectionContext, range: TimeRange): Promise<SyncEstimate> {
		const pages = planSlices(this.metricsFor(ctx.settings), range, windowOf).length;
		const days = Math.round((range.endAt - range.startAt) / 86_400_000);
		return { calls: pages, pages, days };
	}

	async *fetchMetrics(ctx: SyncContext): AsyncGenerator<MetricPage, void, void> {
		const { range, position, isDone } = readCheckpoint(ctx, positionSchema);
		if (isDone) return;
		const slices = planSlices(ctx.metrics, range, windowOf);
		if (slices.length === 0) {
			yield { points: [], checkpoint: writeCheckpoint(range, null), hasMore: false };
			return;
		}
		const broken = new Map<string, ConnectorError>();
		const done = position ? slices.findIndex((slice) => sliceKey(slice) === position.after) + 1 : 0;
		for (let index = done; index < slices.length; index++) {
			const slice = slices[index]!;
			const metric = ctx.metrics.find((one) => one.seriesKey === slice.seriesKey)!;
			const isLast = index === slices.length - 1;
			const page: MetricPage = {
				points: [],
				checkpoint: writeCheckpoint(range, isLast ? null : { after: sliceKey(slice) }),
				progress: {
					donePages: index + 1,
					totalPages: slices.length,
					slice: new Date(slice.fromAt).toISOString().slice(0, 10),
				},
				hasMore: !isLast,
			};
			// A query that cannot run today could not run for last week either; its pages stay empty.
			if (!broken.has(slice.seriesKey)) {
				try {
					const samples = await readSlice(ctx, metric, slice);
					page.points = samples.map(({ at, value }) => ({
						seriesKey: slice.seriesKey,
						at: at + slice.shiftMs,
						value,
					}));
				} catch (error) {
					if (!(error instanceof ConnectorError) || error.code !== 'QUERY_INVALID') throw error;
					const { code, message } = named(error, metric.name);
					broken.set(slice.seriesKey, named(error, metric.name));
					page.warnings = [{ code, message, seriesKey: slice.seriesKey }];
				}
			}
			// Others may go on, but a connection of which nothing can be read has failed.
			if (broken.size === ctx.metrics.length) throw [...broken.values()][0]!;
			yield page;
		}
	}
}

function rowsOf(raw: Record<string, Json>): QueryRow[] {
	return readValues({ queries: settings.queries }, raw).queries;
}

function addressFirst(): ConnectorError {
	const message = 'Enter the address of the server first.';
	return new ConnectorError('PROPERTY_INVALID', { message, field: 'baseUrl' });
}

/** Four figures are enough to recognise a value; the form formats the number itself. */
function round(value: number): string {
	return String(Number(value.toPrecision(4)));
}
