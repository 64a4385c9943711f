/** What the edges' thread and the engine's thread say to each other. All of it survives structured cloning. */
import type { FunctionKind } from '../bundles/loadedFunctions.ts';
import type { Commit, ComponentPath, JsonValue, Timestamp } from '../types.ts';
import type { EngineSettings } from './engineTypes.ts';
import type { ErrorParts } from './errorParts.ts';
import type { MessageParts } from './httpParts.ts';

/** Given to the thread at its start. */
export interface EngineStart {
	settings: EngineSettings;
	/** See `activity.ts`. */
	activity: SharedArrayBuffer;
	/** Jobs that stopped an engine before this one: written down as failed instead of being run again. */
	failedJobs: FailedJob[];
	/** Replay records of calls that came without a session have this session; those of other servers are dropped. */
	callSession: string;
	/** Of an engine that served before: its functions serve on, whatever has become of their sources. */
	isReplacement: boolean;
	/** Folder of what the main thread has compiled; undefined: nothing is kept. */
	compileCache: string | undefined;
}

export interface FailedJob {
	id: string;
	error: string;
}

/** What the edges must know of the functions without asking. */
export interface PushedFunctions {
	functions: Map<ComponentPath, Map<string, FunctionFacts>>;
	authProviders: JsonValue[];
}

export interface FunctionFacts {
	kind: FunctionKind;
	isPublic: boolean;
}

export type ToEngine =
	| { type: 'call'; id: number; method: string; args: unknown[] }
	/** The answer to a 'fetch'. */
	| { type: 'answer'; id: number; response?: MessageParts; error?: ErrorParts }
	| { type: 'ping' };

export type FromEngine =
	| { type: 'ready'; instanceName: string; latestTs: Timestamp; pushed: PushedFunctions }
	/** It could not be started. */
	| { type: 'failed'; error: ErrorParts }
	| { type: 'result'; id: number; value?: unknown; error?: ErrorParts }
	/** A function asks its own origin. */
	| { type: 'fetch'; id: number; request: MessageParts }
	| { type: 'commit'; commit: PackedCommit }
	| { type: 'pushed'; pushed: PushedFunctions }
	| { type: 'log'; event: string; fields: Record<string, unknown> }
	| { type: 'pong' };

export type PackedCommit = Omit<Commit, 'writes'> & { writes: KeyText[] };

/**
 * Keys travel as text of one byte per character: a small Buffer is a window of a shared slab, which would be cloned
 * whole.
 */
export interface KeyText {
	indexId: number;
	key: string;
}
