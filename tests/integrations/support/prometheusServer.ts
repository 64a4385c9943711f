import type { ServerResponse } from 'node:http';
import { sendJson, startCanary, type Canary, type Hit } from './canary.ts';

/** One series of a fake answer: labels, and the value at a moment; undefined where there is none. */
export interface FakeSeries {
	labels?: Record<string, string>;
	valueAt: (at: number) => string | undefined;
}

/** A Prometheus on loopback that knows no PromQL: each query is a name the test gives an answer. */
export interface FakePrometheus extends Canary {
	queries: Map<string, FakeSeries[] | { error: string; type?: string; status?: number }>;
	yaml: string;
	version: string | null;
	/** Answers in place of the server when it returns true. */
	fault: (hit: Hit, response: ServerResponse) => boolean;
}

export async function startFakePrometheus(): Promise<FakePrometheus> {
	const canary = await startCanary();
	const fake: FakePrometheus = Object.assign(canary, {
		queries: new Map(),
		yaml: 'global:\n  scrape_interval: 15s\n',
		version: '3.1.4' as string | null,
		fault: () => false,
	});
	fake.queries.set('1', [{ valueAt: () => '1' }]);
	fake.answer = (hit, response) => {
		if (!fake.fault(hit, response)) route(fake, new URL(hit.url, fake.url), response);
	};
	return fake;
}

function route(fake: FakePrometheus, url: URL, response: ServerResponse): void {
	const success = (data: unknown) => sendJson(response, 200, { status: 'success', data });
	const failure = (status: number, errorType: string, error: string) =>
		sendJson(response, status, { status: 'error', errorType, error });
	const ask = (name: string) => url.searchParams.get(name) ?? '';
	if (url.pathname === '/api/v1/status/buildinfo' && fake.version !== null)
		return success({ version: fake.version });
	if (url.pathname === '/api/v1/status/config' && fake.yaml !== '')
		return success({ yaml: fake.yaml });
	const isRange = url.pathname === '/api/v1/query_range';
	if (!isRange && url.pathname !== '/api/v1/query')
		return void response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
	const found = fake.queries.get(ask('query'));
	if (!found)
		return failure(400, 'bad_data', 'invalid parameter "query": 1:1: parse error: no such query');
	if (!Array.isArray(found))
		return failure(found.status ?? 400, found.type ?? 'bad_data', found.error);
	const at = (seconds: number, series: FakeSeries) => series.valueAt(seconds * 1000);
	if (!isRange) {
		const time = Number(ask('time'));
		const result = found.flatMap((series) => {
			const value = at(time, series);
			return value === undefined ? [] : [{ metric: series.labels ?? {}, value: [time, value] }];
		});
		return success({ resultType: 'vector', result });
	}
	const [start, end, step] = [Number(ask('start')), Number(ask('end')), Number(ask('step'))];
	if ((end - start) / step > 11_000)
		return failure(400, 'bad_data', 'exceeded maximum resolution of 11,000 points per timeseries');
	const result = found.flatMap((series) => {
		const values: [number, string][] = [];
		for (let seconds = start; seconds <= end; seconds += step) {
			const value = at(seconds, series);
			if (value !== undefined) values.push([seconds, value]);
		}
		return values.length > 0 ? [{ metric: series.labels ?? {}, values }] : [];
	});
	success({ resultType: 'matrix', result });
}
