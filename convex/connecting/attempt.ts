/** One try at a service with what a form holds. Shared by test, connect and reconnect; nothing is stored here. */
import {
	integrationRegistry,
	integrationTesters,
} from '../../src/lib/server/integrations/index.ts';
import {
	createConnectionContext,
	parseInput,
	toPlain,
	type BaseIntegration,
	type ConnectionContext,
	type ConnectionEnvironment,
	type ParsedInput,
	type SyncEstimate,
	type TestConnectionResult,
} from '../../src/lib/server/integrations/sdk/index.ts';
import { ConvexError } from 'convex/values';
import { internal } from '../_generated/api.js';
import { notFound } from '../lib/errors.ts';
import { event } from '../lib/events.ts';
import type { WorkspaceActionCtx } from '../lib/functions.ts';
import type { Failed } from '../lib/shapes.ts';
import { fillForm, type Form } from './fillForm.ts';
import type { LoadedConnection } from './load.ts';
import { connectionEnvironment, openStored } from './reach.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Ask extends Form {
	service: string;
	/** When the form is about an existing connection. */
	connectionId?: string;
}

/** A form brought to the point where the service can be asked. */
export interface Prepared {
	integration: BaseIntegration;
	form: Form;
	environment: ConnectionEnvironment;
	loaded: LoadedConnection | null;
}

export interface Success {
	ok: true;
	prepared: Prepared;
	input: ParsedInput;
	result: TestConnectionResult;
	calls: number;
	durationMs: number;
}

/** @throws ConvexError NOT_FOUND for a connection of another workspace or service; ConnectorError for the form */
export async function prepare(
	ctx: WorkspaceActionCtx,
	ask: Ask,
	isPartial = false,
): Promise<Prepared> {
	const integration = integrationRegistry.get(ask.service);
	const workspaceId = ctx.viewer.workspace._id;
	const loaded = ask.connectionId === undefined ? null : await load(ctx, ask.connectionId);
	if (loaded && loaded.service !== ask.service) throw notFound('This connection');
	const stored = loaded && { ...loaded, credentials: (await openStored(ctx, loaded)) ?? {} };
	const allowedHosts =
		loaded?.allowedHosts ??
		(await ctx.runQuery(internal.connecting.load.allowedHosts, { workspaceId }));
	return {
		integration,
		form: fillForm(integration, ask, stored, isPartial),
		environment: connectionEnvironment(ctx, workspaceId, allowedHosts),
		loaded,
	};
}

/** Asks the service who we are. A refusal by the service or the form is a result, not an exception. */
export async function attempt(ctx: WorkspaceActionCtx, ask: Ask): Promise<Success | Failed> {
	return failing(ask.service, async () => {
		const prepared = await prepare(ctx, ask);
		const outcome = await testerFor(ask.service)(prepared.form, prepared.environment);
		if (!outcome.ok) return outcome;
		return { ...outcome, prepared };
	});
}

/** Runs `work` against a service with a half-filled form: what options and previews need. */
export function withPartialForm<T>(
	ctx: WorkspaceActionCtx,
	ask: Ask,
	work: (integration: BaseIntegration, context: ConnectionContext) => Promise<T>,
): Promise<T | Failed> {
	return failing(ask.service, async () => {
		const { integration, form, environment } = await prepare(ctx, ask, true);
		const input = parseInput(integration, form.authId, form.values, { isPartial: true });
		return work(integration, createConnectionContext(integration, input, environment));
	});
}

/** What the history will cost, or null: a guess that cannot be made must not spoil a good test. */
export async function estimateHistory({
	prepared: { integration, environment },
	input,
}: Success): Promise<SyncEstimate | null> {
	if (!integration.estimate || !integration.shouldBackfill) return null;
	const endAt = environment.clock.now();
	const range = { startAt: endAt - integration.historicalDays * DAY_MS, endAt };
	try {
		const context = createConnectionContext(integration, input, environment);
		return await integration.estimate(context, range);
	} catch (error) {
		event('connection.estimateFailed', { service: integration.id, code: toPlain(error).code });
		return null;
	}
}

function load(ctx: WorkspaceActionCtx, connectionId: string): Promise<LoadedConnection> {
	const workspaceId = ctx.viewer.workspace._id;
	return ctx
		.runQuery(internal.connecting.load.connection, { workspaceId, connectionId })
		.then((loaded) => {
			if (!loaded) throw notFound('This connection');
			return loaded;
		});
}

function testerFor(service: string) {
	const tester = integrationTesters[service];
	// Both are derived from one registry; a gap is a bug of ours and says so.
	if (!tester) throw new Error(`No connection test is derived for "${service}".`);
	return tester;
}

/** Turns what a connector throws into a result; refusals of ours (ConvexError) pass through. */
async function failing<T>(service: string, work: () => Promise<T>): Promise<T | Failed> {
	try {
		return await work();
	} catch (error) {
		if (error instanceof ConvexError) throw error;
		const failure = toPlain(error);
		if (failure.code === 'INTEGRATION_BUG') {
			event('connection.bug', { service, name: error instanceof Error ? error.name : 'unknown' });
		}
		return { ok: false, failure };
	}
}
