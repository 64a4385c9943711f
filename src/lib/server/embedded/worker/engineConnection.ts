/** One engine thread, from its start to its end. Calls are numbered by whoever holds it. */
import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import { packError, unpackError, type ErrorParts } from './errorParts.ts';
import { createActivity, readActivity, type Activity } from './activity.ts';
import { endWith, packResponse, transferOf, unpackRequest } from './httpParts.ts';
import type { EngineStart, FromEngine, PackedCommit, ToEngine } from './messages.ts';
import type { EngineSurroundings } from './engineTypes.ts';
import { watchMemory } from './memoryWatch.ts';
import { Watchdog, type RunawayLimits } from './watchdog.ts';

export type ReadyMessage = Extract<FromEngine, { type: 'ready' }>;

export interface ConnectionHooks extends EngineSurroundings {
	limits: RunawayLimits;
	/** Memory of the thread, MiB: of its heap, and of its buffers as much again; more ends it. */
	memoryMiB: number;
	onResult: (id: number, value: unknown, error: ErrorParts | undefined) => void;
	onCommit: (commit: PackedCommit) => void;
	onPushed: (message: Extract<FromEngine, { type: 'pushed' }>) => void;
	/** It was ready and is no more, without being asked to close. Called once. */
	onLost: (loss: Loss) => void;
}

/** Why an engine's thread has ended, and what it was at. */
export interface Loss {
	reason: 'runaway' | 'memory' | 'crash';
	activity: Activity;
	/** For how long user code had held the thread; of a runaway. */
	heldMs: number | null;
	text: string;
}

const THREAD = new URL('./engineThread.ts', import.meta.url);

export class EngineConnection {
	private readonly hooks: ConnectionHooks;
	private readonly worker: Worker;
	private readonly activity = createActivity();
	private watchdog: Watchdog | null = null;
	private state: 'starting' | 'ready' | 'closing' | 'ended' = 'starting';
	private runawayMs: number | null = null;
	private isOutOfMemory = false;
	private readonly memory: { stop(): void };
	private failure: Error | null = null;
	private readonly ready = Promise.withResolvers<ReadyMessage>();
	private readonly ending = new AbortController();

	constructor(start: Omit<EngineStart, 'activity' | 'compileCache'>, hooks: ConnectionHooks) {
		this.hooks = hooks;
		this.worker = new Worker(THREAD, {
			workerData: {
				...start,
				activity: this.activity,
				compileCache: getCompileCacheDir(),
			} satisfies EngineStart,
			name: 'engine',
			// Functions, and what they import, see none of the host's.
			env: {},
			resourceLimits: { maxOldGenerationSizeMb: hooks.memoryMiB },
		});
		this.memory = watchMemory(this.worker, hooks.memoryMiB, () => {
			this.isOutOfMemory = true;
			void this.worker.terminate();
		});
		this.worker.on('message', (message: FromEngine) => this.receive(message));
		this.worker.on('error', (error) => (this.failure = error));
		this.worker.on('exit', () => this.end());
	}

	/** Aborted when the thread has ended. */
	get gone(): AbortSignal {
		return this.ending.signal;
	}

	/** Resolves when it serves. @throws PushError, FunctionError, or Error when the thread ended before */
	started(): Promise<ReadyMessage> {
		return this.ready.promise;
	}

	send(message: ToEngine, transfer: ReturnType<typeof transferOf> = []): void {
		this.worker.postMessage(message, transfer);
	}

	/** From here on its end is no loss. */
	expectEnd(): void {
		this.state = 'closing';
		this.watchdog?.stop();
		this.memory.stop();
	}

	/** Resolves when the thread has ended. */
	async terminate(): Promise<void> {
		await this.worker.terminate();
	}

	private receive(message: FromEngine): void {
		switch (message.type) {
			case 'pong':
				this.watchdog ??= this.watch();
				return this.watchdog.pong();
			case 'ready':
				this.state = 'ready';
				return this.ready.resolve(message);
			case 'failed':
				return this.ready.reject(unpackError(message.error));
			case 'result':
				return this.hooks.onResult(message.id, message.value, message.error);
			case 'commit':
				return this.hooks.onCommit(message.commit);
			case 'pushed':
				return this.hooks.onPushed(message);
			case 'log':
				return this.hooks.log(message.event, message.fields);
			case 'fetch':
				return void this.answer(message);
		}
	}

	private watch(): Watchdog {
		return new Watchdog({
			worker: this.worker,
			activity: this.activity,
			limits: this.hooks.limits,
			ping: () => this.send({ type: 'ping' }),
			onRunaway: (heldMs) => {
				this.runawayMs = heldMs;
				void this.worker.terminate();
			},
		});
	}

	private async answer(message: Extract<FromEngine, { type: 'fetch' }>): Promise<void> {
		const { id } = message;
		try {
			const request = unpackRequest(endWith(message.request, this.gone));
			const response = await packResponse(await this.hooks.ownOriginFetch(request));
			this.send({ type: 'answer', id, response }, transferOf(response));
		} catch (error) {
			this.send({ type: 'answer', id, error: packError(error) });
		}
	}

	private end(): void {
		if (this.state === 'ended') return;
		const { state } = this;
		this.state = 'ended';
		this.watchdog?.stop();
		this.memory.stop();
		this.ending.abort(new Error('The function was stopped.'));
		const loss = this.loss();
		if (state === 'starting') {
			this.ready.reject(new Error(`The functions could not be loaded: ${loss.text}`));
		} else if (state === 'ready') this.hooks.onLost(loss);
	}

	private loss(): Loss {
		const activity = readActivity(this.activity);
		if (this.runawayMs !== null) {
			const seconds = (this.runawayMs / 1000).toFixed(1);
			const text = `user code held the thread for ${seconds} s without a pause`;
			return { reason: 'runaway', activity, heldMs: this.runawayMs, text };
		}
		const { code } = (this.failure ?? {}) as { code?: string };
		const isMemory = this.isOutOfMemory || code === 'ERR_WORKER_OUT_OF_MEMORY';
		const text = isMemory
			? `user code needed more than ${this.hooks.memoryMiB} MiB of memory`
			: (this.failure?.message ?? 'the thread ended');
		return { reason: isMemory ? 'memory' : 'crash', activity, heldMs: null, text };
	}
}
