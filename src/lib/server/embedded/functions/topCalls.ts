/** Calls from the edges: found, run and told as outcomes. Nothing here throws for an error of user code. */
import { runSystemQuery } from '../admin/systemQueries.ts';
import { requireKind } from './callOperations.ts';
import { findFunction, notFound, type Deployment } from '../bundles/components.ts';
import { resolveCommitTs } from '../storage/documents.ts';
import type { ResolvedFunction } from './engine.ts';
import type { Execution, FunctionTransaction } from './execution.ts';
import { logFailure, newRequestId, toFailure } from './failures.ts';
import type { FunctionEngine } from './functionEngine.ts';
import { COMMIT_TS_MARKER } from './invoke.ts';
import type { FunctionKind } from '../bundles/loadedFunctions.ts';
import {
	FunctionError,
	type FunctionCall,
	type FunctionOutcome,
	type QueryCall,
	type QueryOutcome,
	type Timestamp,
} from '../types.ts';

/** Carries a failed outcome out of the storage's mutation, so that nothing of it is written. */
class RolledBack extends Error {
	readonly outcome: FunctionOutcome;
	constructor(outcome: FunctionOutcome) {
		super('rolled back');
		this.outcome = outcome;
	}
}

/** The same request was answered before. */
class AlreadyAnswered extends Error {
	readonly outcome: FunctionOutcome;
	readonly ts: Timestamp;
	constructor(outcome: FunctionOutcome, ts: Timestamp) {
		super('already answered');
		this.outcome = outcome;
		this.ts = ts;
	}
}

export async function runQueries(
	engine: FunctionEngine,
	deployment: Deployment,
	calls: QueryCall[],
): Promise<QueryOutcome[]> {
	// All taken before anything is awaited: they see the same commit. Each has its own read set.
	const { storage } = engine.options;
	const sessions = calls.map(({ atTs = null }) =>
		atTs === null ? storage.snapshot() : storage.snapshotAt(atTs),
	);
	return Promise.all(
		calls.map(async (call, i): Promise<QueryOutcome> => {
			const session = sessions[i]!;
			if (!session) return tooOld(engine, call);
			try {
				const transaction = engine.transaction(session, false, readJournal(call.journal));
				const outcome =
					(await runSystemQuery(engine, deployment, call, session)) ??
					(await runCall(engine, deployment, call, 'query', transaction));
				const { produced } = transaction.journal;
				return {
					outcome,
					ts: session.ts,
					readSet: session.readSet(),
					journal: produced === null ? null : JSON.stringify({ endCursor: produced }),
					usedIdentity: transaction.usedIdentity,
				};
			} finally {
				session.dispose();
			}
		}),
	);
}

/** The timestamp was never given out, or too long ago. */
function tooOld({ options }: FunctionEngine, { requestId, atTs }: QueryCall): QueryOutcome {
	const error = new FunctionError(
		'SnapshotTooOld',
		'The state at this timestamp is not kept any more. Ask /api/query_ts for a new one (with the official client: make a ' +
			'new client) and run all queries of the group again.',
	);
	const failure = toFailure(error, null, requestId ?? newRequestId(), options.showErrors ?? false);
	const outcome = { ok: false as const, failure, logLines: [] };
	return { outcome, ts: atTs!, readSet: [], journal: null, usedIdentity: false };
}

export async function runMutation(
	engine: FunctionEngine,
	deployment: () => Deployment,
	call: FunctionCall & { session?: { sessionId: string; requestId: number } },
): Promise<{ outcome: FunctionOutcome; ts: Timestamp | null }> {
	const { storage } = engine.options;
	const { session } = call;
	try {
		const { value, ts } = await engine.inMutation(async (transaction) => {
			// Under the mutation lock: a replay may arrive while the first run is not yet on disk.
			const done = session && storage.findRequest(session.sessionId, session.requestId);
			if (done) throw new AlreadyAnswered(JSON.parse(done.resultJson) as FunctionOutcome, done.ts);
			const outcome = await runCall(engine, deployment(), call, 'mutation', transaction);
			if (!outcome.ok) throw new RolledBack(outcome);
			if (session) {
				const { sessionId, requestId } = session;
				transaction.session.rememberRequest(sessionId, requestId, JSON.stringify(outcome));
			}
			return outcome;
		});
		return { outcome: resolvePlaceholders(value, ts), ts };
	} catch (error) {
		if (error instanceof RolledBack) return { outcome: error.outcome, ts: null };
		if (error instanceof AlreadyAnswered) {
			return { outcome: resolvePlaceholders(error.outcome, error.ts), ts: error.ts };
		}
		// The commit itself failed: the storage's words are for clients too.
		const requestId = call.requestId ?? newRequestId();
		const failure = toFailure(error, null, requestId, engine.options.showErrors ?? false);
		return { outcome: { ok: false, failure, logLines: [] }, ts: null };
	}
}

export function runAction(
	engine: FunctionEngine,
	deployment: Deployment,
	call: FunctionCall,
): Promise<FunctionOutcome> {
	return runCall(engine, deployment, call, 'action', null);
}

async function runCall(
	engine: FunctionEngine,
	deployment: Deployment,
	call: FunctionCall,
	kind: FunctionKind,
	transaction: FunctionTransaction | null,
): Promise<FunctionOutcome> {
	const requestId = call.requestId ?? newRequestId();
	let execution: Execution | null = null;
	try {
		const callee = resolveCall(deployment, call, kind);
		const { caller, component } = call;
		execution = engine.execution(
			{
				deployment,
				kind,
				component,
				path: callee.target.path,
				caller,
				request: {
					requestId,
					ip: caller.ip ?? null,
					userAgent: caller.userAgent ?? null,
					authToken: caller.authToken ?? null,
					scheduledFunctionId: null,
				},
				depth: 0,
			},
			transaction,
		);
		const value = await engine.runTop(execution, callee, call.args);
		return { ok: true, value, logLines: execution.logLines };
	} catch (error) {
		if (execution) logFailure(error, execution);
		const failure = toFailure(error, execution, requestId, engine.options.showErrors ?? false);
		return { ok: false, failure, logLines: execution?.logLines ?? [] };
	}
}

/** Internal functions and components are for administrators; others are told that there is no such function. */
function resolveCall(
	deployment: Deployment,
	{ component, path, caller }: FunctionCall,
	kind: FunctionKind,
): ResolvedFunction {
	const found = findFunction(deployment, { component, path });
	if (!found || (!caller.isAdmin && (!found.isPublic || component !== ''))) {
		throw notFound(caller.isAdmin ? 'function' : 'public function', { component, path });
	}
	const callee = { target: { component, path: found.path }, found };
	requireKind(callee, kind);
	return callee;
}

function readJournal(journal: string | null | undefined): string | null {
	if (!journal) return null;
	try {
		// It comes back from clients: anything but our own is as good as none.
		const { endCursor } = JSON.parse(journal) as { endCursor?: unknown };
		return typeof endCursor === 'string' ? endCursor : null;
	} catch {
		return null;
	}
}

/** A mutation may return the timestamp of its own commit. */
function resolvePlaceholders(outcome: FunctionOutcome, ts: Timestamp): FunctionOutcome {
	if (!outcome.ok || !JSON.stringify(outcome.value).includes(COMMIT_TS_MARKER)) return outcome;
	return { ...outcome, value: resolveCommitTs(outcome.value, ts) };
}
