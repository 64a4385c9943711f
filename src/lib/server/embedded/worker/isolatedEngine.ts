/**
 * The engine in a thread of its own. When user code holds that thread, exhausts its memory or crashes it, the thread is
 * replaced: what was durable is there, the call that did it is told so, queries and mutations that were under way are
 * asked again (a mutation's replay record sees to it that none happens twice), actions fail as on a crash. Sockets and
 * subscriptions stay.
 */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import type { EmbeddedFunctions } from '../functions/runnerOptions.ts';
import { FunctionError, type Commit, type Timestamp } from '../types.ts';
import { keyToBytes } from '../storage/valueKeys.ts';
import {
	EngineConnection,
	type ConnectionHooks,
	type Loss,
	type ReadyMessage,
} from './engineConnection.ts';
import {
	databaseFile,
	type EngineHost,
	type EngineSettings,
	type EngineSurroundings,
} from './engineTypes.ts';
import { isolatedFunctions, type FunctionsState } from './isolatedFunctions.ts';
import type { FailedJob, PushedFunctions } from './messages.ts';
import { PendingCalls, stoppedError, type PendingCall } from './pendingCalls.ts';
import { Quarantine } from './quarantine.ts';
import { RUNAWAY_LIMITS, type RunawayLimits } from './watchdog.ts';

export interface IsolationOptions {
	limits?: Partial<RunawayLimits>;
	/** Memory of functions and engine together; default 1,024. */
	memoryMiB?: number;
	/** Called when an engine serves in place of one that was lost; what ran in actions has died. */
	onReplaced?: () => void;
}

const DEFAULT_MEMORY_MIB = 1_024;
/** Node never forgets a module: after so many pushes the thread is replaced when nothing runs. */
const PUSHES_PER_THREAD = 20;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

export class IsolatedEngine implements EngineHost, FunctionsState {
	readonly functions: EmbeddedFunctions;
	instanceName = '';
	pushed: PushedFunctions = { functions: new Map(), authProviders: [] };
	version = 0;
	readonly quarantine = new Quarantine();
	private readonly settings: EngineSettings;
	private readonly surroundings: EngineSurroundings;
	private readonly isolation: IsolationOptions;
	private readonly callSession = `engine:${randomUUID()}`;
	private readonly pending = new PendingCalls();
	private readonly commitListeners = new Set<(commit: Commit) => void>();
	private readonly pushListeners = new Set<() => void>();
	private connection: EngineConnection | null = null;
	/** null: there is none, and calls wait for the next. */
	private serving: EngineConnection | null = null;
	private ts: Timestamp = 0n;
	private pushes = 0;
	private hasScheduler = false;
	private isClosed = false;

	/** @throws PushError, FunctionError */
	static async start(
		settings: EngineSettings,
		surroundings: EngineSurroundings,
		isolation: IsolationOptions = {},
	): Promise<IsolatedEngine> {
		const engine = new IsolatedEngine(settings, surroundings, isolation);
		await engine.open([], false);
		return engine;
	}

	private constructor(
		settings: EngineSettings,
		surroundings: EngineSurroundings,
		isolation: IsolationOptions,
	) {
		this.settings = settings;
		this.surroundings = surroundings;
		this.isolation = isolation;
		this.functions = isolatedFunctions(this);
	}

	latestTs(): Timestamp {
		return this.ts;
	}

	onCommit(listener: (commit: Commit) => void): () => void {
		this.commitListeners.add(listener);
		return () => void this.commitListeners.delete(listener);
	}

	onPush(listener: () => void): () => void {
		this.pushListeners.add(listener);
		return () => void this.pushListeners.delete(listener);
	}

	sizeBytes(): number {
		const file = databaseFile(this.settings.dataDir);
		const sizeOf = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
		return sizeOf(file) + sizeOf(`${file}-wal`);
	}

	get gone(): AbortSignal {
		return this.connection!.gone;
	}

	/** One call of a method of the engine. */
	async call<T>(
		method: string,
		args: unknown[],
		options: Partial<Pick<PendingCall, 'transfer' | 'isRepeatable' | 'count'>> = {},
	): Promise<T> {
		if (this.isClosed) throw closedError();
		return new Promise<T>((resolve, reject) => {
			const call = this.pending.add({
				isRepeatable: false,
				count: 1,
				...options,
				method,
				args,
				resolve: resolve as (value: unknown) => void,
				reject,
			});
			this.sendCall(call);
		});
	}

	async startScheduler(): Promise<void> {
		this.hasScheduler = true;
		await this.call('startScheduler', []);
	}

	async close(): Promise<void> {
		if (this.isClosed) return;
		if (this.serving) await this.stopServing(this.serving);
		this.isClosed = true;
		this.pending.failAll(closedError());
		await this.connection?.terminate();
	}

	private sendCall(call: PendingCall): void {
		if (!this.serving) return;
		const { id, method, args, transfer } = call;
		call.isSent = true;
		this.serving.send({ type: 'call', id, method, args }, transfer);
	}

	/** Lets it finish what runs and close its file. */
	private async stopServing(connection: EngineConnection): Promise<void> {
		const closed = this.call('close', []);
		connection.expectEnd();
		const ended = new Promise<void>((resolve) =>
			connection.gone.addEventListener('abort', () => resolve(), { once: true }),
		);
		await Promise.race([closed, ended]).catch(() => {});
		await connection.terminate();
	}

	private async open(failedJobs: FailedJob[], isReplacement: boolean): Promise<void> {
		// Variables may have been changed since they were put into the store.
		const settings = isReplacement ? { ...this.settings, variables: undefined } : this.settings;
		const connection = new EngineConnection(
			{ settings, failedJobs, callSession: this.callSession, isReplacement },
			this.connectionHooks(),
		);
		this.connection = connection;
		let ready: ReadyMessage;
		try {
			ready = await connection.started();
		} catch (error) {
			await connection.terminate();
			throw error;
		}
		this.instanceName = ready.instanceName;
		if (ready.latestTs > this.ts) this.ts = ready.latestTs;
		this.serving = connection;
		this.takeOver(ready.pushed);
		if (this.hasScheduler) {
			this.call('startScheduler', []).catch((error: unknown) =>
				this.surroundings.log('engine.schedulerFailed', { error: String(error) }),
			);
		}
		for (const call of this.pending.values()) if (!call.isSent) this.sendCall(call);
	}

	private connectionHooks(): ConnectionHooks {
		return {
			...this.surroundings,
			limits: { ...RUNAWAY_LIMITS, ...this.isolation.limits },
			memoryMiB: this.isolation.memoryMiB ?? DEFAULT_MEMORY_MIB,
			onResult: (id, value, error) => this.pending.settle(id, value, error),
			onCommit: (packed) => {
				this.ts = packed.ts;
				const writes = packed.writes.map(({ indexId, key }) => ({ indexId, key: keyToBytes(key) }));
				for (const listener of this.commitListeners) listener({ ...packed, writes });
			},
			onPushed: ({ pushed }) => {
				this.pushes++;
				this.quarantine.clear();
				this.takeOver(pushed);
			},
			onLost: (loss) => void this.replaceLost(loss),
		};
	}

	private takeOver(pushed: PushedFunctions): void {
		this.pushed = pushed;
		this.version++;
		for (const listener of this.pushListeners) listener();
	}

	private async replaceLost(loss: Loss): Promise<void> {
		const { log } = this.surroundings;
		const { job } = loss.activity;
		log('engine.lost', { reason: loss.reason, text: loss.text, job });
		this.serving = null;
		this.pushes = 0;
		this.pending.afterLoss(loss);
		const failedJobs = job === null ? [] : [{ id: job, error: stoppedError(loss).message }];
		for (let waitMs = FIRST_RETRY_MS; !this.isClosed; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
			try {
				await this.open(failedJobs, true);
				log('engine.replaced', { reason: loss.reason });
				this.isolation.onReplaced?.();
				return;
			} catch (error) {
				log('engine.replaceFailed', { error: String(error), retryInMs: waitMs });
				this.pending.failAll(unavailableError());
				await new Promise<void>((resolve) => systemClock.setTimeout(resolve, waitMs));
			}
		}
	}

	/** After a push: a thread that has loaded many versions makes room, once nothing runs in it. */
	async renewIfWorn(): Promise<void> {
		const { serving } = this;
		if (this.pushes < PUSHES_PER_THREAD || !serving || this.pending.size > 0) return;
		if (!(await this.call<boolean>('isIdle', [])) || this.serving !== serving) return;
		if (this.pending.size > 0) return;
		const stopped = this.stopServing(serving);
		// Calls from here on wait for the next thread.
		this.serving = null;
		this.pushes = 0;
		await stopped;
		try {
			await this.open([], true);
		} catch (error) {
			const text = String(error);
			await this.replaceLost({
				reason: 'crash',
				activity: { call: 0, kind: 'none', job: null, isBusy: false, switches: 0 },
				heldMs: null,
				text,
			});
		}
	}
}

function closedError(): FunctionError {
	return new FunctionError('StorageClosed', 'The server is shutting down. Try again in a moment.');
}

function unavailableError(): FunctionError {
	return new FunctionError(
		'EngineUnavailable',
		'The functions had to be stopped and cannot be started again at present; it is tried again until it works. The ' +
			"server's log says why.",
	);
}
