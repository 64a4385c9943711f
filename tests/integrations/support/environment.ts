import type {
	BaseIntegration,
	ConnectionEnvironment,
	DataPoint,
	Json,
	MetricPage,
	RequestReport,
	SyncAsk,
} from '../../../src/lib/server/integrations/sdk/index.ts';
import { createSyncContext, parseInput } from '../../../src/lib/server/integrations/sdk/index.ts';

/** An environment whose clock stands still until told, and which keeps every report. */
export interface TestEnvironment extends ConnectionEnvironment {
	reports: RequestReport[];
	time: { now: number };
}

export function testEnvironment(
	more: Partial<ConnectionEnvironment> & { now?: number } = {},
): TestEnvironment {
	const { now = Date.UTC(2026, 2, 15, 12), ...rest } = more;
	const time = { now };
	const reports: RequestReport[] = [];
	return {
		fetch: (url, init) => fetch(url, init),
		clock: { now: () => time.now },
		allowedHosts: [],
		onRequest: (report) => reports.push(report),
		...rest,
		reports,
		time,
	};
}

/** What a form would hold, and what a run asks for. */
export interface Scene {
	integration: BaseIntegration;
	authId: string;
	values: Record<string, Json>;
	environment: ConnectionEnvironment;
	ask: Partial<SyncAsk> & Pick<SyncAsk, 'range'>;
}

/** The generator of one run. */
export function runOf({ integration, authId, values, environment, ask }: Scene) {
	const input = parseInput(integration, authId, values);
	const full: SyncAsk = { checkpoint: null, timeZone: 'UTC', ...ask };
	return integration.fetchMetrics(createSyncContext(integration, input, environment, full));
}

/** All pages of a run. */
export async function pagesOf(scene: Scene): Promise<MetricPage[]> {
	const pages: MetricPage[] = [];
	for await (const page of runOf(scene)) pages.push(page);
	return pages;
}

/** Points as a store would hold them: the last value per series and moment, sorted. */
export function stored(pages: MetricPage[]): DataPoint[] {
	const byKey = new Map<string, DataPoint>();
	for (const page of pages)
		for (const point of page.points) byKey.set(`${point.seriesKey} ${point.at}`, point);
	return [...byKey.values()].sort((a, b) =>
		a.seriesKey === b.seriesKey ? a.at - b.at : a.seriesKey < b.seriesKey ? -1 : 1,
	);
}

/**
 * Runs the scene once undisturbed and then once per page, stopped after that page and resumed from its checkpoint, as it
 * would come back from the database. Returns both outcomes for each stop.
 */
export async function resumeEverywhere(
	scene: () => Scene,
): Promise<{ whole: MetricPage[]; resumed: MetricPage[][] }> {
	const whole = await pagesOf(scene());
	const resumed: MetricPage[][] = [];
	for (let stop = 1; stop <= whole.length; stop++) {
		const before: MetricPage[] = [];
		for await (const page of runOf(scene())) {
			before.push(page);
			if (before.length === stop) break;
		}
		const again = scene();
		const checkpoint = JSON.parse(JSON.stringify(before.at(-1)!.checkpoint)) as Json;
		again.ask = { ...again.ask, checkpoint };
		resumed.push([...before, ...(await pagesOf(again))]);
	}
	return { whole, resumed };
}
