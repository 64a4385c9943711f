import { describe, expect, it } from 'vitest';
import {
	integrationRegistry,
	integrationTesters,
} from '../../src/lib/server/integrations/index.ts';
import {
	createConnectionContext,
	parseInput,
} from '../../src/lib/server/integrations/sdk/index.ts';
import { contractFetch, whyNoContract } from './support/contracts.ts';
import { pagesOf, stored, testEnvironment, type Scene } from './support/environment.ts';

const missing = whyNoContract('github');
const why = missing === undefined ? '' : ` (skipped: ${missing})`;
const github = integrationRegistry.get('github');
const starred = 'alternative-response-with-star-creation-timestamps';

describe.skipIf(why !== '')(`GitHub's own description of its API${why}`, () => {
	const setUp = async () => {
		const contract = await contractFetch('github', ({ operation, url, respond }) => {
			const isStars = operation.endsWith('/stargazers');
			const response = respond(isStars ? { code: 200, example: starred } : {});
			// The example of the Link header names the same next page for ever.
			if (isStars || Number(url.searchParams.get('page')) > 1) response.headers.delete('link');
			return response;
		});
		const environment = testEnvironment({
			now: Date.UTC(2017, 0, 1),
			fetch: (url, { egress: _, ...init }) => contract.fetch(url, init),
		});
		const values = { token: 'github_pat_contract', repositories: ['octocat/Hello-World'] };
		return { contract, environment, values };
	};

	it('S3-11 every request of a sync fits it, and every example is understood', async () => {
		const { contract, environment, values } = await setUp();
		const scene: Scene = {
			integration: github,
			authId: 'token',
			values,
			environment,
			// The examples are of these years.
			ask: { range: { startAt: Date.UTC(2010, 0, 1), endAt: Date.UTC(2017, 0, 1) } },
		};
		const pages = await pagesOf(scene);
		expect(contract.violations).toEqual([]);
		expect(new Set(contract.calls.map((call) => call.operation)).size).toBe(7);
		const series = new Set(stored(pages).map((point) => point.seriesKey.split(':')[0]));
		expect([...series].sort()).toEqual(github.metrics.map((metric) => metric.id).sort());
	});

	it('S3-16 so do the connection test and the repository list', async () => {
		const { contract, environment, values } = await setUp();
		const outcome = await integrationTesters['github']!({ authId: 'token', values }, environment);
		expect(outcome).toMatchObject({ ok: true, result: { account: { id: 'api.github.com/1' } } });
		const input = parseInput(github, 'token', values);
		const ctx = createConnectionContext(github, input, environment);
		expect((await github.options!(ctx, 'repositories', 'hello'))[0]).toMatchObject({
			value: 'octocat/Hello-World',
		});
		expect(contract.violations).toEqual([]);
	});
});
