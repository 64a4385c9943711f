/** What a function runner is made from, and what it offers beyond `FunctionRunner`. */
import type { VariableChange, Variables } from '../admin/variables.ts';
import type { Execution } from './execution.ts';
import type { FunctionKind } from '../bundles/loadedFunctions.ts';
import type { ImportReport, ImportRequest } from '../operate/importFile.ts';
import type { SqliteStorage } from '../storage/storage.ts';
import type { Caller, Clock, ComponentPath, FunctionRunner, LogEvent } from '../types.ts';

export interface RunnerOptions {
	storage: SqliteStorage;
	/** The convex folder. */
	folder: string;
	/**
	 * The host's part of what the app's functions see as `process.env`; the rest are the deployment's own variables, which
	 * it hides, and CONVEX_SITE_URL and CONVEX_CLOUD_URL.
	 */
	env: Record<string, string>;
	/** Deployment variables to put into the store before anything is loaded; others stay as they are. */
	variables?: Variables;
	/** Logs an `EXECUTION_EVENT` for each function that ends. */
	recordExecutions?: boolean;
	clock: Clock;
	log: LogEvent;
	/** URL below which HTTP actions are reachable; requests of functions to its origin never touch the network. */
	siteUrl: string;
	/** Origin of the API, which is never asked over the network either; default `siteUrl`. Upload and file URLs start with it. */
	cloudUrl?: string;
	/** Bundles go to `<dataDir>/functions`, file storage to `<dataDir>/files`. */
	dataDir: string;
	/** 'guarded' (default) refuses private addresses unless allowed per request; 'open' is plain fetch. */
	egress?: 'guarded' | 'open';
	/**
	 * Answers what actions fetch from these origins, without the network. Default: the app's HTTP actions only; the
	 * edges pass their own, which knows the API's addresses too.
	 */
	ownOriginFetch?: (request: Request) => Promise<Response>;
	/** Developers see the text and stack of any error; default false: clients see "Server Error" and a request id. */
	showErrors?: boolean;
	/** Wall-clock limits in ms; see timeLimits.ts for the defaults. */
	timeLimitsMs?: { transaction?: number; action?: number };
	/** Told whenever user code of a function is about to go on. */
	onEnter?: (execution: Execution) => void;
	/** The first push takes the bundles that served last, even if their sources have changed since. */
	isReplacement?: boolean;
}

export interface PushReport {
	version: number;
	functions: number;
	/** Component paths, '' first. */
	components: ComponentPath[];
	/** False: no source had changed since the bundles in the data folder were made. */
	wasBundled: boolean;
	durationMs: number;
}

/** Stored files, for the HTTP API's /api/storage endpoints. */
export interface FileAccess {
	/** @throws FunctionError 'StorageTokenInvalid', 'StorageTokenExpired', 'DigestMismatch' */
	upload(
		token: string,
		bytes: Uint8Array,
		contentType: string | null,
		sha256Base64: string | null,
	): Promise<{ storageId: string }>;
	/** By the unguessable id in the file's URL; null when there is none or it was deleted. */
	open(
		fileId: string,
		component: ComponentPath,
	): Promise<{
		path: string;
		size: number;
		contentType: string | null;
		sha256Base64: string;
	} | null>;
}

export interface EmbeddedFunctions extends FunctionRunner {
	/**
	 * Bundles if a source has changed, loads and validates the folder and swaps it in. On failure (PushError: names the file and why) the old
	 * version keeps serving. Concurrent calls run one after the other.
	 */
	push(): Promise<PushReport>;
	/** The deployment's own; without the host's. */
	variables(): Promise<Variables>;
	/**
	 * All or none: they are kept once the functions were loaded with the new values, as by a push.
	 * @throws FunctionError for a name or value that is refused; PushError when the functions cannot do with them
	 */
	updateVariables(changes: VariableChange[]): Promise<void>;
	/** Fills tables from a file of this machine, all of it or nothing; see `operate/importFile.ts`. */
	importFile(request: ImportRequest): Promise<ImportReport>;
	/** Of the version that serves. */
	summary(): Promise<{ functions: number; components: ComponentPath[] }>;
	/** Arms pending jobs and crons; fails actions that a crash left in progress. Call once, after the first push. */
	startScheduler(): Promise<void>;
	/** No new jobs or crons start; resolves when running functions have ended or `graceMs` is over. */
	stop(graceMs?: number): Promise<void>;
	readonly files: FileAccess;
	runHttpAction(request: Request, caller: Caller, requestId?: string): Promise<Response>;
	/** What was pushed, by component and path. */
	list(): Map<ComponentPath, Map<string, { kind: FunctionKind; isPublic: boolean }>>;
	/** Writes down that a scheduled function failed; nothing if it has ended already or there is none with this id. */
	failJob(id: string, error: string): Promise<void>;
	/** No function runs, and none is about to. */
	isIdle(): Promise<boolean>;
	/** For callers that do not say what they call; null: no such function, or one that only an administrator may call. */
	kindOf(component: ComponentPath, path: string, isAdmin?: boolean): FunctionKind | null;
}
