import { z, type DataPoint, type TimeRange } from '../sdk/index.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A moment as GitHub writes it, "2026-01-31T12:00:00Z", in ms. */
const moment = z
	.string()
	.transform((text) => Date.parse(text))
	.refine((at) => Number.isFinite(at));
const amount = z.number().finite();

export const userSchema = z.object({
	id: z.number(),
	login: z.string(),
	name: z.string().nullish(),
});

export const repositorySchema = z.object({
	full_name: z.string(),
	private: z.boolean(),
	archived: z.boolean().default(false),
	description: z.string().nullish(),
	stargazers_count: amount,
	forks_count: amount,
	open_issues_count: amount,
});

/** The lists hold a shorter form of a repository. */
export const listedRepositoriesSchema = z.array(
	repositorySchema.pick({ full_name: true, private: true, archived: true, description: true }),
);

export const stargazersSchema = z.array(z.object({ starred_at: moment }));
export const anyListSchema = z.array(z.unknown());
export const pullRequestsSchema = z.array(
	z.object({ number: z.number(), updated_at: moment, merged_at: moment.nullable() }),
);
export const releasesSchema = z.array(
	z.object({ assets: z.array(z.object({ download_count: amount })).default([]) }),
);
const trafficDay = z.object({ timestamp: moment, count: amount });
export const viewsSchema = z.object({ views: z.array(trafficDay) }).transform((body) => body.views);
export const clonesSchema = z
	.object({ clones: z.array(trafficDay) })
	.transform((body) => body.clones);
/** `week` is the Sunday's midnight in UTC seconds, `days` begins with that Sunday. */
export const commitActivitySchema = z.array(z.object({ week: z.number(), days: z.array(amount) }));

interface StarPage {
	/** Position of the first star in the whole list, from 0, plus what the list lacks of the official count. */
	offset: number;
	starredAt: number[];
	/** Where the following page's first point is: the last count of that hour was already written from there. */
	newerHourAt: number | null;
}

/** The hour a star counts into; what came before the range makes one point at its start. */
export function hourOf(at: number, startAt: number): number {
	return Math.max(startAt, Math.floor(at / hourMs) * hourMs);
}

/**
 * The number of stars at the end of each hour in which one came. A star's place in the list is the count it brought, so
 * any page can be read by itself, the newest first.
 */
export function starPoints(
	seriesKey: string,
	{ offset, starredAt, newerHourAt }: StarPage,
	{ startAt, endAt }: TimeRange,
): DataPoint[] {
	const counts = new Map<number, number>();
	starredAt.forEach((at, index) => {
		if (at >= endAt) return;
		const hourAt = hourOf(at, startAt);
		if (hourAt !== newerHourAt) counts.set(hourAt, offset + index + 1);
	});
	return [...counts].map(([at, value]) => ({ seriesKey, at, value }));
}

/**
 * One point per merge. `merged_at` has whole seconds, and a merge queue merges several in one: the number spreads them
 * over the second, so that each keeps a moment of its own and reading it twice changes nothing.
 */
export function mergePoints(
	seriesKey: string,
	pulls: z.infer<typeof pullRequestsSchema>,
	{ startAt, endAt }: TimeRange,
): DataPoint[] {
	return pulls.flatMap(({ number, merged_at: mergedAt }) =>
		mergedAt === null || mergedAt < startAt || mergedAt >= endAt
			? []
			: [{ seriesKey, at: mergedAt + 1 + (number % 999), value: 1 }],
	);
}

/** A zero at each midnight (UTC) of the range: a day on which nothing was merged is a zero and not a gap. */
export function quietDays(seriesKey: string, { startAt, endAt }: TimeRange): DataPoint[] {
	const points: DataPoint[] = [];
	for (let at = Math.ceil(startAt / dayMs) * dayMs; at < endAt; at += dayMs)
		points.push({ seriesKey, at, value: 0 });
	return points;
}

/** Days that touch the range, or that the service may still have corrected since. */
function isInRange(dayAt: number, { startAt, endAt }: TimeRange, lagDays: number): boolean {
	return dayAt + dayMs > startAt - lagDays * dayMs && dayAt < endAt;
}

/** Traffic per day. GitHub leaves days without any out; between two it tells, such a day is a zero. */
export function trafficPoints(
	seriesKey: string,
	days: z.infer<typeof trafficDay>[],
	range: TimeRange,
	lagDays: number,
): DataPoint[] {
	const byDay = new Map(days.map(({ timestamp, count }) => [timestamp, count]));
	const told = [...byDay.keys()].sort((a, b) => a - b);
	const points: DataPoint[] = [];
	for (let at = told[0] ?? 0; at <= (told.at(-1) ?? -1); at += dayMs)
		if (isInRange(at, range, lagDays)) points.push({ seriesKey, at, value: byDay.get(at) ?? 0 });
	return points;
}

export function commitPoints(
	seriesKey: string,
	weeks: z.infer<typeof commitActivitySchema>,
	range: TimeRange,
	lagDays: number,
): DataPoint[] {
	return weeks.flatMap(({ week, days }) =>
		days.flatMap((value, index) => {
			const at = week * 1000 + index * dayMs;
			return isInRange(at, range, lagDays) ? [{ seriesKey, at, value }] : [];
		}),
	);
}
