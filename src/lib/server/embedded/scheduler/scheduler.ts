/**
 * Runs scheduled functions. A mutation's outcome is written in the mutation's own transaction: exactly once. An action
 * is marked before it starts and after it ended: at most once, and one found in progress at start has failed.
 */
import type { Deployment } from '../bundles/components.ts';
import { CronRunner } from './crons.ts';
import { runOutside } from '../functions/execution.ts';
import { DueQueue } from './dueQueue.ts';
import { errorText } from '../functions/failures.ts';
import type { FunctionEngine } from '../functions/functionEngine.ts';
import { executeJob } from './jobRun.ts';
import { abandonActions, listPending, removeFinished } from './jobTable.ts';
import type { PendingJob } from './jobs.ts';

/** Jobs under way at once; the others wait. Mutations run one at a time anyway. */
const MAX_RUNNING = 64;
const CLEAN_UP_EVERY_MS = 60 * 60 * 1000;
/** When the disk is full a job's outcome cannot be written: it stays pending and is tried again. */
const RETRY_MS = 5_000;

export class Scheduler {
	private readonly engine: FunctionEngine;
	private readonly deployment: () => Deployment;
	private readonly due: DueQueue<PendingJob>;
	private readonly crons: CronRunner;
	/** Armed or running, by document id. */
	private readonly known = new Set<string>();
	private running = 0;
	private cleanUp: { cancel(): void } | null = null;
	private state: 'new' | 'started' | 'stopped' = 'new';

	constructor(engine: FunctionEngine, deployment: () => Deployment) {
		this.engine = engine;
		this.deployment = deployment;
		this.due = new DueQueue(engine.options.clock, (job) => void this.run(job));
		this.crons = new CronRunner(engine, deployment);
	}

	async start(): Promise<void> {
		if (this.state !== 'new') return;
		const components = [...this.deployment().components.keys()];
		await abandonActions(this.engine, components);
		// From here on jobs of new commits are armed as well; the same one twice is one.
		this.state = 'started';
		for (const job of await listPending(this.engine, components)) this.arm(job);
		this.engine.files.sweep((id) => this.isStored(id, components));
		this.crons.start();
		this.scheduleCleanUp();
	}

	/** The functions have changed. */
	reload(): void {
		if (this.state === 'started') this.crons.reload();
	}

	arm(job: PendingJob): void {
		if (this.state !== 'started' || this.known.has(job.id)) return;
		this.known.add(job.id);
		runOutside(() => this.due.add(job.dueMs, job));
	}

	/** Starts nothing more; what runs goes on. */
	stop(): void {
		this.state = 'stopped';
		this.due.clear();
		this.crons.stop();
		this.cleanUp?.cancel();
	}

	private async run(job: PendingJob): Promise<void> {
		this.running++;
		this.due.pause(this.running >= MAX_RUNNING);
		let isDone = true;
		try {
			isDone = await executeJob(this.engine, this.deployment(), job);
		} finally {
			this.running--;
			this.known.delete(job.id);
			if (!isDone) this.arm({ ...job, dueMs: this.engine.options.clock.now() + RETRY_MS });
			this.due.pause(this.running >= MAX_RUNNING);
		}
	}

	private scheduleCleanUp(): void {
		if (this.state !== 'started') return;
		this.cleanUp = this.engine.options.clock.setTimeout(() => {
			const components = [...this.deployment().components.keys()];
			void removeFinished(this.engine, components)
				.catch((error: unknown) =>
					this.engine.options.log('scheduler.cleanUpFailed', { error: errorText(error) }),
				)
				.finally(() => this.scheduleCleanUp());
		}, CLEAN_UP_EVERY_MS);
	}

	private isStored(id: string, components: string[]): boolean {
		const { storage } = this.engine.options;
		const session = storage.snapshot();
		try {
			const owner = components.find((component) => storage.tableOfId(component, id) !== null);
			return owner !== undefined && session.get(owner, id, { isSystem: true }) !== null;
		} finally {
			session.dispose();
		}
	}
}
