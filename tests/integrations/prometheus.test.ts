import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	integrationRegistry,
	integrationTesters,
} from '../../src/lib/server/integrations/index.ts';
import {
	maxStepsPerRequest,
	planSlices,
} from '../../src/lib/server/integrations/prometheus/plan.ts';
import {
	deltaWindowMs,
	durationMs,
	externalLabels,
} from '../../src/lib/server/integrations/prometheus/promql.ts';
import {
	createConnectionContext,
	parseInput,
	type Json,
} from '../../src/lib/server/integrations/sdk/index.ts';
import { sendJson } from './support/canary.ts';
import {
	pagesOf,
	resumeEverywhere,
	runOf,
	stored,
	testEnvironment,
	type Scene,
} from './support/environment.ts';
import { startFakePrometheus, type FakePrometheus } from './support/prometheusServer.ts';

const prometheus = integrationRegistry.get('prometheus');
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const endAt = Date.UTC(2026, 2, 15, 10, 30, 20);
const startAt = endAt - 3 * day;

let fake: FakePrometheus;
beforeEach(async () => {
	fake = await startFakePrometheus();
	fake.queries.set('level', [{ valueAt: (at) => String((at / minute) % 1000) }]);
});
afterEach(async () => fake.close());

const row = (query: string, more: Record<string, Json> = {}): Record<string, Json> => ({
	id: query.replace(/\W+/g, '_'),
	name: query,
	query,
	...more,
});
const scene = (queries: Record<string, Json>[], ask: Partial<Scene['ask']> = {}): Scene => ({
	integration: prometheus,
	authId: 'none',
	values: { baseUrl: fake.url, queries },
	environment: testEnvironment({ allowedHosts: [fake.host], now: endAt }),
	ask: { range: { startAt, endAt }, ...ask },
});
const test = (values: Record<string, Json> = {}, authId = 'none') =>
	integrationTesters['prometheus']!(
		{ authId, values: { baseUrl: fake.url, queries: [row('level')], ...values } },
		testEnvironment({ allowedHosts: [fake.host], now: endAt }),
	);

describe('Prometheus history', () => {
	it('S3-12 yields each minute of the range once, and the next sync only what is new', async () => {
		const first = stored(await pagesOf(scene([row('level')])));
		expect(first[0]!.at).toBe(Math.ceil(startAt / minute) * minute);
		expect(first.at(-1)!.at).toBe(Math.floor(endAt / minute) * minute);
		expect(first.length).toBe((3 * day) / minute);
		const range = { startAt: endAt, endAt: endAt + 2 * minute };
		const next = stored(await pagesOf(scene([row('level')], { range })));
		expect(next.map((point) => point.at)).toEqual([1, 2].map((n) => first.at(-1)!.at + n * minute));
	});

	it('S3-12 counts each window once although a sync sees only a part of it', async () => {
		const query = 'increase(x[1h])';
		fake.queries.set(query, [{ valueAt: (at) => String(at / hour) }]);
		const ats: number[] = [];
		for (let at = startAt; at < startAt + 3 * hour; at += 7 * minute) {
			const range = { startAt: at, endAt: at + 7 * minute };
			const pages = await pagesOf(scene([row(query, { kind: 'delta' })], { range }));
			ats.push(...pages.flatMap((page) => page.points.map((point) => point.at)));
		}
		const firstAt = Math.floor(startAt / hour) * hour;
		expect(ats).toEqual([0, 1, 2].map((n) => firstAt + n * hour));
	});

	it('S3-11 fetches the series asked for and no other', async () => {
		fake.queries.set('other', [{ valueAt: () => '1' }]);
		const pages = await pagesOf(scene([row('level'), row('other')], { seriesKeys: ['other'] }));
		expect(new Set(stored(pages).map((point) => point.seriesKey))).toEqual(new Set(['other']));
		expect(fake.hits.some((hit) => hit.url.includes('level'))).toBe(false);
	});

	it('has the recent past of all queries before the old one of any', async () => {
		fake.queries.set('other', [{ valueAt: () => '1' }]);
		const pages = await pagesOf(scene([row('level'), row('other')]));
		const heads = pages.map((page) => page.points[0]!);
		expect(heads.slice(0, 4).map((point) => point.seriesKey)).toEqual([
			'level',
			'other',
			'level',
			'other',
		]);
		expect(heads[0]!.at).toBeGreaterThan(heads[2]!.at);
		expect(pages.map((page) => page.progress!.donePages)).toEqual(pages.map((_, n) => n + 1));
		expect(pages.at(-1)!.hasMore).toBe(false);
	});

	it('takes what is no number for a gap', async () => {
		const odd = ['NaN', '+Inf', '-Inf', '1e400', '5'];
		fake.queries.set('odd', [{ valueAt: (at) => odd[(at / minute) % 5] }]);
		const points = stored(await pagesOf(scene([row('odd')])));
		expect(new Set(points.map((point) => point.value))).toEqual(new Set([5]));
		expect(points.length).toBe((3 * day) / minute / 5);
	});

	it('joins series that follow each other, and warns of those that overlap', async () => {
		const turn = endAt - 30 * hour;
		const before = {
			labels: { version: '1' },
			valueAt: (at: number) => (at < turn ? '1' : undefined),
		};
		const after = {
			labels: { version: '2' },
			valueAt: (at: number) => (at < turn ? undefined : '2'),
		};
		fake.queries.set('moving', [before, after]);
		fake.queries.set('both', [
			{ labels: { pod: 'a' }, valueAt: () => '1' },
			{ labels: { pod: 'b' }, valueAt: () => '1' },
		]);
		const pages = await pagesOf(scene([row('moving'), row('both')]));
		const points = stored(pages);
		expect(points.length).toBe((3 * day) / minute);
		expect(points.every((point) => point.value === (point.at < turn ? 1 : 2))).toBe(true);
		expect(pages.flatMap((page) => page.warnings ?? [])).toEqual([
			{
				code: 'QUERY_INVALID',
				message: expect.stringMatching(/^"both": This query gives 2 series, one per pod/),
				seriesKey: 'both',
			},
		]);
	});

	it('S3-19 resumes after any page with the same points', async () => {
		fake.queries.set('increase(x[1h])', [{ valueAt: (at) => String(at / hour) }]);
		const queries = [row('level'), row('increase(x[1h])', { kind: 'delta' })];
		const { whole, resumed } = await resumeEverywhere(() => scene(queries));
		for (const pages of resumed) {
			expect(pages.length).toBe(whole.length);
			expect(stored(pages)).toEqual(stored(whole));
		}
	});

	it('S3-19 goes on after a failure where it stood', async () => {
		const whole = stored(await pagesOf(scene([row('level')])));
		fake.hits.length = 0;
		fake.fault = (_, response) => {
			if (fake.hits.length !== 3) return false;
			sendJson(response, 503, {}, { 'retry-after': '7' });
			return true;
		};
		const pages = [];
		let failure: unknown;
		try {
			for await (const page of runOf(scene([row('level')]))) pages.push(page);
		} catch (error) {
			failure = error;
		}
		expect(failure).toMatchObject({ code: 'SERVICE_ERROR', retryAt: endAt + 7000 });
		const rest = await pagesOf(scene([row('level')], { checkpoint: pages.at(-1)!.checkpoint }));
		expect(stored([...pages, ...rest])).toEqual(whole);
	});

	it('S3-17 fails when no query can run, and goes on when one can', async () => {
		await expect(pagesOf(scene([row('wrong')]))).rejects.toMatchObject({ code: 'QUERY_INVALID' });
		const pages = await pagesOf(scene([row('wrong'), row('level')]));
		expect(stored(pages).length).toBe((3 * day) / minute);
		expect(pages.flatMap((page) => page.warnings ?? []).length).toBe(1);
	});
});

describe('Prometheus connection test', () => {
	it('S3-16 tells the version, and the address when there are no external labels', async () => {
		expect(await test({ baseUrl: `${fake.url}/graph?g0.expr=up` })).toMatchObject({
			ok: true,
			calls: 3,
			result: {
				account: {
					id: fake.host,
					name: fake.host,
					details: [{ label: 'Version', value: '3.1.4' }, {}],
				},
			},
		});
	});

	it('accepts a server that keeps version and configuration to itself', async () => {
		fake.version = null;
		fake.yaml = '';
		expect(await test()).toMatchObject({ ok: true, result: { account: { id: fake.host } } });
	});

	it('S3-05 tells another API from Prometheus', async () => {
		fake.answer = (_, response) => sendJson(response, 200, { hello: 'world' });
		expect(await test()).toMatchObject({
			ok: false,
			failure: { code: 'NOT_AN_API', field: 'baseUrl' },
		});
		fake.answer = (_, response) =>
			response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
		expect(await test()).toMatchObject({
			ok: false,
			failure: { code: 'NOT_AN_API', field: 'baseUrl' },
		});
	});

	it('S3-05 names the query that cannot run, in the words of the server', async () => {
		fake.queries.set('slow', {
			error: 'query processing would load too many samples',
			type: 'execution',
			status: 422,
		});
		expect(await test({ queries: [row('level'), row('slow')] })).toMatchObject({
			ok: false,
			failure: {
				code: 'QUERY_INVALID',
				field: 'queries',
				message:
					'"slow": Prometheus cannot run this query: query processing would load too many samples. Correct the query.',
			},
		});
	});

	it('does not repeat a secret the server sends back', async () => {
		const token = 'bearer_canary_0123';
		fake.queries.set('echo', { error: `parse error near ${token}` });
		const outcome = await test({ queries: [row('echo')], token }, 'bearer');
		expect(outcome).toMatchObject({ ok: false, failure: { code: 'QUERY_INVALID' } });
		expect(JSON.stringify(outcome)).not.toContain(token);
	});

	it('refuses to count with windows that would overlap or leave holes', async () => {
		for (const query of ['level', 'increase(x[7m])', 'increase(x[5m]) / increase(y[1h])']) {
			fake.queries.set(query, [{ valueAt: () => '1' }]);
			expect(await test({ queries: [row(query, { kind: 'delta' })] })).toMatchObject({
				ok: false,
				failure: { code: 'QUERY_INVALID', message: expect.stringContaining('[5m]') },
			});
		}
	});
});

describe('Prometheus preview', () => {
	it('asks for the address first', async () => {
		const input = parseInput(prometheus, 'none', {}, { isPartial: true });
		const ctx = createConnectionContext(prometheus, input, testEnvironment());
		expect(await prometheus.preview!(ctx, 'queries', row('level'))).toMatchObject({
			ok: false,
			error: { code: 'PROPERTY_INVALID', field: 'baseUrl' },
		});
	});

	it('passes on what is wrong with the server, on the right input', async () => {
		const input = parseInput(prometheus, 'none', { baseUrl: fake.url }, { isPartial: true });
		const ctx = createConnectionContext(prometheus, input, testEnvironment());
		expect(await prometheus.preview!(ctx, 'queries', row('level'))).toMatchObject({
			ok: false,
			error: { code: 'PRIVATE_ADDRESS', field: 'baseUrl', detail: { host: fake.host } },
		});
	});
});

describe('slices', () => {
	const span = fc.record({
		endAt: fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
		lengthMs: fc.integer({ min: 1, max: 200 * day }),
		windowMs: fc.constantFrom(undefined, minute, 5 * minute, hour, 6 * hour, day),
	});

	it('cover the grid of the range once, newest first, within the limit of the server', () => {
		fc.assert(
			fc.property(span, ({ endAt: end, lengthMs, windowMs }) => {
				const range = { startAt: end - lengthMs, endAt: end };
				const kind = windowMs === undefined ? ('gauge' as const) : ('delta' as const);
				const slices = planSlices(
					[{ seriesKey: 's', kind, description: '' }],
					range,
					() => windowMs,
				);
				const moments: number[] = [];
				for (const slice of slices) {
					expect((slice.toAt - slice.fromAt) / slice.stepMs).toBeLessThan(maxStepsPerRequest);
					expect(slice.stepMs <= hour ? hour % slice.stepMs : day % slice.stepMs).toBe(0);
					for (let at = slice.toAt; at >= slice.fromAt; at -= slice.stepMs)
						moments.push(at + slice.shiftMs);
				}
				const stepMs = windowMs ?? (lengthMs <= 60 * day ? minute : 5 * minute);
				// One expectation for all: there are 60,000 moments in 200 days.
				const isEven = moments.every((at, i) => i === 0 || moments[i - 1]! - at === stepMs);
				expect(isEven).toBe(true);
				// A window belongs to the range it ends in, a value to the range it lies in.
				const round = windowMs === undefined ? Math.ceil : Math.floor;
				const first = round(range.startAt / stepMs) * stepMs;
				const last =
					windowMs === undefined
						? Math.floor((end - 1) / stepMs) * stepMs
						: Math.floor(end / stepMs) * stepMs - windowMs;
				expect(moments.length).toBe(Math.max(0, (last - first) / stepMs + 1));
				if (moments.length > 0) expect([moments.at(-1), moments[0]]).toEqual([first, last]);
			}),
			{ numRuns: 60 },
		);
	});
});

describe('PromQL', () => {
	it.each([
		['sum(increase(a[5m]))', 5 * minute],
		['increase(a[ 1h ]) + increase(b{x="[2m]"}[1h])', hour],
		['max_over_time(rate(a[1h])[1h:5m])', hour],
		['increase(a[7m])', undefined],
		['increase(a[15s])', undefined],
		['increase(a[5m]) + increase(b[10m])', undefined],
		['a', undefined],
	])('finds the window of %s', (query, ms) => {
		expect(deltaWindowMs(query)).toBe(ms);
	});

	it('reads durations', () => {
		expect(durationMs('1h30m')).toBe(90 * minute);
		expect(durationMs('1d')).toBe(day);
		expect(durationMs('5 m')).toBeNaN();
	});

	it('reads external labels as the server prints them', () => {
		const yaml =
			'global:\n  scrape_interval: 15s\n  external_labels:\n    cluster: eu\n    replica: "a"\nscrape_configs:\n- job_name: x\n';
		expect(externalLabels(yaml)).toEqual({ cluster: 'eu', replica: 'a' });
		expect(externalLabels('global: {}\n')).toEqual({});
	});
});
