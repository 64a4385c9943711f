import {
	ConnectorError,
	readCheckpoint,
	writeCheckpoint,
	z,
	type Json,
	type MetricInstance,
	type MetricPage,
	type PageWarning,
	type SyncContext,
	type TimeRange,
} from '../sdk/index.ts';
import { createClient } from './client.ts';
import { cursorSchema, steps, type StepPage } from './steps.ts';

/** Where a run stands: the step, the place in it, what waits for GitHub, and which repositories are out of reach. */
const positionSchema = z.object({
	step: z.string().nullable(),
	cursor: cursorSchema.nullable(),
	donePages: z.number(),
	pending: z.array(z.object({ step: z.string(), tries: z.number() })),
	lost: z.array(z.string()),
	/** Whether anything could be read so far. */
	hasRead: z.boolean(),
});

type Position = z.infer<typeof positionSchema>;

interface PlannedStep {
	key: string;
	kind: (typeof steps)[number];
	repository: string;
	asked: Map<string, MetricInstance>;
}

/** Computing statistics takes GitHub seconds to minutes. */
const pendingRetryMs = 30_000;
/** Then the days of this run are left to the next one. */
const maxPendingTries = 4;

/** Below three intervals a snapshot leaves no hole that dated rows would have to fill. */
const historyBeyondMs = 3 * 3_600_000;

/** The steps for the series asked for: kind by kind, repository by repository. */
export function planSteps(metrics: readonly MetricInstance[], range: TimeRange): PlannedStep[] {
	const byRepository = new Map<string, Map<string, MetricInstance>>();
	for (const metric of metrics) {
		const repository = metric.dimensionValues?.['repository'] ?? '';
		const asked = byRepository.get(repository) ?? new Map<string, MetricInstance>();
		byRepository.set(repository, asked.set(metric.id, metric));
	}
	const isHistoryWanted = range.endAt - range.startAt > historyBeyondMs;
	return steps
		.filter((kind) => isHistoryWanted || !kind.isHistory)
		.flatMap((kind) =>
			[...byRepository]
				.filter(([, asked]) => kind.serves.some((id) => asked.has(id)))
				.map(([repository, asked]) => ({
					key: `${kind.kind}:${repository}`,
					kind,
					repository,
					asked,
				})),
		);
}

/** The pages of one run. */
export async function* runSteps(ctx: SyncContext): AsyncGenerator<MetricPage, void, void> {
	const resumed = readCheckpoint(ctx, positionSchema);
	if (resumed.isDone) return;
	const { range } = resumed;
	const client = createClient(ctx);
	const plan = planSteps(ctx.metrics, range);
	const known = new Set(plan.map((step) => step.key));
	let position = resumed.position;
	// A plan that changed since (another choice of repositories) is begun afresh.
	if (!position || (position.step !== null && !known.has(position.step)))
		position = {
			step: plan[0]?.key ?? null,
			cursor: null,
			donePages: 0,
			pending: [],
			lost: [],
			hasRead: false,
		};

	for (;;) {
		const waiting: Position['pending'][number] | undefined = position.pending[0];
		const key: string | undefined = position.step ?? waiting?.step;
		const step = plan.find((one) => one.key === key);
		if (!step) {
			yield lastPage(range);
			return;
		}
		const isWaiting = position.step === null;
		const { page, refusal, isLost } = await readStep(step, position.cursor, { client, range });
		const lost = isLost ? [...position.lost, step.repository] : position.lost;
		const hasRead = position.hasRead || refusal === undefined || page.points.length > 0;
		const after: Position = { ...position, lost, hasRead, donePages: position.donePages + 1 };
		const warnings = refusal ? [warningOf(step, refusal)] : [];
		let retryAt: number | undefined;
		if (isWaiting) {
			after.pending = position.pending.slice(1);
			if (page.isPending && waiting!.tries < maxPendingTries) {
				after.pending.push({ step: step.key, tries: waiting!.tries + 1 });
				retryAt = ctx.clock.now() + pendingRetryMs;
			} else if (page.isPending) warnings.push(notReady(step));
		} else {
			if (page.isPending) after.pending = [...position.pending, { step: step.key, tries: 1 }];
			after.cursor = page.next;
			if (!page.next) after.step = stepAfter(plan, step, lost);
		}
		after.pending = after.pending.filter(
			(one) => !lost.some((name) => one.step.endsWith(`:${name}`)),
		);
		const isLast = after.step === null && after.pending.length === 0;
		// The rest may go on without a part, but a connection of which nothing can be read has failed.
		if (isLast && !hasRead && refusal) throw refusal;
		yield {
			points: page.points,
			checkpoint: writeCheckpoint(range, isLast ? null : (after as Json)),
			progress: { donePages: after.donePages, slice: step.repository },
			hasMore: !isLast,
			...(warnings.length > 0 ? { warnings } : {}),
		};
		if (isLast) return;
		if (retryAt !== undefined)
			throw new ConnectorError('RATE_LIMITED', {
				message: 'GitHub is still computing these numbers. We ask again in half a minute.',
				retryAt,
			});
		position = after;
	}
}

interface StepOutcome {
	page: StepPage;
	/** Why all or a part of the step was not read. */
	refusal?: ConnectorError;
	/** The repository as a whole is out of reach. */
	isLost?: boolean;
}

/** One page of a step. A refusal that concerns this step or repository is returned; anything else is thrown. */
async function readStep(
	step: PlannedStep,
	cursor: Position['cursor'],
	shared: { client: ReturnType<typeof createClient>; range: TimeRange },
): Promise<StepOutcome> {
	const { repository, asked, kind } = step;
	try {
		const page = await kind.run({ ...shared, repository, asked }, cursor);
		return page.refused ? { page, refusal: explain(step, page.refused) } : { page };
	} catch (error) {
		if (!(error instanceof ConnectorError)) throw error;
		if (error.code !== 'NOT_FOUND' && error.code !== 'PERMISSION_MISSING') throw error;
		const isLost = error.code === 'NOT_FOUND' && kind.kind === 'levels';
		return { page: { points: [], next: null }, refusal: explain(step, error), isLost };
	}
}

function explain({ kind, repository }: PlannedStep, error: ConnectorError): ConnectorError {
	const isTraffic = kind.kind === 'views' || kind.kind === 'clones';
	const sentence = isTraffic
		? trafficReason([repository])
		: error.code === 'NOT_FOUND'
			? `GitHub shows this token no ${repository}. It was renamed, deleted or closed to you; choose again. Its history is safe.`
			: `${repository}: ${error.message}`;
	const { detail } = error;
	return new ConnectorError(error.code, { message: sentence, field: 'repositories', detail });
}

function warningOf({ kind, asked }: PlannedStep, { code, message }: ConnectorError): PageWarning {
	const first = kind.serves.map((id) => asked.get(id)).find((series) => series !== undefined);
	return { code, message, ...(first && { seriesKey: first.seriesKey }) };
}

/** Why views and clones stay empty. */
export function trafficReason(repositories: string[]): string {
	return `GitHub shows traffic only to people who may push to ${repositories.join(', ')}, with "Administration: read" in a fine-grained token.`;
}

function stepAfter(plan: PlannedStep[], step: PlannedStep, lost: string[]): string | null {
	const rest = plan.slice(plan.indexOf(step) + 1);
	return rest.find((one) => !lost.includes(one.repository))?.key ?? null;
}

function notReady(step: PlannedStep): PageWarning {
	const message = `GitHub has not finished computing the commits of ${step.repository}. The next sync asks again.`;
	return { code: 'SERVICE_ERROR', message };
}

function lastPage(range: TimeRange): MetricPage {
	return { points: [], checkpoint: writeCheckpoint(range, null), hasMore: false };
}
