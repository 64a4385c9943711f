import type { ServerResponse } from 'node:http';
import { sendJson, startCanary, type Canary, type Hit } from './canary.ts';

const day = 86_400_000;

export interface FakePull {
	number: number;
	state: 'open' | 'closed';
	updatedAt: number;
	mergedAt: number | null;
}

export interface FakeRepository {
	/** When each star came, ascending. */
	stars: number[];
	/** Stars of accounts that are gone: counted, not listed. */
	lostStars: number;
	forks: number;
	openIssues: number;
	pulls: FakePull[];
	releases: number[][];
	views: [dayAt: number, count: number][];
	mayPush: boolean;
	/** Weeks of commits; null answers 202. */
	commits: { week: number; days: number[] }[] | null;
	isPrivate: boolean;
}

/** A GitHub on loopback with pages, limits and whatever fault a test scripts. */
export interface FakeGitHub extends Canary {
	repositories: Map<string, FakeRepository>;
	token: string;
	/** Answers in place of the server when it returns true. */
	fault: (hit: Hit, response: ServerResponse, n: number) => boolean;
	/** Called after each answer, to move the world on between two requests. */
	afterEach: (hit: Hit) => void;
}

export const emptyRepository = (more: Partial<FakeRepository> = {}): FakeRepository => ({
	stars: [],
	lostStars: 0,
	forks: 0,
	openIssues: 0,
	pulls: [],
	releases: [],
	views: [],
	mayPush: true,
	commits: [],
	isPrivate: false,
	...more,
});

const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');

export async function startFakeGitHub(): Promise<FakeGitHub> {
	const canary = await startCanary();
	const fake: FakeGitHub = Object.assign(canary, {
		repositories: new Map<string, FakeRepository>(),
		token: 'ghp_canary_0123456789abcdef',
		fault: () => false,
		afterEach: () => {},
	});
	fake.answer = (hit, response) => {
		if (fake.fault(hit, response, fake.hits.length)) return;
		if (hit.headers.authorization !== `Bearer ${fake.token}`)
			return sendJson(response, 401, { message: 'Bad credentials' });
		route(fake, hit, response);
		fake.afterEach(hit);
	};
	return fake;
}

function route(fake: FakeGitHub, hit: Hit, response: ServerResponse): void {
	const url = new URL(hit.url, fake.url);
	const paged = <T>(all: T[], shape: (item: T) => unknown): void => {
		const size = Number(url.searchParams.get('per_page') ?? 30);
		const page = Number(url.searchParams.get('page') ?? 1);
		const last = Math.max(1, Math.ceil(all.length / size));
		const linkTo = (to: number, relation: string): string => {
			const target = new URL(url);
			target.searchParams.set('page', String(to));
			return `<${target.href}>; rel="${relation}"`;
		};
		const links = [
			...(page > 1 ? [linkTo(page - 1, 'prev'), linkTo(1, 'first')] : []),
			...(page < last ? [linkTo(page + 1, 'next'), linkTo(last, 'last')] : []),
		];
		const items = all.slice((page - 1) * size, page * size).map(shape);
		sendJson(response, 200, items, links.length > 0 ? { link: links.join(', ') } : {});
	};
	const entry = ([name, repo]: [string, FakeRepository]) => ({
		full_name: name,
		private: repo.isPrivate,
		archived: false,
		description: `About ${name}`,
		stargazers_count: repo.stars.length + repo.lostStars,
		forks_count: repo.forks,
		open_issues_count: repo.openIssues + repo.pulls.filter((pull) => pull.state === 'open').length,
	});
	if (url.pathname === '/user')
		return sendJson(response, 200, { id: 42, login: 'ada', name: 'Ada' });
	if (url.pathname === '/user/repos') return paged([...fake.repositories], entry);
	const match = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(decodeURIComponent(url.pathname));
	const name = match?.[1] ?? '';
	const repo = fake.repositories.get(name);
	if (!repo) return sendJson(response, 404, { message: 'Not Found' });
	switch (match?.[2]) {
		case undefined:
			return sendJson(response, 200, entry([name, repo]));
		case '/stargazers':
			return paged(repo.stars, (at) => ({ starred_at: iso(at), user: { login: 'x' } }));
		case '/pulls': {
			const pulls = repo.pulls.filter((pull) => pull.state === url.searchParams.get('state'));
			if (url.searchParams.get('sort') === 'updated')
				pulls.sort((a, b) => b.updatedAt - a.updatedAt);
			return paged(pulls, (pull) => ({
				number: pull.number,
				updated_at: iso(pull.updatedAt),
				merged_at: pull.mergedAt === null ? null : iso(pull.mergedAt),
			}));
		}
		case '/releases':
			return paged(repo.releases, (files) => ({
				assets: files.map((download_count) => ({ download_count })),
			}));
		case '/traffic/views':
		case '/traffic/clones': {
			if (!repo.mayPush)
				return sendJson(response, 403, { message: 'Must have push access to repository' });
			const key = match[2].slice('/traffic/'.length);
			const days = repo.views.map(([at, count]) => ({ timestamp: iso(at), count, uniques: 1 }));
			return sendJson(response, 200, { count: 0, uniques: 0, [key]: days });
		}
		case '/stats/commit_activity':
			return repo.commits ? sendJson(response, 200, repo.commits) : sendJson(response, 202, {});
	}
	sendJson(response, 404, { message: 'Not Found' });
}

/** A repository with enough of everything for several pages. `endAt` is midnight. */
export function busyRepository(endAt: number): FakeRepository {
	const week = endAt - 7 * day;
	return emptyRepository({
		// 250 stars over 50 days, in bursts that straddle the borders of pages and hours.
		stars: Array.from(
			{ length: 250 },
			(_, n) => endAt - 50 * day + Math.floor(n / 5) * day + (n % 5) * 1000,
		),
		lostStars: 3,
		forks: 17,
		openIssues: 5,
		pulls: [
			...Array.from({ length: 4 }, (_, n) => ({
				number: n + 1,
				state: 'open' as const,
				updatedAt: endAt - day,
				mergedAt: null,
			})),
			...Array.from({ length: 230 }, (_, n) => ({
				number: 1000 + n,
				state: 'closed' as const,
				updatedAt: endAt - (n + 1) * 6 * 3_600_000 + 60_000,
				// Every tenth was closed without merging; two at a time share a second.
				mergedAt: n % 10 === 9 ? null : endAt - (Math.floor(n / 2) + 1) * 12 * 3_600_000,
			})),
		],
		releases: Array.from({ length: 120 }, (_, n) => [n, 2 * n]),
		views: [
			[endAt - 3 * day, 10],
			[endAt - day, 7],
		],
		commits: [{ week: week / 1000, days: [1, 0, 3, 4, 5, 6, 7] }],
	});
}
