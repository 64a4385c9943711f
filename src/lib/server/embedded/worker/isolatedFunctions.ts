/** The functions of an engine in another thread, with the same methods as in this one. */
import type { EmbeddedFunctions, PushReport } from '../functions/runnerOptions.ts';
import { normalizeFunctionPath } from '../bundles/components.ts';
import {
	FunctionError,
	type FunctionCall,
	type FunctionOutcome,
	type QueryOutcome,
} from '../types.ts';
import { keyToBytes } from '../storage/valueKeys.ts';
import type { PackedQueryOutcome } from './engineMethods.ts';
import {
	endWith,
	packRequest,
	transferOf,
	unpackResponse,
	type MessageParts,
} from './httpParts.ts';
import type { PushedFunctions } from './messages.ts';
import type { Quarantine } from './quarantine.ts';
import { CallStopped, type PendingCall } from './pendingCalls.ts';

/** What `isolatedFunctions` needs of the engine behind it. */
export interface FunctionsState {
	readonly pushed: PushedFunctions;
	readonly version: number;
	readonly quarantine: Quarantine;
	/** Aborted when the thread that answers now has ended. */
	readonly gone: AbortSignal;
	latestTs(): bigint;
	onPush(listener: () => void): () => void;
	startScheduler(): Promise<void>;
	renewIfWorn(): Promise<void>;
	call<T>(
		method: string,
		args: unknown[],
		options?: Partial<Pick<PendingCall, 'transfer' | 'isRepeatable' | 'count'>>,
	): Promise<T>;
}

export function isolatedFunctions(state: FunctionsState): EmbeddedFunctions {
	const ask = async (calls: FunctionCall[]): Promise<QueryOutcome[]> => {
		if (calls.length === 0) return [];
		const options = { isRepeatable: true, count: calls.length };
		return (await state.call<PackedQueryOutcome[]>('runQueries', [calls], options)).map(
			unpackOutcome,
		);
	};
	return {
		async runQueries(calls) {
			const stopped = new Map<number, FunctionOutcome>();
			calls.forEach((call, index) => {
				const outcome = state.quarantine.find(call);
				if (outcome) stopped.set(index, outcome);
			});
			for (;;) {
				const asked = calls.map((_, index) => index).filter((index) => !stopped.has(index));
				try {
					const outcomes = await ask(asked.map((index) => calls[index]!));
					return merge(calls.length, outcomes, stopped, state.latestTs());
				} catch (error) {
					if (!(error instanceof CallStopped)) throw error;
					// The others are asked again, together: all are to be of one timestamp.
					const guilty = error.index === null ? asked : [asked[error.index]!];
					for (const index of guilty) {
						const outcome = failed(error);
						stopped.set(index, outcome);
						state.quarantine.add(calls[index]!, outcome);
					}
				}
			}
		},
		async runMutation(call) {
			try {
				return await state.call('runMutation', [call], { isRepeatable: true });
			} catch (error) {
				return { outcome: failed(error), ts: null };
			}
		},
		async runAction(call) {
			try {
				return await state.call('runAction', [call]);
			} catch (error) {
				return failed(error);
			}
		},
		async runHttpAction(request, caller) {
			const parts = await packRequest(request);
			try {
				const response = await state.call<MessageParts>('runHttpAction', [parts, caller], {
					transfer: transferOf(parts),
				});
				return unpackResponse(endWith(response, state.gone));
			} catch (error) {
				if (!(error instanceof FunctionError)) throw error;
				const { code, message } = error;
				return Response.json({ code, message }, { status: code === 'FunctionTimeout' ? 504 : 503 });
			}
		},
		async push() {
			const report = await state.call<PushReport>('push', []);
			await state.renewIfWorn();
			return report;
		},
		startScheduler: () => state.startScheduler(),
		stop: () => Promise.resolve(),
		files: {
			upload: (...args) => state.call('files.upload', args),
			open: (...args) => state.call('files.open', args, { isRepeatable: true }),
		},
		kindOf(component, path, isAdmin = false) {
			const found = state.pushed.functions.get(component)?.get(normalizeFunctionPath(path));
			return found && (isAdmin || (found.isPublic && component === '')) ? found.kind : null;
		},
		version: () => state.version,
		onPush: (listener) => state.onPush(listener),
		authProviders: () => state.pushed.authProviders,
		pinSnapshot: () => state.call('pinSnapshot', []),
		signingKeys: () => state.call('signingKeys', [], { isRepeatable: true }),
		variables: () => state.call('variables', [], { isRepeatable: true }),
		updateVariables: (changes) => state.call('updateVariables', [changes]),
		importFile: (request) => state.call('importFile', [request]),
		summary: () => state.call('summary', [], { isRepeatable: true }),
		list: () => state.pushed.functions,
		failJob: (id, error) => state.call('failJob', [id, error], { isRepeatable: true }),
		isIdle: () => state.call('isIdle', [], { isRepeatable: true }),
	};
}

function unpackOutcome({ readSet, ...outcome }: PackedQueryOutcome): QueryOutcome {
	return {
		...outcome,
		readSet: readSet.map(({ indexId, start, end }) => ({
			indexId,
			start: keyToBytes(start),
			end: keyToBytes(end),
		})),
	};
}

/** A query that was stopped depends on nothing: only a push brings it back. */
function merge(
	count: number,
	outcomes: QueryOutcome[],
	stopped: Map<number, FunctionOutcome>,
	latestTs: bigint,
): QueryOutcome[] {
	if (stopped.size === 0) return outcomes;
	const ts = outcomes[0]?.ts ?? latestTs;
	const answered = outcomes.values();
	return Array.from({ length: count }, (_, index): QueryOutcome => {
		const outcome = stopped.get(index);
		if (!outcome) return answered.next().value!;
		return { outcome, ts, readSet: [], journal: null, usedIdentity: false };
	});
}

function failed(error: unknown): FunctionOutcome {
	if (!(error instanceof FunctionError)) throw error;
	const { message, code } = error;
	return { ok: false, failure: { message, code }, logLines: [] };
}
