import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	integrationRegistry,
	integrationTesters,
} from '../../src/lib/server/integrations/index.ts';
import { pagesOf as pagesOfLink } from '../../src/lib/server/integrations/github/client.ts';
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
import {
	busyRepository,
	emptyRepository,
	startFakeGitHub,
	type FakeGitHub,
} from './support/githubServer.ts';

const github = integrationRegistry.get('github');
const hour = 3_600_000;
const day = 24 * hour;
const endAt = Date.UTC(2026, 2, 15);
const startAt = endAt - 30 * day;

let fake: FakeGitHub;
beforeEach(async () => {
	fake = await startFakeGitHub();
	fake.repositories.set('ada/engine', busyRepository(endAt));
	fake.repositories.set('ada/notes', emptyRepository({ forks: 1 }));
});
afterEach(async () => fake.close());

const environment = () => testEnvironment({ allowedHosts: [fake.host], now: endAt });
const valuesFor = (...repositories: string[]): Record<string, Json> => ({
	token: fake.token,
	baseUrl: fake.url,
	repositories,
});
const scene = (
	repositories = ['ada/engine'],
	ask: Partial<Scene['ask']> = {},
): Scene & { environment: ReturnType<typeof environment> } => ({
	integration: github,
	authId: 'token',
	values: valuesFor(...repositories),
	environment: environment(),
	ask: { range: { startAt, endAt }, ...ask },
});
const test = (values: Record<string, Json>) =>
	integrationTesters['github']!({ authId: 'token', values }, environment());
const seriesOf = async (one: Scene) => {
	const bySeries = new Map<string, { at: number; value: number }[]>();
	for (const { seriesKey, at, value } of stored(await pagesOf(one)))
		bySeries.set(seriesKey, [...(bySeries.get(seriesKey) ?? []), { at, value }]);
	return bySeries;
};
const failureOf = async (one: Scene) =>
	pagesOf(one).then(
		() => expect.fail('the run should have failed'),
		(error: unknown) => error,
	);

describe('GitHub history', () => {
	it('S3-12 rebuilds the past of stars and ends at the number GitHub shows', async () => {
		const points = (await seriesOf(scene())).get('stars:ada/engine')!;
		// 20 of the 50 days with stars lie before the range: 100 stars, and 3 of accounts that are gone.
		expect(points[0]).toEqual({ at: startAt, value: 108 });
		expect(points[1]).toEqual({ at: startAt + day, value: 113 });
		expect(points.at(-1)).toEqual({ at: endAt - 60_000, value: 253 });
		expect(points.length).toBe(31);
	});

	it('S3-12 counts each merge once, although two share a second, and quiet days as zero', async () => {
		const points = (await seriesOf(scene())).get('merged_pull_requests:ada/engine')!;
		const merges = fake.repositories
			.get('ada/engine')!
			.pulls.filter((pull) => pull.mergedAt !== null && pull.mergedAt >= startAt);
		expect(points.filter((point) => point.value === 1).length).toBe(merges.length);
		expect(points.filter((point) => point.value === 0).map((point) => point.at)).toEqual(
			Array.from({ length: 30 }, (_, n) => startAt + n * day),
		);
	});

	it('S3-11 reads the levels, downloads over pages, traffic and commits', async () => {
		const series = await seriesOf(scene());
		const at = endAt - 60_000;
		expect(series.get('forks:ada/engine')).toEqual([{ at, value: 17 }]);
		expect(series.get('open_issues:ada/engine')).toEqual([{ at, value: 5 }]);
		expect(series.get('open_pull_requests:ada/engine')).toEqual([{ at, value: 4 }]);
		const downloads = 3 * ((119 * 120) / 2);
		expect(series.get('release_downloads:ada/engine')).toEqual([{ at, value: downloads }]);
		expect(series.get('views:ada/engine')).toEqual([
			{ at: endAt - 3 * day, value: 10 },
			{ at: endAt - 2 * day, value: 0 },
			{ at: endAt - day, value: 7 },
		]);
		expect(series.get('commits:ada/engine')!.map((point) => point.value)).toEqual([
			1, 0, 3, 4, 5, 6, 7,
		]);
	});

	it('S3-11 asks for nothing but the series wanted', async () => {
		const one = scene(['ada/engine', 'ada/notes'], { seriesKeys: ['forks:ada/notes'] });
		expect([...(await seriesOf(one)).keys()]).toEqual(['forks:ada/notes']);
		expect(fake.hits.map((hit) => hit.url)).toEqual(['/repos/ada/notes']);
	});

	it('S3-12 adds only what is new in the next sync, and changes nothing when repeated', async () => {
		const first = stored(await pagesOf(scene()));
		expect(stored(await pagesOf(scene()))).toEqual(first);
		fake.repositories.get('ada/engine')!.forks = 18;
		const range = { startAt: endAt, endAt: endAt + hour };
		const next = stored(await pagesOf(scene(['ada/engine'], { range })));
		const known = new Set(first.map((point) => `${point.seriesKey} ${point.at}`));
		const added = next.filter((point) => !known.has(`${point.seriesKey} ${point.at}`));
		expect(added.every((point) => point.at >= range.startAt && point.at < range.endAt)).toBe(true);
		expect(added).toContainEqual({
			seriesKey: 'forks:ada/engine',
			at: endAt + hour - 60_000,
			value: 18,
		});
		expect(fake.hits.filter((hit) => hit.url.includes('stargazers')).length).toBe(8);
	});

	it('S3-19 resumes after any page with the same points', async () => {
		const { whole, resumed } = await resumeEverywhere(() => scene(['ada/engine', 'ada/notes']));
		expect(whole.length).toBeGreaterThan(15);
		for (const pages of resumed) {
			expect(pages.length).toBe(whole.length);
			expect(stored(pages)).toEqual(stored(whole));
		}
	});

	it('finds a pull request that moved to the front while pages were read', async () => {
		const repo = fake.repositories.get('ada/engine')!;
		const whole = stored(await pagesOf(scene()));
		const moved = repo.pulls.filter((pull) => pull.state === 'closed' && pull.mergedAt).at(105)!;
		let isMoved = false;
		fake.afterEach = (hit) => {
			if (isMoved || !hit.url.includes('sort=updated')) return;
			isMoved = true;
			moved.updatedAt = endAt + 5000;
		};
		expect(stored(await pagesOf(scene()))).toEqual(whole);
	});
});

describe('GitHub limits and faults', () => {
	const withFault = (fault: FakeGitHub['fault']) => {
		fake.fault = fault;
	};

	it('S3-19 waits for the primary limit until its reset, and goes on where it stood', async () => {
		const whole = stored(await pagesOf(scene()));
		let isLimited = true;
		const resetAt = endAt / 1000 + 900;
		withFault((hit, response) => {
			if (!isLimited || !hit.url.includes('/releases')) return false;
			sendJson(
				response,
				403,
				{ message: 'API rate limit exceeded' },
				{
					'x-ratelimit-remaining': '0',
					'x-ratelimit-reset': String(resetAt),
				},
			);
			return true;
		});
		const pages = [];
		let failure: unknown;
		try {
			for await (const page of runOf(scene())) pages.push(page);
		} catch (error) {
			failure = error;
		}
		expect(failure).toMatchObject({ code: 'RATE_LIMITED', retryAt: resetAt * 1000 });
		isLimited = false;
		const rest = await pagesOf(scene(['ada/engine'], { checkpoint: pages.at(-1)!.checkpoint }));
		expect(stored([...pages, ...rest])).toEqual(whole);
	});

	it.each([
		['Retry-After', { 'retry-after': '30' }, 'slow down', 30_000],
		['a message alone', {}, 'You have exceeded a secondary rate limit.', 60_000],
	])('knows the secondary limit by %s', async (_, headers, message, waitMs) => {
		withFault((_hit, response) => {
			sendJson(response, 403, { message }, headers);
			return true;
		});
		expect(await failureOf(scene())).toMatchObject({
			code: 'RATE_LIMITED',
			retryAt: endAt + waitMs,
		});
	});

	it('comes back to an answer GitHub is still computing', async () => {
		const repo = fake.repositories.get('ada/engine')!;
		const whole = stored(await pagesOf(scene()));
		const { commits } = repo;
		repo.commits = null;
		fake.afterEach = (hit) => {
			if (hit.url.includes('commit_activity')) repo.commits = commits;
		};
		expect(stored(await pagesOf(scene()))).toEqual(whole);
	});

	it('gives up on it for this run with a warning, between waits', async () => {
		fake.repositories.get('ada/engine')!.commits = null;
		let checkpoint: Json | null = null;
		const warnings: string[] = [];
		let waits = 0;
		for (let isDone = false; !isDone;) {
			try {
				for await (const page of runOf(scene(['ada/engine'], { checkpoint }))) {
					checkpoint = page.checkpoint;
					warnings.push(...(page.warnings ?? []).map((warning) => warning.message));
				}
				isDone = true;
			} catch (error) {
				expect(error).toMatchObject({ code: 'RATE_LIMITED', retryAt: endAt + 30_000 });
				waits += 1;
			}
		}
		expect(waits).toBe(3);
		expect(warnings).toEqual([expect.stringContaining('has not finished computing')]);
	});

	it('marks a repository that is gone and goes on with the others', async () => {
		const one = scene(['ada/gone', 'ada/notes']);
		const pages = await pagesOf(one);
		expect(pages.flatMap((page) => page.warnings ?? [])).toEqual([
			expect.objectContaining({ code: 'NOT_FOUND', seriesKey: 'stars:ada/gone' }),
		]);
		expect(stored(pages).some((point) => point.seriesKey === 'forks:ada/notes')).toBe(true);
		expect(fake.hits.filter((hit) => hit.url.includes('ada/gone')).length).toBe(1);
	});

	it('S3-17 fails when nothing can be read, instead of succeeding with nothing', async () => {
		expect(await failureOf(scene(['ada/gone']))).toMatchObject({
			code: 'NOT_FOUND',
			message: expect.stringContaining('ada/gone'),
		});
	});

	it('leaves traffic out without permission, with the reason', async () => {
		fake.repositories.get('ada/engine')!.mayPush = false;
		const pages = await pagesOf(scene());
		expect(pages.flatMap((page) => page.warnings ?? []).map((one) => one.seriesKey)).toEqual([
			'views:ada/engine',
			'clones:ada/engine',
		]);
		expect(stored(pages).some((point) => point.seriesKey === 'stars:ada/engine')).toBe(true);
	});

	it('notices pages that repeat', async () => {
		withFault((hit, response) => {
			if (!hit.url.includes('/releases')) return false;
			const link = `<${fake.url}/repos/ada/engine/releases?page=1>; rel="next"`;
			sendJson(response, 200, [{ assets: [{ download_count: 1 }] }], { link });
			return true;
		});
		expect(await failureOf(scene())).toMatchObject({ code: 'CURSOR_LOOP' });
	});

	it('never follows a link to another host', async () => {
		withFault((hit, response) => {
			if (!hit.url.includes('/releases?') || hit.url.includes('page=2')) return false;
			const link = '<http://169.254.169.254/latest?page=2>; rel="next"';
			sendJson(response, 200, [{ assets: [] }], { link });
			return true;
		});
		await pagesOf(scene());
		expect(
			fake.hits.some((hit) => hit.url === '/repos/ada/engine/releases?per_page=100&page=2'),
		).toBe(true);
	});

	it.each([
		[401, { message: 'Bad credentials' }, {}, 'AUTH_REJECTED'],
		[500, {}, {}, 'SERVICE_ERROR'],
		[
			403,
			{ message: 'Resource protected by organization SAML enforcement.' },
			{},
			'PERMISSION_MISSING',
		],
		[451, {}, {}, 'NOT_FOUND'],
		[429, {}, {}, 'RATE_LIMITED'],
	])('S3-17 reads %i %j', async (status, body, headers, code) => {
		withFault((_, response) => {
			sendJson(response, status, body, headers);
			return true;
		});
		expect(await failureOf(scene())).toMatchObject({ code });
	});

	it('does not take broken JSON for an answer', async () => {
		withFault((_, response) => {
			response.writeHead(200, { 'content-type': 'application/json' });
			response.end('{"id": 42, "login"');
			return true;
		});
		expect(await failureOf(scene())).toMatchObject({ code: 'INVALID_RESPONSE' });
	});
});

describe('GitHub connection test', () => {
	it('S3-16 says who the token belongs to, and nothing else is needed', async () => {
		expect(await test(valuesFor('ada/engine'))).toMatchObject({
			ok: true,
			result: {
				account: { id: `${fake.host}/42`, name: 'Ada' },
				permissions: expect.arrayContaining([{ metricId: 'views', readable: true }]),
			},
		});
		expect(fake.hits.every((hit) => hit.headers['x-github-api-version'] === '2022-11-28')).toBe(
			true,
		);
	});

	it('tells beforehand whose traffic cannot be read', async () => {
		fake.repositories.get('ada/engine')!.mayPush = false;
		const outcome = await test(valuesFor('ada/engine'));
		expect(outcome).toMatchObject({
			ok: true,
			result: {
				permissions: expect.arrayContaining([
					{ metricId: 'clones', readable: false, reason: expect.stringContaining('ada/engine') },
				]),
			},
		});
	});

	it('S3-05 asks for the token before it makes any request', async () => {
		expect(await test({ ...valuesFor('ada/engine'), token: ' ' })).toMatchObject({
			ok: false,
			failure: { code: 'PROPERTY_INVALID', fields: { token: 'Enter the token.' } },
		});
		expect(fake.hits).toEqual([]);
	});

	it('S3-05 tells a wrong token from a repository it cannot see', async () => {
		const wrong = await test({ ...valuesFor('ada/engine'), token: 'ghp_wrong_token' });
		expect(wrong).toMatchObject({ failure: { code: 'AUTH_REJECTED', field: 'token' } });
		expect(JSON.stringify(wrong)).not.toContain('ghp_wrong_token');
		expect(await test(valuesFor('ada/gone'))).toMatchObject({
			failure: { code: 'NOT_FOUND', field: 'repositories' },
		});
	});
});

describe('GitHub repository list', () => {
	const options = async (search: string) => {
		const input = parseInput(
			github,
			'token',
			{ token: fake.token, baseUrl: fake.url },
			{ isPartial: true },
		);
		return github.options!(
			createConnectionContext(github, input, environment()),
			'repositories',
			search,
		);
	};

	it('searches over all pages with the token alone', async () => {
		for (let n = 0; n < 240; n++) fake.repositories.set(`ada/tool-${n}`, emptyRepository());
		expect((await options('tool-239')).map((one) => one.value)).toEqual(['ada/tool-239']);
		expect(fake.hits.length).toBe(3);
		expect((await options('')).length).toBe(100);
	});

	it('finds a public repository by its full name', async () => {
		fake.repositories.delete('ada/notes');
		fake.fault = (hit, response) => {
			if (hit.url !== '/repos/else/where') return false;
			const repo = { full_name: 'else/where', private: false, stargazers_count: 1, forks_count: 1 };
			sendJson(response, 200, { ...repo, open_issues_count: 0 });
			return true;
		};
		expect((await options('else/where'))[0]!.value).toBe('else/where');
		expect(await options('no/where')).toEqual([]);
	});
});

describe('Link header', () => {
	it('takes page numbers in any order of parameters', () => {
		const link =
			'<https://api.github.com/x?page=3&per_page=100>; rel="next", <https://api.github.com/x?per_page=100&page=9>; rel="last"';
		expect(pagesOfLink(link)).toEqual({ nextPage: 3, lastPage: 9 });
		expect(pagesOfLink(undefined)).toEqual({ nextPage: undefined, lastPage: undefined });
		expect(pagesOfLink('<https://x/?page=-1>; rel="next"').nextPage).toBeUndefined();
	});
});
