import {
	ConnectorError,
	snapshotAt,
	z,
	type DataPoint,
	type MetricInstance,
	type TimeRange,
} from '../sdk/index.ts';
import { perPage, type GitHubClient } from './client.ts';
import {
	anyListSchema,
	clonesSchema,
	commitActivitySchema,
	commitPoints,
	hourOf,
	mergePoints,
	pullRequestsSchema,
	quietDays,
	releasesSchema,
	repositorySchema,
	stargazersSchema,
	starPoints,
	trafficPoints,
	viewsSchema,
} from './parse.ts';

/** Place within a step that takes several pages; every kind of step uses the members it needs. */
export const cursorSchema = z.object({
	page: z.number().int().positive().optional(),
	/** Stars: official count minus listed ones, and the hour the newer page begins in. */
	missing: z.number().optional(),
	newerHourAt: z.number().nullable().optional(),
	/** Release downloads counted so far. */
	sum: z.number().optional(),
	/** Merged pull requests: reading the front again for what moved there meanwhile. */
	isCatchUp: z.boolean().optional(),
});

export type Cursor = z.infer<typeof cursorSchema>;

/** What a step's page gave: `next` null ends the step. */
export interface StepPage {
	points: DataPoint[];
	next: Cursor | null;
	/** GitHub is still computing the answer (202). */
	isPending?: boolean;
	/** A part of the step that these credentials may not read. */
	refused?: ConnectorError;
}

/** One kind of reading for one repository. */
export interface StepContext {
	client: GitHubClient;
	repository: string;
	range: TimeRange;
	/** The series asked for, by metric id. */
	asked: Map<string, MetricInstance>;
}

type Step = (ctx: StepContext, cursor: Cursor | null) => Promise<StepPage>;

/** The stargazer list ends at page 400: stars beyond the 40,000th have a count but no dates. */
const maxStarPages = 400;

/** Differences between GitHub's clock and ours. */
const clockSkewMs = 10 * 60_000;

const target = (repository: string): { owner: string; repo: string } => {
	const [owner = '', repo = ''] = repository.split('/');
	return { owner, repo };
};

/** Pages must go up: a server that names the same page again would keep us for ever. */
function following(nextPage: number | undefined, page: number): number | undefined {
	if (nextPage !== undefined && nextPage <= page) throw new ConnectorError('CURSOR_LOOP');
	return nextPage;
}

async function levels({ client, repository, range, asked }: StepContext): Promise<StepPage> {
	const { data: repo } = await client.get(
		'/repos/{owner}/{repo}',
		target(repository),
		repositorySchema,
	);
	const values: Record<string, number> = {
		stars: repo!.stargazers_count,
		forks: repo!.forks_count,
	};
	let refused: ConnectorError | undefined;
	if (asked.has('open_issues') || asked.has('open_pull_requests')) {
		try {
			const open = await openPullRequests(client, repository);
			values['open_pull_requests'] = open;
			// GitHub's own count has pull requests among the issues.
			values['open_issues'] = Math.max(0, repo!.open_issues_count - open);
		} catch (error) {
			if (!(error instanceof ConnectorError) || error.code !== 'PERMISSION_MISSING') throw error;
			refused = error;
		}
	}
	const points = Object.entries(values).flatMap(([id, value]) => {
		const series = asked.get(id);
		return series ? [{ seriesKey: series.seriesKey, at: snapshotAt(range), value }] : [];
	});
	return { points, next: null, ...(refused && { refused }) };
}

/** One per page, so that the number of the last page is the number of pull requests. */
async function openPullRequests(client: GitHubClient, repository: string): Promise<number> {
	const { data, lastPage } = await client.get(
		'/repos/{owner}/{repo}/pulls',
		{ ...target(repository), state: 'open', per_page: 1 },
		anyListSchema,
	);
	return lastPage ?? data!.length;
}

function traffic(id: 'views' | 'clones', schema: typeof viewsSchema | typeof clonesSchema): Step {
	return async ({ client, repository, range, asked }) => {
		const { seriesKey, lagDays = 0 } = asked.get(id)!;
		const route = `/repos/{owner}/{repo}/traffic/${id}`;
		const { data } = await client.get(route, { ...target(repository), per: 'day' }, schema);
		return { points: trafficPoints(seriesKey, data!, range, lagDays), next: null };
	};
}

async function commits({ client, repository, range, asked }: StepContext): Promise<StepPage> {
	const { seriesKey, lagDays = 0 } = asked.get('commits')!;
	const route = '/repos/{owner}/{repo}/stats/commit_activity';
	// An empty repository answers 204 with nothing.
	const schema = z.preprocess((body) => body || [], commitActivitySchema);
	const { data } = await client.get(route, target(repository), schema);
	if (data === undefined) return { points: [], next: null, isPending: true };
	return { points: commitPoints(seriesKey, data, range, lagDays), next: null };
}

/** Backwards from the last page, since the list is in the order of the stars and only the end of it is wanted. */
async function stars(ctx: StepContext, cursor: Cursor | null): Promise<StepPage> {
	const { client, repository, range, asked } = ctx;
	const { seriesKey } = asked.get('stars')!;
	const pageOf = (page: number) =>
		client.get(
			'/repos/{owner}/{repo}/stargazers',
			{
				...target(repository),
				per_page: perPage,
				page,
				headers: { accept: 'application/vnd.github.star+json' },
			},
			stargazersSchema,
		);
	if (cursor?.page === undefined) {
		const { lastPage } = await pageOf(1);
		return { points: [], next: { page: Math.min(lastPage ?? 1, maxStarPages) } };
	}
	const { page } = cursor;
	const starredAt = (await pageOf(page)).data!.map((star) => star.starred_at);
	let missing = cursor.missing;
	if (missing === undefined) {
		const { data: repo } = await client.get(
			'/repos/{owner}/{repo}',
			target(repository),
			repositorySchema,
		);
		const listed = (page - 1) * perPage + starredAt.length;
		// Deleted accounts are counted but not listed. At the end of the list the difference says something else.
		missing = page === maxStarPages ? 0 : Math.max(0, repo!.stargazers_count - listed);
	}
	const newerHourAt = cursor.newerHourAt ?? null;
	const offset = (page - 1) * perPage + missing;
	const points = starPoints(seriesKey, { offset, starredAt, newerHourAt }, range);
	const first = starredAt[0];
	if (page === 1 || (first !== undefined && first < range.startAt)) return { points, next: null };
	const hourAt = first === undefined ? newerHourAt : hourOf(first, range.startAt);
	return { points, next: { page: page - 1, missing, newerHourAt: hourAt } };
}

/** Newest change first, until changes are older than the range; whatever was merged in it was changed in it too. */
async function merged(ctx: StepContext, cursor: Cursor | null): Promise<StepPage> {
	const { client, repository, range, asked } = ctx;
	const { seriesKey } = asked.get('merged_pull_requests')!;
	const { page = 1, isCatchUp = false } = cursor ?? {};
	const { data, nextPage } = await client.get(
		'/repos/{owner}/{repo}/pulls',
		{
			...target(repository),
			state: 'closed',
			sort: 'updated',
			direction: 'desc',
			per_page: perPage,
			page,
		},
		pullRequestsSchema,
	);
	const pulls = data!;
	const points = mergePoints(seriesKey, pulls, range);
	const untilAt = isCatchUp ? range.endAt - clockSkewMs : range.startAt;
	const isPast = pulls.length === 0 || pulls.at(-1)!.updated_at < untilAt;
	const next = isPast ? undefined : following(nextPage, page);
	if (next !== undefined) return { points, next: { page: next, isCatchUp } };
	if (isCatchUp) return { points, next: null };
	points.push(...quietDays(seriesKey, range));
	// A pull request that is touched while later pages are read moves to the front, past the reader.
	return { points, next: page > 1 ? { page: 1, isCatchUp: true } : null };
}

async function downloads(ctx: StepContext, cursor: Cursor | null): Promise<StepPage> {
	const { client, repository, range, asked } = ctx;
	const { seriesKey } = asked.get('release_downloads')!;
	const { page = 1 } = cursor ?? {};
	const { data, nextPage } = await client.get(
		'/repos/{owner}/{repo}/releases',
		{ ...target(repository), per_page: perPage, page },
		releasesSchema,
	);
	const files = data!.flatMap((release) => release.assets);
	const sum = files.reduce((total, file) => total + file.download_count, cursor?.sum ?? 0);
	const next = files.length === 0 && data!.length === 0 ? undefined : following(nextPage, page);
	if (next !== undefined) return { points: [], next: { page: next, sum } };
	return { points: [{ seriesKey, at: snapshotAt(range), value: sum }], next: null };
}

/** Kinds of steps in the order they run, and the metrics each serves: what is wanted at once comes first. */
export const steps: { kind: string; serves: string[]; isHistory?: boolean; run: Step }[] = [
	{ kind: 'levels', serves: ['stars', 'forks', 'open_issues', 'open_pull_requests'], run: levels },
	{ kind: 'views', serves: ['views'], run: traffic('views', viewsSchema) },
	{ kind: 'clones', serves: ['clones'], run: traffic('clones', clonesSchema) },
	{ kind: 'commits', serves: ['commits'], run: commits },
	{ kind: 'merged', serves: ['merged_pull_requests'], run: merged },
	{ kind: 'downloads', serves: ['release_downloads'], run: downloads },
	{ kind: 'stars', serves: ['stars'], isHistory: true, run: stars },
];
