/** What a function runner is made from, and what it offers beyond `FunctionRunner`. */
import type { FunctionKind } from './loadedFunctions.ts';
import type { SqliteStorage } from './storage.ts';
import type { Clock, ComponentPath, FunctionRunner, LogEvent } from './types.ts';

export interface RunnerOptions {
	storage: SqliteStorage;
	/** The convex folder. */
	folder: string;
	/** What the app's functions see as `process.env`, nothing else. CONVEX_SITE_URL and CONVEX_CLOUD_URL are added. */
	env: Record<string, string>;
	clock: Clock;
	log: LogEvent;
	/** Origin under which HTTP actions are reachable; requests of functions to it never touch the network. */
	siteUrl: string;
	/** Origin of the API; default `siteUrl`. Upload and file URLs start with it. */
	cloudUrl?: string;
	/** Bundles go to `<dataDir>/functions`, file storage to `<dataDir>/files`. */
	dataDir: string;
	/** 'guarded' (default) refuses private addresses unless allowed per request; 'open' is plain fetch. */
	egress?: 'guarded' | 'open';
	/**
	 * Answers what actions fetch from `siteUrl` itself, without the network. Default: the app's HTTP actions only; the
	 * edges pass their own, which knows the API's addresses too.
	 */
	ownOriginFetch?: (request: Request) => Promise<Response>;
	/** Developers see the text and stack of any error; default false: clients see "Server Error" and a request id. */
	showErrors?: boolean;
	/** Wall-clock limits in ms; see timeLimits.ts for the defaults. */
	timeLimitsMs?: { transaction?: number; action?: number };
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
	/** @throws FunctionError 'UploadTokenInvalid', 'DigestMismatch' */
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
	/** Arms pending jobs and crons; fails actions that a crash left in progress. Call once, after the first push. */
	startScheduler(): Promise<void>;
	/** No new jobs or crons start; resolves when running functions have ended or `graceMs` is over. */
	stop(graceMs?: number): Promise<void>;
	readonly files: FileAccess;
	/** For callers that do not say what they call; null: no such function, or one that only an administrator may call. */
	kindOf(component: ComponentPath, path: string, isAdmin?: boolean): FunctionKind | null;
}
