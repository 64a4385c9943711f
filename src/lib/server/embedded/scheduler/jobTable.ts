/** Reads and tends `_scheduled_functions` of every component, in small batches. */
import type { FunctionEngine } from '../functions/functionEngine.ts';
import { SCHEDULED_TABLE, type JobDocument, type PendingJob } from './jobs.ts';
import type { Transaction } from '../storage/transaction.ts';
import type { ComponentPath, JsonValue } from '../types.ts';

/** Well below what one transaction may read. */
const BATCH = 1_000;
/** As real deployments: outcomes can be read for a week. */
const KEEP_FINISHED_MS = 7 * 24 * 60 * 60 * 1000;

export async function listPending(
	engine: FunctionEngine,
	components: ComponentPath[],
): Promise<PendingJob[]> {
	const pending: PendingJob[] = [];
	await forEachBatch(engine, components, async (component, jobs) => {
		for (const { _id, scheduledTime, state } of jobs) {
			if (state.kind === 'pending') pending.push({ component, id: _id, dueMs: scheduledTime });
		}
	});
	return pending;
}

/** An action that was running when the process ended may have done anything: it is not run again. */
export function abandonActions(engine: FunctionEngine, components: ComponentPath[]): Promise<void> {
	return forEachBatch(engine, components, async (component, jobs) => {
		const lost = jobs.filter(({ state }) => state.kind === 'inProgress');
		if (lost.length === 0) return;
		await engine.inMutation(async ({ session, nowMs }) => {
			for (const { _id } of lost) {
				session.systemPatch(component, _id, {
					state: { kind: 'failed', error: 'The server stopped while this action was running.' },
					completedTime: nowMs,
				});
			}
		});
		for (const { _id, name } of lost) {
			engine.options.log('scheduler.actionLost', { job: _id, function: name, component });
		}
	});
}

/** It stopped the engine's thread: run again it would do so again. */
export async function failJob(
	engine: FunctionEngine,
	components: ComponentPath[],
	id: string,
	error: string,
): Promise<void> {
	const component = components.find((one) => engine.options.storage.tableOfId(one, id) !== null);
	if (component === undefined) return;
	await engine.inMutation(async ({ session, nowMs }) => {
		const job = session.get(component, id, {
			table: SCHEDULED_TABLE,
			isSystem: true,
		}) as unknown as JobDocument | null;
		// It may have ended well before the thread did: nothing of a user's has run since.
		if (job?.state.kind !== 'pending' && job?.state.kind !== 'inProgress') return;
		session.systemPatch(component, id, {
			state: { kind: 'failed', error },
			completedTime: nowMs,
		});
	});
}

export function removeFinished(engine: FunctionEngine, components: ComponentPath[]): Promise<void> {
	const beforeMs = engine.options.clock.now() - KEEP_FINISHED_MS;
	return forEachBatch(engine, components, async (component, jobs) => {
		const old = jobs.filter(
			({ completedTime }) => completedTime !== undefined && completedTime < beforeMs,
		);
		if (old.length === 0) return;
		await engine.inMutation(async ({ session }) => {
			for (const { _id } of old) session.systemRemove(component, _id);
		});
	});
}

async function forEachBatch(
	engine: FunctionEngine,
	components: ComponentPath[],
	work: (component: ComponentPath, jobs: JobDocument[]) => Promise<void>,
): Promise<void> {
	for (const component of components) {
		let after: number | null = null;
		do {
			const jobs: JobDocument[] = readBatch(engine, component, after);
			await work(component, jobs);
			after = jobs.length === BATCH ? jobs.at(-1)!._creationTime : null;
		} while (after !== null);
	}
}

function readBatch(
	engine: FunctionEngine,
	component: ComponentPath,
	after: number | null,
): JobDocument[] {
	const session: Transaction = engine.options.storage.snapshot();
	try {
		const range = { type: 'Gt' as const, fieldPath: '_creationTime', value: after as JsonValue };
		const stream = session.openStream(component, {
			source: {
				type: 'IndexRange',
				indexName: `${SCHEDULED_TABLE}.by_creation_time`,
				range: after === null ? [] : [range],
				order: 'asc',
			},
			operators: [{ limit: BATCH }],
		});
		const jobs: JobDocument[] = [];
		for (let row = session.next(stream); !row.done; row = session.next(stream)) {
			jobs.push(row.value as unknown as JobDocument);
		}
		return jobs;
	} finally {
		session.dispose();
	}
}
