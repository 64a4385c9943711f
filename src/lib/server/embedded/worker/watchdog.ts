/**
 * Notices when the engine's thread does not come back to its event loop. What counts is processor time of that thread,
 * so that a machine under load, or a laptop that slept, stops nothing; wall time only where the former is unknown.
 */
import type { Worker } from 'node:worker_threads';
import { readActivity } from './activity.ts';

export interface RunawayLimits {
	/** Processor time without a turn of the event loop, in a query or mutation. Convex: one second in all. */
	transactionMs: number;
	/** The same in an action, where real deployments allow minutes: it keeps everybody else waiting here. */
	actionMs: number;
	/** So many times the above when several calls take turns: one by one they may be short. */
	togetherFactor: number;
	/** Wall time, whatever the thread does: it may wait for something that never comes. */
	wallMs: number;
}

export const RUNAWAY_LIMITS: RunawayLimits = {
	transactionMs: 2_000,
	actionMs: 10_000,
	togetherFactor: 5,
	wallMs: 60_000,
};

const PING_EVERY_MS = 500;
const MICROSECONDS = 1_000;

export interface WatchdogHooks {
	worker: Worker;
	activity: SharedArrayBuffer;
	limits: RunawayLimits;
	ping: () => void;
	/** Called once. `usedMs`: for how long it has been held. */
	onRunaway: (usedMs: number) => void;
}

export class Watchdog {
	private readonly hooks: WatchdogHooks;
	private readonly timer: NodeJS.Timeout;
	/** Of the ping that has no answer yet. */
	private sentMs: number | null = null;
	private cpuAtPing: NodeJS.CpuUsage | null = null;
	private cpuAtSwitch: NodeJS.CpuUsage | null = null;
	private switches = -1;
	private isStopped = false;

	constructor(hooks: WatchdogHooks) {
		this.hooks = hooks;
		this.timer = setInterval(() => void this.look(), PING_EVERY_MS);
		this.timer.unref();
	}

	pong(): void {
		this.sentMs = null;
		this.cpuAtPing = null;
	}

	stop(): void {
		this.isStopped = true;
		clearInterval(this.timer);
	}

	private async look(): Promise<void> {
		if (this.isStopped) return;
		const activity = readActivity(this.hooks.activity);
		if (this.sentMs === null || activity.isBusy) {
			const isWaiting = this.sentMs !== null;
			this.sentMs = performance.now();
			this.cpuAtPing = null;
			if (!isWaiting) this.hooks.ping();
			return;
		}
		const since = this.sentMs;
		const usage = await this.cpuUsage();
		if (this.isStopped || this.sentMs !== since) return;
		const wallMs = performance.now() - since;
		this.cpuAtPing ??= usage;
		if (activity.switches !== this.switches || this.cpuAtSwitch === null) {
			this.switches = activity.switches;
			this.cpuAtSwitch = usage;
		}
		const { limits } = this.hooks;
		const limitMs = activity.kind === 'action' ? limits.actionMs : limits.transactionMs;
		const heldMs = usage ? between(this.cpuAtPing!, usage) : wallMs;
		const aloneMs = usage ? Math.min(heldMs, between(this.cpuAtSwitch ?? usage, usage)) : wallMs;
		const isRunaway = aloneMs >= limitMs || heldMs >= limitMs * limits.togetherFactor;
		if (!isRunaway && wallMs < limits.wallMs) return;
		this.stop();
		this.hooks.onRunaway(Math.round(isRunaway ? heldMs : wallMs));
	}

	private async cpuUsage(): Promise<NodeJS.CpuUsage | null> {
		const { worker } = this.hooks;
		// Since Node 24.6; asked of the thread itself, which answers between two instructions.
		if (typeof worker.cpuUsage !== 'function') return null;
		try {
			return await worker.cpuUsage();
		} catch {
			return null;
		}
	}
}

function between(before: NodeJS.CpuUsage, after: NodeJS.CpuUsage): number {
	return (after.user + after.system - before.user - before.system) / MICROSECONDS;
}
