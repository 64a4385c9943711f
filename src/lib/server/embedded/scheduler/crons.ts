/**
 * Runs cron jobs. The next run of each is kept durably, so that a restart neither repeats nor invents one; runs missed
 * while the server was down are left out, and a job that still runs when it is due again skips that run.
 */
import { findFunction, type Deployment } from '../bundles/components.ts';
import { nextRunMs, scheduleFingerprint, type CronSpec } from './cronSpecs.ts';
import { DueQueue } from './dueQueue.ts';
import { errorText, logFailure, newRequestId } from '../functions/failures.ts';
import type { FunctionEngine } from '../functions/functionEngine.ts';
import { SYSTEM_CALLER } from './jobRun.ts';
import type { ComponentPath } from '../types.ts';

interface CronJob {
	component: ComponentPath;
	spec: CronSpec;
	dueMs: number;
}

/** By component and id. */
interface StoredCrons {
	[key: string]: { schedule: string; nextMs: number };
}

const META_KEY = 'crons';
/** When the disk is full a cron waits this long, as jobs do. */
const RETRY_MS = 5_000;

export class CronRunner {
	private readonly engine: FunctionEngine;
	private readonly deployment: () => Deployment;
	private due: DueQueue<CronJob>;
	private readonly running = new Set<string>();
	private isStarted = false;

	constructor(engine: FunctionEngine, deployment: () => Deployment) {
		this.engine = engine;
		this.deployment = deployment;
		this.due = this.newQueue();
	}

	start(): void {
		this.isStarted = true;
		this.reload();
	}

	stop(): void {
		this.isStarted = false;
		this.due.clear();
	}

	reload(): void {
		if (!this.isStarted) return;
		this.due.clear();
		this.due = this.newQueue();
		const stored = this.read();
		const next: StoredCrons = {};
		const now = this.engine.options.clock.now();
		for (const { path: component, crons } of this.deployment().components.values()) {
			for (const spec of crons) {
				const key = keyOf(component, spec);
				const schedule = scheduleFingerprint(spec);
				const known = stored[key]?.schedule === schedule ? stored[key] : null;
				const nextMs =
					known === null
						? nextRunMs(spec, now, null)
						: known.nextMs > now
							? known.nextMs
							: nextRunMs(spec, now, known.nextMs);
				next[key] = { schedule, nextMs };
				this.due.add(nextMs, { component, spec, dueMs: nextMs });
			}
		}
		this.write(next);
	}

	private newQueue(): DueQueue<CronJob> {
		return new DueQueue(this.engine.options.clock, (job) => this.fire(job));
	}

	private fire(job: CronJob): void {
		const { component, spec, dueMs } = job;
		const key = keyOf(component, spec);
		const nextMs = nextRunMs(spec, this.engine.options.clock.now(), dueMs);
		// Before the run: a crash in the middle of it must not lead to a second one.
		const kept = { ...this.read(), [key]: { schedule: scheduleFingerprint(spec), nextMs } };
		if (!this.write(kept)) {
			this.due.add(this.engine.options.clock.now() + RETRY_MS, job);
			return;
		}
		this.due.add(nextMs, { ...job, dueMs: nextMs });
		if (this.running.has(key)) {
			this.engine.options.log('cron.skipped', { cron: spec.id, component });
			return;
		}
		this.running.add(key);
		void this.run(job).finally(() => this.running.delete(key));
	}

	private async run({ component, spec }: CronJob): Promise<void> {
		const { engine } = this;
		const deployment = this.deployment();
		const found = findFunction(deployment, { component, path: spec.path });
		if (!found) return;
		const target = { component, path: found.path };
		const request = {
			requestId: newRequestId(),
			ip: null,
			userAgent: null,
			authToken: null,
			scheduledFunctionId: null,
		};
		const launch = {
			deployment,
			kind: found.kind,
			...target,
			caller: SYSTEM_CALLER,
			request,
			depth: 0,
		};
		const execution = engine.execution(launch, null);
		try {
			if (found.kind === 'action') await engine.runTop(execution, { target, found }, spec.args);
			else {
				await engine.inMutation((transaction) => {
					execution.transaction = transaction;
					return engine.runTop(execution, { target, found }, spec.args);
				});
			}
		} catch (error) {
			logFailure(error, execution);
			engine.options.log('cron.failed', { cron: spec.id, component, error: errorText(error) });
		}
	}

	private read(): StoredCrons {
		return JSON.parse(this.engine.options.storage.getMeta(META_KEY) ?? '{}') as StoredCrons;
	}

	/** False: the disk did not take it. */
	private write(crons: StoredCrons): boolean {
		try {
			this.engine.options.storage.setMeta(META_KEY, JSON.stringify(crons));
			return true;
		} catch (error) {
			this.engine.options.log('cron.timeNotKept', { error: errorText(error) });
			return false;
		}
	}
}

function keyOf(component: ComponentPath, { id }: CronSpec): string {
	return `${component}|${id}`;
}
