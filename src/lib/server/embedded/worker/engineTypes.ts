/** What the edges know of an engine, wherever it runs. Loads nothing of it. */
import path from 'node:path';
import type { EmbeddedFunctions, RunnerOptions } from '../functions/runnerOptions.ts';
import type { Commit, LogEvent, Timestamp } from '../types.ts';

/** What an engine is made from; can be sent to a thread. */
export interface EngineSettings {
	/** Database, stored files and bundles; exists. */
	dataDir: string;
	/** The convex folder, without symbolic links. */
	functionsDir: string;
	env: Record<string, string>;
	/** Deployment variables to put into the store at the first start. */
	variables?: Record<string, string>;
	siteUrl: string;
	cloudUrl: string;
	recordExecutions?: boolean;
	egress?: 'guarded' | 'open';
	showErrors?: boolean;
	timeLimitsMs?: RunnerOptions['timeLimitsMs'];
}

/** What an engine asks of those around it. */
export interface EngineSurroundings {
	log: LogEvent;
	/** Answers what functions fetch from their own origins. */
	ownOriginFetch: (request: Request) => Promise<Response>;
}

export interface EngineHost {
	readonly functions: EmbeddedFunctions;
	readonly instanceName: string;
	/** Of the last durable commit. */
	latestTs(): Timestamp;
	/** Listeners hear of a commit before any result can show it. */
	onCommit(listener: (commit: Commit) => void): () => void;
	/** File and write-ahead log together. */
	sizeBytes(): number;
	close(): Promise<void>;
}

export function databaseFile(dataDir: string): string {
	return path.join(dataDir, 'convex.sqlite');
}
