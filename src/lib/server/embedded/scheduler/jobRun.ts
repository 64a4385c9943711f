/** Runs one scheduled function and records how it ended. */
import { findFunction, type Deployment } from '../bundles/components.ts';
import type { ResolvedFunction } from '../functions/engine.ts';
import type { Execution } from '../functions/execution.ts';
import { errorText, logFailure, newRequestId } from '../functions/failures.ts';
import type { FunctionEngine } from '../functions/functionEngine.ts';
import type { Launch } from '../functions/launch.ts';
import {
	SCHEDULED_TABLE,
	jobTarget,
	type JobDocument,
	type JobState,
	type PendingJob,
} from './jobs.ts';
import { type Caller, type DbSession, type JsonValue } from '../types.ts';

/** Scheduled functions and crons run for nobody, and may be internal. */
export const SYSTEM_CALLER: Caller = { identity: null, isAdmin: true };

/** The function failed: leaves the mutation, so that nothing of it is written. */
class JobFailed extends Error {}

/** False: the outcome could not be written (disk full), and the job is still pending. Never throws. */
export async function executeJob(
	engine: FunctionEngine,
	deployment: Deployment,
	job: PendingJob,
): Promise<boolean> {
	try {
		const action = await startJob(engine, deployment, job);
		if (action) await runAction(engine, deployment, job, action);
		return true;
	} catch (error) {
		if (error instanceof JobFailed)
			return finish(engine, job, { kind: 'failed', error: error.message });
		engine.options.log('scheduler.jobStuck', { job: job.id, error: errorText(error) });
		return false;
	}
}

/** Runs a mutation to its end; for an action, marks it and returns what to run. */
async function startJob(
	engine: FunctionEngine,
	deployment: Deployment,
	{ component, id }: PendingJob,
): Promise<{ callee: ResolvedFunction; args: JsonValue } | null> {
	const { value } = await engine.inMutation(async (transaction) => {
		const { session, nowMs } = transaction;
		const job = session.get(component, id, {
			table: SCHEDULED_TABLE,
			isSystem: true,
		}) as unknown as JobDocument | null;
		if (job?.state.kind !== 'pending') return null;
		const callee = resolveJob(deployment, component, job.name);
		const args = job.args[0] ?? {};
		if (callee.found.kind === 'action') {
			session.systemPatch(component, id, { state: { kind: 'inProgress' } });
			return { callee, args };
		}
		const execution = engine.execution(launchOf(deployment, callee, id), transaction);
		try {
			await engine.runTop(execution, callee, args);
		} catch (error) {
			throw failed(error, execution);
		}
		// It may have canceled itself.
		if (readState(session, component, id) === 'pending') {
			session.systemPatch(component, id, { state: { kind: 'success' }, completedTime: nowMs });
		}
		return null;
	});
	return value;
}

function readState(
	session: DbSession,
	component: string,
	id: string,
): JobState['kind'] | undefined {
	const job = session.get(component, id, { table: SCHEDULED_TABLE, isSystem: true });
	return (job as unknown as JobDocument | null)?.state.kind;
}

async function runAction(
	engine: FunctionEngine,
	deployment: Deployment,
	job: PendingJob,
	{ callee, args }: { callee: ResolvedFunction; args: JsonValue },
): Promise<void> {
	const execution = engine.execution(launchOf(deployment, callee, job.id), null);
	let state: JobState = { kind: 'success' };
	try {
		await engine.runTop(execution, callee, args);
	} catch (error) {
		state = { kind: 'failed', error: failed(error, execution).message };
	}
	// Not retried: the action has run. Should this not be written, the next start finds it in progress and gives it up.
	await finish(engine, job, state);
}

async function finish(engine: FunctionEngine, job: PendingJob, state: JobState): Promise<boolean> {
	const { component, id } = job;
	try {
		await engine.inMutation(async ({ session, nowMs }) => {
			const found = session.get(component, id, {
				table: SCHEDULED_TABLE,
				isSystem: true,
			}) as unknown as JobDocument | null;
			// Canceled while it ran: that is how it ended.
			if (!found || (found.state.kind !== 'pending' && found.state.kind !== 'inProgress')) return;
			session.systemPatch(component, id, {
				state: state as unknown as JsonValue,
				completedTime: nowMs,
			});
		});
		return true;
	} catch (error) {
		engine.options.log('scheduler.jobStuck', { job: id, error: errorText(error) });
		return false;
	}
}

function resolveJob(deployment: Deployment, component: string, name: string): ResolvedFunction {
	const target = jobTarget(component, name);
	const found = findFunction(deployment, target);
	if (!found || found.kind === 'query') {
		throw new JobFailed(`There is no mutation or action ${target.path} any more.`);
	}
	return { target, found };
}

function launchOf(deployment: Deployment, { target, found }: ResolvedFunction, id: string): Launch {
	return {
		deployment,
		kind: found.kind,
		component: target.component,
		path: target.path,
		caller: SYSTEM_CALLER,
		request: {
			requestId: newRequestId(),
			ip: null,
			userAgent: null,
			authToken: null,
			scheduledFunctionId: id,
		},
		depth: 0,
	};
}

function failed(error: unknown, execution: Execution): JobFailed {
	logFailure(error, execution);
	return new JobFailed(errorText(error));
}
