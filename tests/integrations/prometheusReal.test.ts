import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	integrationRegistry,
	integrationTesters,
} from '../../src/lib/server/integrations/index.ts';
import {
	createConnectionContext,
	parseInput,
} from '../../src/lib/server/integrations/sdk/index.ts';
import {
	basicAuth,
	findPrometheus,
	openMetrics,
	samplesOf,
	startPrometheus,
	type RealPrometheus,
} from '../support/realPrometheus.ts';
import {
	pagesOf,
	resumeEverywhere,
	stored,
	testEnvironment,
	type Scene,
} from './support/environment.ts';

const programs = await findPrometheus();
const why = typeof programs === 'string' ? ` (skipped: ${programs})` : '';
const prometheus = integrationRegistry.get('prometheus');
const test = integrationTesters['prometheus']!;

const hour = 3_600_000;
const day = 24 * hour;
// A fixed past: the history is what counts, and it must not depend on the day the test runs.
const endAt = Date.UTC(2026, 1, 20, 6);
const startAt = endAt - 5 * day;
const valueAt = (seconds: number): number => Math.round(1000 + 500 * Math.sin(seconds / 7200));

describe.skipIf(why !== '')(`Prometheus against the real server${why}`, () => {
	let server: RealPrometheus;

	beforeAll(async () => {
		const span = { from: startAt / 1000, to: endAt / 1000, stepSeconds: 60 };
		server = await startPrometheus({
			externalLabels: { cluster: 'attic', replica: 'a' },
			// Forty hours only: the older part of the range must come out as a gap.
			history: openMetrics([
				{ name: 'orders', labels: { shop: 'north' }, samples: samplesOf(span, valueAt) },
				{ name: 'orders', labels: { shop: 'south' }, samples: samplesOf(span, () => 3) },
				{
					name: 'short',
					samples: samplesOf({ ...span, from: span.to - 40 * 3600 }, () => 7),
				},
				{
					name: 'requests_total',
					samples: samplesOf(span, (seconds) => (seconds - startAt / 1000) / 60),
				},
			]),
		});
	}, 120_000);
	afterAll(async () => server?.stop());

	const environment = () => testEnvironment({ allowedHosts: [server.host], now: endAt });
	const row = (query: string, more = {}) => ({ id: 'q', name: 'Q', query, ...more });
	const scene = (queries: ReturnType<typeof row>[], range = { startAt, endAt }): Scene => ({
		integration: prometheus,
		authId: 'none',
		values: { baseUrl: server.url, queries },
		environment: environment(),
		ask: { range },
	});
	const preview = async (item: ReturnType<typeof row>) => {
		const input = parseInput(prometheus, 'none', { baseUrl: server.url }, { isPartial: true });
		return prometheus.preview!(
			createConnectionContext(prometheus, input, environment()),
			'queries',
			item,
		);
	};

	it('S3-16 tells version and identity', async () => {
		const form = {
			authId: 'none',
			values: { baseUrl: `${server.url}/graph`, queries: [row('up')] },
		};
		const outcome = await test(form, environment());
		expect(outcome).toMatchObject({
			ok: true,
			result: {
				account: {
					id: 'labels:cluster=attic, replica=a',
					details: [{ label: 'Version', value: server.version }, { value: server.host }, {}],
				},
			},
		});
	});

	it('S3-12 fetches history newest first, on the minute, and nothing twice', async () => {
		const pages = await pagesOf(scene([row('sum(orders{shop="north"})')]));
		const points = stored(pages);
		expect(points.length).toBe((endAt - startAt) / 60_000);
		expect(pages.flatMap((page) => page.points).length).toBe(points.length);
		for (const { at, value } of points) expect(value).toBe(valueAt(at / 1000));
		const firsts = pages.map((page) => page.points[0]!.at);
		expect(firsts).toEqual([...firsts].sort((a, b) => b - a));
	});

	it('S3-11 leaves a gap where the server has nothing', async () => {
		const points = stored(await pagesOf(scene([row('short')])));
		// The server repeats a last value for five minutes at most; before the first one there is none.
		expect(points[0]!.at).toBe(endAt - 40 * hour);
		expect(points.length).toBe(40 * 60);
	});

	it('counts windows into the hour they began in', async () => {
		const query = 'sum(increase(requests_total[1h]))';
		const points = stored(await pagesOf(scene([row(query, { kind: 'delta' })])));
		expect(points.map((point) => point.at).slice(0, 3)).toEqual(
			[0, 1, 2].map((n) => startAt + n * hour),
		);
		expect(points.length).toBe((endAt - startAt) / hour);
		for (const { value } of points.slice(1)) expect(value).toBeCloseTo(60, 0);
	});

	it('fetches a single moment as an instant value', async () => {
		const one = scene([row('sum(orders)')], { startAt: endAt - 60_000, endAt });
		const pages = await pagesOf(one);
		const { reports } = one.environment as ReturnType<typeof environment>;
		expect(reports.map((report) => report.path.split('?')[0])).toEqual(['/api/v1/query']);
		expect(pages[0]!.points).toEqual([
			{ seriesKey: 'q', at: endAt - 60_000, value: valueAt(endAt / 1000 - 60) + 3 },
		]);
	});

	it('S3-19 resumes after any page with the same points', async () => {
		const queries = [
			row('sum(orders)'),
			{ ...row('sum(increase(requests_total[5m]))', { kind: 'delta' }), id: 'd', name: 'D' },
		];
		const { whole, resumed } = await resumeEverywhere(() => scene(queries));
		expect(whole.length).toBeGreaterThanOrEqual(8);
		for (const pages of resumed) {
			expect(pages.length).toBe(whole.length);
			expect(stored(pages)).toEqual(stored(whole));
		}
	});

	it.each([
		['up{', /Prometheus cannot run this query: .*parse error/],
		['orders', /gives 2 series, one per shop.*sum/],
		['orders[5m]', /cannot run this query|series|range/],
		['"text"', /gives text/],
		['', /Enter the query/],
	])('names what is wrong with %j while typing', async (query, sentence) => {
		const answer = await preview(row(query));
		expect(answer).toMatchObject({ ok: false, error: { code: 'QUERY_INVALID', field: 'queries' } });
		expect(answer.ok ? '' : answer.error.message).toMatch(sentence);
	});

	it('previews the current value, a scalar, and a query without a value', async () => {
		expect(await preview(row('1 + 1'))).toMatchObject({ ok: true, value: 2 });
		expect(await preview(row('count(up) * 0 + 4.25'))).toMatchObject({ ok: true });
		expect(await preview(row('absent_metric'))).toEqual({
			ok: true,
			text: 'The query is valid and has no value right now.',
		});
	});
});

describe.skipIf(why !== '')(`Prometheus behind a password${why}`, () => {
	let server: RealPrometheus;
	beforeAll(async () => {
		server = await startPrometheus({ hasBasicAuth: true });
	}, 60_000);
	afterAll(async () => server?.stop());

	const outcome = async (password: string) => {
		const environment = testEnvironment({ allowedHosts: [server.host] });
		const values = {
			baseUrl: server.url,
			queries: [{ name: 'Up', query: 'sum(up)' }],
			username: basicAuth.username,
			password,
		};
		return await test({ authId: 'basic', values }, environment);
	};

	it('S3-16 is let in with the right one', async () => {
		expect(await outcome(basicAuth.password)).toMatchObject({
			ok: true,
			result: { account: { id: server.host } },
		});
	});

	it('S3-05 says so with a wrong one, on the password', async () => {
		expect(await outcome('wrong pony')).toMatchObject({
			ok: false,
			failure: { code: 'AUTH_REJECTED', remedy: 'reconnect', field: 'password' },
		});
	});
});
