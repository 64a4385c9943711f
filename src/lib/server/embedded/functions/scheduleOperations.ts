/** Scheduling: a job is a document in `_scheduled_functions`, written in the transaction that schedules it. */
import {
	normalizeFunctionPath,
	resolveAddress,
	type Deployment,
	type FunctionTarget,
} from '../bundles/components.ts';
import type { Execution, FunctionTransaction } from './execution.ts';
import { decodeId } from '../storage/ids.ts';
import {
	jobName,
	MAX_JOB_ARGS_BYTES,
	SCHEDULED_TABLE,
	type JobDocument,
} from '../scheduler/jobs.ts';
import type { AsyncOperation, OperationArgs } from './operation.ts';
import { type ComponentPath, FunctionError, type JsonValue } from '../types.ts';
import { sizeOf } from '../storage/valueSize.ts';

const SECOND_MS = 1000;
const MAX_DISTANCE_MS = 5 * 365 * 24 * 3_600 * SECOND_MS;

export const scheduleOperations: Record<string, AsyncOperation> = {
	'1.0/schedule': { place: 'mutation', run: schedule },
	'1.0/actions/schedule': { place: 'action', run: schedule },
	'1.0/cancel_job': { place: 'mutation', run: cancel },
	'1.0/actions/cancel_job': { place: 'action', run: cancel },
};

function schedule(execution: Execution, args: OperationArgs): Promise<JsonValue> {
	const { deployment, component, engine } = execution;
	// Of any kind: a query is refused when it would run, as on Convex.
	const target = findScheduled(deployment, component, args);
	const scheduledTime = (args.ts as number) * SECOND_MS;
	return engine.write(execution, (transaction) => {
		checkTime(scheduledTime, transaction.nowMs);
		countScheduled(transaction, args.args!);
		const isCanceled = wasCanceled(execution, transaction);
		const id = transaction.session.systemInsert(component, SCHEDULED_TABLE, {
			name: jobName(component, target),
			args: [args.args!],
			scheduledTime,
			state: { kind: isCanceled ? 'canceled' : 'pending' },
			...(isCanceled ? { completedTime: transaction.nowMs } : {}),
		});
		if (isCanceled) return id;
		transaction.afterCommit.push(() =>
			engine.jobCommitted({ component, id, dueMs: scheduledTime }),
		);
		return id;
	});
}

/** Convex's words for a function that is not there. */
function findScheduled(
	deployment: Deployment,
	component: ComponentPath,
	args: OperationArgs,
): FunctionTarget {
	try {
		return resolveAddress(deployment, component, args).target;
	} catch (error) {
		const path = typeof args.name === 'string' ? normalizeFunctionPath(args.name) : null;
		if (!(error instanceof FunctionError) || error.code !== 'FunctionNotFound' || !path)
			throw error;
		const [module, name] = path.split(':') as [string, string];
		const strange = module.split('/').find((part) => !/^[A-Za-z0-9_.]+$/.test(part));
		const { functions } = deployment.components.get(component)!;
		const isThere = [...functions.keys()].some((known) => known.startsWith(`${module}:`));
		throw new FunctionError(
			'InvalidScheduledFunction',
			strange !== undefined
				? `Path component ${strange} can only contain alphanumeric characters, underscores, or periods.`
				: isThere
					? `Attempted to schedule function, but no exported function ${name} found in the file: ${module}.js. Did you forget to export it?`
					: `Attempted to schedule function at nonexistent path: ${module}.js`,
		);
	}
}

/** The bounds and words are Convex's. */
function checkTime(scheduledTime: number, nowMs: number): void {
	const what = `UnixTimestamp(${scheduledTime / SECOND_MS}s)`;
	const aheadMs = scheduledTime - nowMs;
	if (aheadMs > MAX_DISTANCE_MS) {
		throw new FunctionError('InvalidScheduledTime', `${what} is more than 5 years in the future`);
	}
	// Also what is no number at all.
	if (!(aheadMs >= -MAX_DISTANCE_MS)) {
		throw new FunctionError('InvalidScheduledTime', `${what} is more than 5 years in the past`);
	}
}

/** What a job schedules after it was canceled does not run either. */
function wasCanceled({ request, component }: Execution, { session }: FunctionTransaction): boolean {
	const id = request.scheduledFunctionId;
	if (id === null || session.normalizeId(component, SCHEDULED_TABLE, id) === null) return false;
	return readJob(session, component, id)?.state.kind === 'canceled';
}

function readJob(
	session: FunctionTransaction['session'],
	component: ComponentPath,
	id: string,
): JobDocument | null {
	const options = { table: SCHEDULED_TABLE, isSystem: true };
	return session.get(component, id, options) as unknown as JobDocument | null;
}

function countScheduled({ session }: FunctionTransaction, args: JsonValue): void {
	const bytes = sizeOf(args);
	if (bytes > MAX_JOB_ARGS_BYTES) {
		throw new FunctionError(
			'ScheduledArgsTooLarge',
			`The arguments of a scheduled function are too large (actual: ${bytes} bytes, limit: ${MAX_JOB_ARGS_BYTES} bytes). ` +
				'Store the data in a document and pass its id.',
		);
	}
	session.meter.schedule(bytes);
}

function cancel(execution: Execution, args: OperationArgs): Promise<void> {
	const id = args.id as string;
	if (typeof id !== 'string' || !decodeId(id)) {
		throw new FunctionError(
			'InvalidId',
			'Invalid argument `id` for `scheduler.cancel`: Unable to decode ID',
		);
	}
	return execution.engine.write(execution, ({ session, nowMs }) => {
		const { component } = execution;
		const job = readJob(session, component, id);
		// Whatever has ended, long ago even, stays as it ended; what is under way goes on, only its state says canceled.
		if (job?.state.kind !== 'pending' && job?.state.kind !== 'inProgress') return;
		session.systemPatch(component, id, { state: { kind: 'canceled' }, completedTime: nowMs });
	});
}
