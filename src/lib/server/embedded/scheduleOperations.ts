/** Scheduling: a job is a document in `_scheduled_functions`, written in the transaction that schedules it. */
import { resolveAddress } from './components.ts';
import type { Execution, FunctionTransaction } from './execution.ts';
import {
	MAX_SCHEDULED,
	MAX_SCHEDULED_ARGS_BYTES,
	SCHEDULED_TABLE,
	jobName,
	type JobDocument,
} from './jobs.ts';
import type { AsyncOperation, OperationArgs } from './operation.ts';
import { FunctionError, type JsonValue } from './types.ts';

const SECOND_MS = 1000;

export const scheduleOperations: Record<string, AsyncOperation> = {
	'1.0/schedule': { place: 'mutation', run: schedule },
	'1.0/actions/schedule': { place: 'action', run: schedule },
	'1.0/cancel_job': { place: 'mutation', run: cancel },
	'1.0/actions/cancel_job': { place: 'action', run: cancel },
};

function schedule(execution: Execution, args: OperationArgs): Promise<JsonValue> {
	const { deployment, component, engine } = execution;
	const { target, found } = resolveAddress(deployment, component, args);
	if (found.kind === 'query') {
		throw new FunctionError(
			'WrongFunctionType',
			`${target.path} is a query. Only mutations and actions can be scheduled.`,
		);
	}
	const scheduledTime = (args.ts as number) * SECOND_MS;
	if (!Number.isFinite(scheduledTime)) {
		throw new FunctionError(
			'InvalidScheduledTime',
			'The time of a scheduled function must be finite.',
		);
	}
	return engine.write(execution, (transaction) => {
		countScheduled(transaction, args.args!);
		const id = transaction.session.systemInsert(component, SCHEDULED_TABLE, {
			name: jobName(component, target),
			args: [args.args!],
			scheduledTime,
			state: { kind: 'pending' },
		});
		transaction.afterCommit.push(() =>
			engine.jobCommitted({ component, id, dueMs: scheduledTime }),
		);
		return id;
	});
}

function countScheduled({ scheduled }: FunctionTransaction, args: JsonValue): void {
	scheduled.functions += 1;
	scheduled.argsBytes += JSON.stringify(args).length;
	if (scheduled.functions > MAX_SCHEDULED || scheduled.argsBytes > MAX_SCHEDULED_ARGS_BYTES) {
		throw new FunctionError(
			'TooManyScheduled',
			`Too many functions scheduled by one function (limit: ${MAX_SCHEDULED} and ${MAX_SCHEDULED_ARGS_BYTES} bytes of ` +
				'arguments). Schedule one that schedules the rest.',
		);
	}
}

function cancel(execution: Execution, args: OperationArgs): Promise<void> {
	const id = args.id as string;
	if (id === execution.request.scheduledFunctionId && execution.kind === 'mutation') {
		throw new FunctionError('CannotCancelSelf', 'A scheduled mutation cannot cancel itself.');
	}
	return execution.engine.write(execution, ({ session, nowMs }) => {
		const { component } = execution;
		const job = session.get(component, id, {
			table: SCHEDULED_TABLE,
			isSystem: true,
		}) as unknown as JobDocument | null;
		if (!job) throw new FunctionError('JobNotFound', `There is no scheduled function ${id}.`);
		// Whatever has ended stays as it ended; an action under way goes on, only its state says canceled.
		if (job.state.kind !== 'pending' && job.state.kind !== 'inProgress') return;
		session.systemPatch(component, id, { state: { kind: 'canceled' }, completedTime: nowMs });
	});
}
