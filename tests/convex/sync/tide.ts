/**
 * A service of these tests: a ledger of points handed out in pages, whose faults a test chooses. Registered here only,
 * never in the product.
 */
import {
	auth,
	BaseIntegration,
	type ConnectionContext,
	type DataStrategy,
	type MetricDefinition,
	type MetricInstance,
	type MetricPage,
	type SyncContext,
	type TestConnectionResult,
} from '../../../src/lib/server/integrations/sdk/index.ts';
import { integrationRegistry } from '../../../src/lib/server/integrations/integrationRegistry.ts';

export type Point = MetricPage['points'][number];

/** What the service knows and how it behaves; a test sets it, `calm()` resets it. */
export const sea = {
	/** The truth: dated rows, in any order. */
	ledger: [] as Point[],
	/** The level right now, for snapshots. */
	level: 7,
	pageSize: 4,
	/** Called before page `index` of a fetch is yielded; throws or waits to make trouble. */
	beforePage: (_index: number): void | Promise<void> => {},
	/** Rewrites a page before it is yielded. */
	rewrite: (page: MetricPage): MetricPage => page,
	/** What each fetch was asked for. */
	asked: [] as Pick<SyncContext, 'range' | 'checkpoint' | 'metrics' | 'credentials' | 'authId'>[],
	seriesKeys: ['level', 'rain', 'total'],
};
const still = { ...sea };

export function calm(): void {
	Object.assign(sea, still, { ledger: [], asked: [], seriesKeys: [...still.seriesKeys] });
}

const base = {
	unit: 'count',
	direction: 'up',
	strategy: 'hybrid',
	description: 'Made up.',
} as const;

abstract class Water extends BaseIntegration {
	readonly description = 'Water of the tests.';
	readonly category = 'operations';
	readonly auth = [auth.none({ id: 'none', label: 'No sign-in' })];
	readonly settings = {};
	readonly metrics: MetricDefinition[] = [
		{ ...base, id: 'level', name: 'Level', kind: 'gauge', merge: 'last', chart: 'line' },
		{ ...base, id: 'rain', name: 'Rain', kind: 'delta', merge: 'sum', chart: 'bar' },
		{ ...base, id: 'total', name: 'Total', kind: 'cumulative', merge: 'last', chart: 'line' },
	];
	abstract override readonly dataStrategy: DataStrategy;
	readonly historicalDays: number = 90;
	readonly shouldBackfill: boolean = true;
	readonly syncEveryMinutes = 60;
	readonly guide = { title: 'Water', steps: [] };
	readonly quirks = [];

	override metricsFor(): MetricInstance[] {
		return this.metrics
			.filter((metric) => sea.seriesKeys.includes(metric.id))
			.map((metric) => ({ ...metric, seriesKey: metric.id }));
	}

	async testConnection(_ctx: ConnectionContext): Promise<TestConnectionResult> {
		return { account: { id: 'sea-1', name: 'North Sea' } };
	}

	/** Dated rows of the range, oldest first; the checkpoint is the number of rows handed out. */
	protected async *rows(ctx: SyncContext): AsyncGenerator<MetricPage, void, void> {
		const { range, checkpoint, metrics, credentials, authId } = ctx;
		sea.asked.push({ range, checkpoint, metrics, credentials, authId });
		const wanted = new Set(metrics.map((metric) => metric.seriesKey));
		const rows = sea.ledger
			.filter(
				({ at, seriesKey }) => at >= range.startAt && at < range.endAt && wanted.has(seriesKey),
			)
			.sort((a, b) => a.at - b.at || (a.seriesKey < b.seriesKey ? -1 : 1));
		const totalPages = Math.ceil(rows.length / sea.pageSize);
		let done = typeof checkpoint === 'number' ? checkpoint : 0;
		for (; done < rows.length;) {
			const points = rows.slice(done, done + sea.pageSize);
			const donePages = Math.ceil((done + points.length) / sea.pageSize);
			await sea.beforePage(donePages - 1);
			done += points.length;
			const hasMore = done < rows.length;
			yield sea.rewrite({ points, checkpoint: done, progress: { donePages, totalPages }, hasMore });
		}
	}

	protected now(ctx: SyncContext): MetricPage {
		const points = [{ seriesKey: 'level', at: ctx.clock.now(), value: sea.level }];
		return { points, checkpoint: 'now', hasMore: false };
	}
}

export class Tide extends Water {
	readonly id = 'tide';
	readonly name = 'Tide';
	readonly dataStrategy = 'events';

	async *fetchMetrics(ctx: SyncContext): AsyncGenerator<MetricPage, void, void> {
		yield* this.rows(ctx);
	}
}

export class Gauge extends Water {
	readonly id = 'tide-gauge';
	readonly name = 'Gauge';
	readonly dataStrategy = 'snapshot';
	override readonly shouldBackfill = false;
	override readonly historicalDays = 0;

	async *fetchMetrics(ctx: SyncContext): AsyncGenerator<MetricPage, void, void> {
		yield this.now(ctx);
	}
}

export class Harbour extends Water {
	readonly id = 'tide-harbour';
	readonly name = 'Harbour';
	readonly dataStrategy = 'hybrid';

	async *fetchMetrics(ctx: SyncContext): AsyncGenerator<MetricPage, void, void> {
		if (ctx.checkpoint !== 'now') yield* this.rows(ctx);
		yield this.now(ctx);
	}
}

for (const Service of [Tide, Gauge, Harbour]) {
	const integration = new Service();
	if (!integrationRegistry.has(integration.id)) integrationRegistry.register(integration);
}
