/** One action of a sync run: opens the credentials, lets the integration fetch, hands page after page to commit. */
import { ConvexError, v, type Infer } from 'convex/values';
import { integrationRegistry } from '../../src/lib/server/integrations/index.ts';
import {
	createSyncContext,
	toPlain,
	type ConnectionEnvironment,
	type MetricPage,
	type RequestReport,
} from '../../src/lib/server/integrations/sdk/index.ts';
import { internal } from '../_generated/api.js';
import type { Id } from '../_generated/dataModel.js';
import { internalAction, type ActionCtx } from '../_generated/server.js';
import { connectionEnvironment, openStored } from '../connecting/reach.ts';
import type { vFailure, vRequest } from '../tables/sync.ts';
import type { Begun } from './begin.ts';
import type { CommitArgs, Committed } from './commit.ts';
import { cutPage, LoopGuard } from './page.ts';

/** Convex ends an action after 10 minutes; a page and its commits fit into the other six. */
const HAND_OVER_AFTER_MS = 4 * 60_000;
/** A quarter of the lease: a page of many slow requests renews it in time. */
const RENEW_AFTER_MS = 30_000;
/** Longest path that is kept of a request; PromQL can be a page long. */
const MAX_PATH_LENGTH = 400;
/** Convex arrays hold 8,192 values; the log of one page is worth a tenth of that. */
const MAX_REQUESTS_PER_COMMIT = 800;

type Failure = Infer<typeof vFailure>;
type Outcome =
	{ state: 'succeeded' } | { state: 'handOver' } | { state: 'failed'; failure: Failure };
type Claim = { runId: Id<'syncRuns'>; epoch: number };

export const run = internalAction({
	args: { runId: v.id('syncRuns'), epoch: v.number() },
	returns: v.null(),
	handler: async (ctx, claim) => {
		await runSync(ctx, claim);
		return null;
	},
});

/** Returns as soon as the claim is gone; whoever holds it now completes the run. */
export async function runSync(ctx: ActionCtx, claim: Claim): Promise<void> {
	const begun: Begun | null = await ctx.runMutation(internal.sync.begin.begin, claim);
	if (!begun) return;
	const log = new RequestLog(ctx, claim);
	let outcome: Outcome | null;
	try {
		outcome = await fetchPages(ctx, claim, begun, log);
	} catch (error) {
		outcome = { state: 'failed', failure: failureOf(error) };
	}
	await log.settled();
	if (!outcome) return;
	const requests = log.take();
	await ctx.runMutation(internal.sync.complete.complete, { ...claim, outcome, requests });
}

/** Null: the claim is gone. */
async function fetchPages(
	ctx: ActionCtx,
	claim: Claim,
	begun: Begun,
	log: RequestLog,
): Promise<Outcome | null> {
	const startedAt = Date.now();
	const integration = integrationRegistry.get(begun.service);
	const { workspaceId, connectionId } = begun;
	const loaded = await ctx.runQuery(internal.connecting.load.connection, {
		workspaceId,
		connectionId,
	});
	if (!loaded) return null;
	const credentials = await openStored(ctx, loaded);
	if (!credentials) return { state: 'failed', failure: unreadable };
	const environment: ConnectionEnvironment = connectionEnvironment(
		ctx,
		workspaceId,
		loaded.allowedHosts,
		(report) => log.add(report),
	);
	const context = createSyncContext(
		integration,
		{ authId: loaded.authId, credentials, settings: loaded.settings },
		environment,
		{
			seriesKeys: begun.seriesKeys,
			range: begun.range,
			checkpoint: begun.checkpoint,
			timeZone: loaded.timeZone,
		},
	);
	const guard = new LoopGuard();
	for await (const page of integration.fetchMetrics(context)) {
		guard.check(page);
		if (!(await commitPage(ctx, claim, page, log))) return null;
		if (page.hasMore && Date.now() - startedAt > HAND_OVER_AFTER_MS) return { state: 'handOver' };
	}
	return { state: 'succeeded' };
}

/** False: the claim is gone and nothing was written. */
async function commitPage(
	ctx: ActionCtx,
	claim: Claim,
	page: MetricPage,
	log: RequestLog,
): Promise<boolean> {
	const commits = cutPage(page.points);
	for (const [i, parts] of commits.entries()) {
		const isLast = i === commits.length - 1;
		const args: CommitArgs = {
			...claim,
			parts,
			pageEnd: isLast ? { checkpoint: page.checkpoint, ...page.progress } : null,
			requests: i === 0 ? log.take() : [],
			warnings: isLast ? (page.warnings ?? []) : [],
		};
		if ((await store(ctx, args)).state === 'stale') return false;
	}
	return true;
}

/** The database refused a page: disk full, conflicts without end. Not the integration's fault, and time may heal it. */
class StoreError extends Error {
	override name = 'StoreError';
}

async function store(ctx: ActionCtx, args: CommitArgs): Promise<Committed> {
	try {
		return await ctx.runMutation(internal.sync.commit.commit, args);
	} catch (error) {
		if (error instanceof ConvexError) throw error;
		throw new StoreError('A page could not be stored.', { cause: error });
	}
}

function failureOf(error: unknown): Failure {
	if (error instanceof StoreError) {
		const message =
			'A page could not be stored on this server. It is fetched again later; check the free space of its disk if this repeats.';
		return { code: 'STORE_FAILED', message, remedy: 'retry' };
	}
	return toPlain(error);
}

const unreadable: Failure = {
	code: 'CREDENTIALS_UNREADABLE',
	message:
		'The stored credentials do not open with the key of this server. Reconnect with new ones; history is safe.',
	remedy: 'reconnect',
};

/** The requests since the last commit. Renews the claim when a page takes many of them. */
class RequestLog {
	readonly #ctx: ActionCtx;
	readonly #claim: Claim;
	#requests: Infer<typeof vRequest>[] = [];
	#renewedAt = Date.now();
	#renewal: Promise<unknown> = Promise.resolve();

	constructor(ctx: ActionCtx, claim: Claim) {
		this.#ctx = ctx;
		this.#claim = claim;
	}

	add({ at, method, path, status, durationMs, bytes, rows, errorCode }: RequestReport): void {
		this.#requests.push({
			at,
			method,
			path: path.slice(0, MAX_PATH_LENGTH),
			status,
			durationMs,
			bytes,
			rows: rows ?? null,
			errorCode: errorCode ?? null,
		});
		const now = Date.now();
		if (now - this.#renewedAt < RENEW_AFTER_MS) return;
		this.#renewedAt = now;
		// A renewal that fails is found by the next commit, which checks the claim anyway.
		this.#renewal = this.#ctx.runMutation(internal.sync.begin.renew, this.#claim).catch(() => {});
	}

	take(): Infer<typeof vRequest>[] {
		const taken = this.#requests.slice(0, MAX_REQUESTS_PER_COMMIT);
		this.#requests = [];
		this.#renewedAt = Date.now();
		return taken;
	}

	async settled(): Promise<void> {
		await this.#renewal;
	}
}
