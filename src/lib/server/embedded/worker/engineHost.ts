/**
 * Storage and functions together, as the edges see them: in a worker thread of their own, or in this thread for callers
 * that bring a clock. All that crosses is plain data.
 */
import { randomBytes } from 'node:crypto';
import { runOutside } from '../functions/execution.ts';
import { createFunctionRunner } from '../functions/functions.ts';
import type { EmbeddedFunctions, RunnerOptions } from '../functions/runnerOptions.ts';
import { openStorage, type SqliteStorage } from '../storage/storage.ts';
import type { Clock } from '../types.ts';
import {
	databaseFile,
	type EngineHost,
	type EngineSettings,
	type EngineSurroundings,
} from './engineTypes.ts';

/** Parts of an engine, for whoever shares its thread. */
export interface OpenEngine {
	functions: EmbeddedFunctions;
	storage: SqliteStorage;
	instanceName: string;
}

/** Opens the store and does the first push; the scheduler is not started. @throws PushError, FunctionError */
export async function openEngine(
	settings: EngineSettings,
	surroundings: EngineSurroundings & {
		clock: Clock;
		onEnter?: RunnerOptions['onEnter'];
		/** Runs work of the engine that may hold its thread for long. */
		whileBusy?: <T>(run: () => Promise<T>) => Promise<T>;
		/** Replay records of calls without a session of their own, of servers before this one, are dropped. */
		callSession?: string;
		/** Serve what was served last, even if the sources have changed since. */
		isReplacement?: boolean;
	},
): Promise<OpenEngine> {
	const { dataDir, functionsDir } = settings;
	const { clock, log, callSession, whileBusy } = surroundings;
	const storage = openStorage({ file: databaseFile(dataDir), clock, log, whileBusy });
	try {
		if (callSession !== undefined) storage.forgetCalls(callSession);
		const functions = await createFunctionRunner({
			...settings,
			...surroundings,
			storage,
			folder: functionsDir,
		});
		return { functions, storage, instanceName: instanceNameOf(storage) };
	} catch (error) {
		await storage.close();
		throw error;
	}
}

/** In this thread: a function that never returns to the event loop stops everything. */
export async function hostInThread(
	settings: EngineSettings,
	surroundings: EngineSurroundings & { clock: Clock },
): Promise<EngineHost> {
	const { functions, storage, instanceName } = await openEngine(settings, surroundings);
	return {
		functions,
		instanceName,
		latestTs: () => storage.latestTs(),
		// A commit may be announced while a function is on the stack; what follows from it is not that function's.
		onCommit: (listener) => storage.onCommit((commit) => runOutside(() => listener(commit))),
		sizeBytes: () => storage.sizeBytes(),
		async close() {
			await functions.stop();
			await storage.close();
		},
	};
}

function instanceNameOf(storage: Pick<SqliteStorage, 'getMeta' | 'setMeta'>): string {
	const known = storage.getMeta('instanceName');
	if (known !== null) return known;
	const name = `embedded-${randomBytes(4).toString('hex')}`;
	storage.setMeta('instanceName', name);
	return name;
}
