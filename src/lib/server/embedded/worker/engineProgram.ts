/** The main program of the engine's thread: store, functions and scheduler, asked by messages. */
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { runOutside, type Execution } from '../functions/execution.ts';
import type { LogEvent } from '../types.ts';
import { bytesToKey } from '../storage/valueKeys.ts';
import { ActivityWriter } from './activity.ts';
import { CallNumbers } from './callNumbers.ts';
import { openEngine, type OpenEngine } from './engineHost.ts';
import { engineMethods } from './engineMethods.ts';
import { packError, unpackError } from './errorParts.ts';
import { packRequest, transferOf, unpackResponse, type MessageParts } from './httpParts.ts';
import type { EngineStart, FromEngine, PushedFunctions, ToEngine } from './messages.ts';
import { endThreadOnOwnSignal } from './ownSignals.ts';

const port = parentPort!;
const {
	settings,
	activity: memory,
	failedJobs,
	callSession,
	isReplacement,
} = workerData as EngineStart;
const activity = new ActivityWriter(memory);
const numbers = new CallNumbers();
/** Requests of functions to their own origin that wait for an answer. */
const fetches = new Map<number, Fetching>();
let lastFetch = 0;
let methodOf: ReturnType<typeof engineMethods>;

endThreadOnOwnSignal();
// From here on it answers, so that its silence can be noticed.
port.on('message', (message: ToEngine) => void receive(message));
send({ type: 'pong' });
try {
	await start();
} catch (error) {
	send({ type: 'failed', error: packError(error) });
	port.close();
}

async function start(): Promise<void> {
	const engine = await openEngine(settings, {
		clock: systemClock,
		log,
		ownOriginFetch,
		onEnter: ({ request, transaction }: Execution) =>
			activity.enter(
				numbers.of(request.requestId),
				transaction ? 'transaction' : 'action',
				request.scheduledFunctionId,
			),
		whileBusy: (run) => activity.whileBusy(run),
		callSession,
		isReplacement,
	});
	const { functions, storage, instanceName } = engine;
	methodOf = engineMethods(engine, numbers, callSession);
	storage.onCommit((commit) => {
		const writes = commit.writes.map(({ indexId, key }) => ({ indexId, key: bytesToKey(key) }));
		send({ type: 'commit', commit: { ...commit, writes } });
	});
	functions.onPush(() => send({ type: 'pushed', pushed: describe(engine) }));
	for (const { id, error } of failedJobs) await functions.failJob(id, error);
	send({ type: 'ready', instanceName, latestTs: storage.latestTs(), pushed: describe(engine) });
}

async function receive(message: ToEngine): Promise<void> {
	if (message.type === 'ping') return send({ type: 'pong' });
	if (message.type === 'answer') return settleFetch(message);
	const { id, method, args } = message;
	try {
		const value = await methodOf(method)(id, args);
		// The thread may be ended right after, without the flush of an ordinary exit.
		if (method === 'close') flushCompileCache();
		send({ type: 'result', id, value }, transferOf((value ?? {}) as MessageParts));
		if (method === 'close') port.close();
	} catch (error) {
		send({ type: 'result', id, error: packError(error) });
	}
}

function describe({ functions }: OpenEngine): PushedFunctions {
	return { functions: functions.list(), authProviders: functions.authProviders() };
}

// --- what this thread asks of the other ------------------------------------------------------------------------------

interface Fetching {
	resolve(response: Response): void;
	reject(error: Error): void;
}

function send(message: FromEngine, transfer: ReturnType<typeof transferOf> = []): void {
	port.postMessage(message, transfer);
}

function log(...[event, fields]: Parameters<LogEvent>): void {
	send({ type: 'log', event, fields: plain(fields) });
}

/** Fields of events are told to a human: what cannot be cloned is told as text. */
function plain(fields: Record<string, unknown>): Record<string, unknown> {
	try {
		return structuredClone(fields);
	} catch {
		return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
	}
}

function ownOriginFetch(request: Request): Promise<Response> {
	return runOutside(async () => {
		const parts = await packRequest(request);
		return new Promise<Response>((resolve, reject) => {
			const id = ++lastFetch;
			fetches.set(id, { resolve, reject });
			send({ type: 'fetch', id, request: parts }, transferOf(parts));
		});
	});
}

function settleFetch({ id, response, error }: Extract<ToEngine, { type: 'answer' }>): void {
	const waiting = fetches.get(id);
	fetches.delete(id);
	if (error) waiting?.reject(unpackError(error));
	else waiting?.resolve(unpackResponse(response!));
}
