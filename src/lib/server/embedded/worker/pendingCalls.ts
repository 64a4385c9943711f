/** Calls that the engine's thread has not answered yet, and what becomes of them when it ends. */
import { PushError } from '../bundles/pushError.ts';
import { FunctionError } from '../types.ts';
import { unpackError, type ErrorParts } from './errorParts.ts';
import type { Loss } from './engineConnection.ts';
import type { transferOf } from './httpParts.ts';

export interface PendingCall {
	/** Number of the call, or of the first of several queries asked together. */
	id: number;
	method: string;
	args: unknown[];
	transfer?: ReturnType<typeof transferOf>;
	/** It may be asked again without happening twice. */
	isRepeatable: boolean;
	/** How many calls it stands for. */
	count: number;
	resolve: (value: unknown) => void;
	reject: (error: Error) => void;
	isSent?: boolean;
	/** Threads that ended while it ran, and nobody knows which call it was. */
	losses?: number;
	/** Threads that another call ended while it ran. */
	lossesBeside?: number;
}

/** They evaluate modules. */
const LOADS = new Set(['push', 'updateVariables']);
/** A call that was there when so many threads ended has probably ended them. */
const MAX_LOSSES = 3;
/** Beside calls that were found to have done it, one is innocent for longer: what blames them may err, but not always. */
const MAX_LOSSES_BESIDE = 30;

export class PendingCalls {
	private readonly calls = new Map<number, PendingCall>();
	private lastId = 0;

	get size(): number {
		return this.calls.size;
	}

	/** All in order of their numbers. */
	values(): Iterable<PendingCall> {
		return this.calls.values();
	}

	add(call: Omit<PendingCall, 'id'>): PendingCall {
		const added = { ...call, id: this.lastId + 1 };
		this.lastId += Math.max(1, call.count);
		this.calls.set(added.id, added);
		return added;
	}

	settle(id: number, value: unknown, error: ErrorParts | undefined): void {
		const call = this.calls.get(id);
		if (!call) return;
		this.calls.delete(id);
		if (error) call.reject(unpackError(error));
		else call.resolve(value);
	}

	/** Ends those that must not be asked again; the others wait for the next thread. */
	afterLoss(loss: Loss): void {
		const sent = [...this.calls.values()].filter(({ isSent }) => isSent);
		const indexIn = (call: PendingCall) => loss.activity.call - call.id;
		const isCulprit = (call: PendingCall) => indexIn(call) >= 0 && indexIn(call) < call.count;
		const isSolved = sent.some(isCulprit);
		for (const call of sent) {
			call.isSent = false;
			if (isSolved) call.lossesBeside = (call.lossesBeside ?? 0) + 1;
			else call.losses = (call.losses ?? 0) + 1;
			const { losses = 0, lossesBeside = 0 } = call;
			if (isCulprit(call)) this.fail(call, new CallStopped(indexIn(call), stoppedError(loss)));
			else if (losses >= MAX_LOSSES || lossesBeside >= MAX_LOSSES_BESIDE)
				this.fail(call, new CallStopped(null, stoppedError(loss)));
			else if (LOADS.has(call.method)) this.fail(call, loadError(loss));
			else if (!call.isRepeatable) this.fail(call, interruptedError());
		}
	}

	failAll(error: Error): void {
		for (const call of [...this.calls.values()]) this.fail(call, error);
	}

	private fail(call: PendingCall, error: Error): void {
		this.calls.delete(call.id);
		call.reject(error);
	}
}

/** A call ended its thread and is not asked again. */
export class CallStopped extends FunctionError {
	/** Which of several queries it was; null: nobody knows, any of them. */
	readonly index: number | null;
	constructor(index: number | null, { code, message }: FunctionError) {
		super(code, message);
		this.index = index;
	}
}

/** Convex's words for the same. */
export function stoppedError({ reason, heldMs, text }: Loss): FunctionError {
	if (reason === 'runaway') {
		return new FunctionError(
			'FunctionTimeout',
			`Function execution timed out (it ran for ${((heldMs ?? 0) / 1000).toFixed(1)}s without a pause). ` +
				'Look for a loop that does not end, or do the work in smaller steps.',
		);
	}
	if (reason === 'memory') {
		return new FunctionError(
			'FunctionOutOfMemory',
			`Function execution ran out of memory (${text}). Read and return less at once.`,
		);
	}
	return new FunctionError('FunctionCrashed', `The function ended its thread: ${text}.`);
}

function loadError({ text }: Loss): PushError {
	const message = `While the functions were loaded, ${text}. Look at what runs outside of functions; the old ones serve on.`;
	return new PushError('ImportFailed', null, message);
}

function interruptedError(): FunctionError {
	return new FunctionError(
		'FunctionInterrupted',
		'Another function had to be stopped, and this one with it. It may have had effects: look before you try again.',
	);
}
