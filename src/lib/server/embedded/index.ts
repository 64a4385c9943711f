/**
 * The embedded Convex deployment: runs the functions of a convex folder over SQLite and speaks Convex's own protocols,
 * so that the official clients work unchanged. This file is the room's only door.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { version as convexVersion } from 'convex';
import { systemClock } from './clock.ts';
import { createEdges, type Edges } from './edges.ts';
import { runOutside } from './execution.ts';
import { createFunctionRunner } from './functions.ts';
import { openStorage } from './storage.ts';
import type { Clock, FunctionRunner, LogEvent } from './types.ts';
import { watchFolders } from './watchFolders.ts';

export type { Clock, LogEvent } from './types.ts';

export interface EmbeddedOptions {
	/** The convex folder. */
	functionsDir: string;
	/** Database, stored files and bundles; created when missing. */
	dataDir: string;
	/** All that functions see as `process.env`, besides CONVEX_SITE_URL and CONVEX_CLOUD_URL. */
	env: Record<string, string>;
	/** Public URL of this server, e.g. `http://127.0.0.1:4321`; becomes CONVEX_SITE_URL and CONVEX_CLOUD_URL. */
	origin: string;
	/** At least 16 characters. Without it there is no administrator. */
	adminKey?: string;
	/** Paths that belong to the app's http.ts, e.g. `/api/auth/`; `/http/*` always does. */
	httpActionPrefixes: string[];
	/** Given: pages of other origins can neither open sockets (403) nor read answers of the API. */
	allowedOrigins?: string[];
	/** A reverse proxy stands in front and appends the client's address to X-Forwarded-For. */
	trustProxy?: boolean;
	log: LogEvent;
	clock?: Clock;
	/** Default 'guarded': fetch of actions refuses private addresses unless allowed per request. */
	egress?: 'guarded' | 'open';
	/** For developers: clients see errors' text and functions' console output. Default false. */
	isDevelopment?: boolean;
	/**
	 * Numbers of the server for its own functions, added to those of `stats()`. Functions read them with
	 * `fetch(process.env[statsUrlEnv])`: an address only they know, answered in process, never over the network.
	 */
	serverStats?: () => Record<string, number | string>;
	/** Default 'EMBEDDED_STATS_URL'. */
	statsUrlEnv?: string;
}

export interface EmbeddedStats {
	/** Live query subscriptions over all sockets. */
	subscribers: number;
	sockets: number;
	/** File and write-ahead log. */
	databaseBytes: number;
	/** Resident memory of the whole process. */
	memoryBytes: number;
	cachedQueries: number;
	/** Nanoseconds since the epoch, as decimal text. */
	latestTs: string;
}

export interface EmbeddedDeployment {
	/** True: taken, and will be answered. False: not ours, untouched. */
	handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
	/** False leaves the socket alone: it may be somebody else's, e.g. Vite's. */
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
	/** The HTTP API without the network, for server-side rendering. `from.ip`: whom the call is made for. */
	fetch(request: Request, from?: { ip?: string | null }): Promise<Response>;
	readonly runner: FunctionRunner;
	/** Reloads the functions; subscriptions survive. On failure the old ones keep serving. @throws PushError */
	push(): Promise<void>;
	/** Pushes when a source file in the functions' folder, or one of these, changes. Returns how to stop. */
	watch(alsoFolders?: string[]): () => void;
	stats(): EmbeddedStats;
	close(): Promise<void>;
}

/** A key that can be guessed is worse than none. */
const MIN_ADMIN_KEY_CHARACTERS = 16;
/** Not served over the network; a page there would be the app's. */
const STATS_PATH = '/api/embedded/stats/';
const STATS_SECRET_BYTES = 24;

/** @throws PushError when the functions do not load, FunctionError when the data folder cannot be used */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDeployment> {
	const { log, functionsDir, dataDir, adminKey } = options;
	if (adminKey !== undefined && adminKey.length < MIN_ADMIN_KEY_CHARACTERS) {
		throw new Error(`The admin key needs at least ${MIN_ADMIN_KEY_CHARACTERS} characters.`);
	}
	const clock = options.clock ?? systemClock;
	const origin = new URL(options.origin).origin;
	mkdirSync(dataDir, { recursive: true, mode: 0o700 });
	const storage = openStorage({ file: path.join(dataDir, 'convex.sqlite'), clock, log });
	const statsPath = STATS_PATH + randomBytes(STATS_SECRET_BYTES).toString('base64url');
	let edges: Edges | null = null;
	try {
		const functions = await createFunctionRunner({
			storage,
			// The bundler names its outputs by real paths.
			folder: realpathSync(functionsDir),
			env: { ...options.env, [options.statsUrlEnv ?? 'EMBEDDED_STATS_URL']: origin + statsPath },
			clock,
			log,
			siteUrl: origin,
			dataDir,
			egress: options.egress,
			// Functions may run at import, before there are edges; there is nothing to ask then.
			ownOriginFetch: async (request) =>
				edges?.fetchAsFunction(request) ?? new Response(null, { status: 503 }),
			showErrors: options.isDevelopment,
		});
		edges = createEdges({
			runner: functions,
			files: functions.files,
			kindOf: (...address) => functions.kindOf(...address),
			latestTs: () => storage.latestTs(),
			// A commit may be announced while a function is on the stack; what follows from it is not that function's.
			onCommit: (listener) => storage.onCommit((commit) => runOutside(() => listener(commit))),
			clock,
			log,
			origin,
			httpActionPrefixes: options.httpActionPrefixes,
			adminKey,
			allowedOrigins: options.allowedOrigins,
			trustProxy: options.trustProxy,
			showLogLines: options.isDevelopment,
			instanceName: instanceName(storage),
			version: convexVersion,
			serverStats: {
				path: statsPath,
				read: () => ({ ...stats(), ...options.serverStats?.() }),
			},
		});
		const started = edges;
		const stats = (): EmbeddedStats => ({
			...started.stats(),
			databaseBytes: storage.sizeBytes(),
			memoryBytes: process.memoryUsage.rss(),
			latestTs: String(storage.latestTs()),
		});
		await functions.startScheduler();
		const push = async () => {
			const report = await functions.push();
			log('functions.pushed', { ...report });
		};
		let isClosed = false;
		return {
			handleRequest: started.handleRequest,
			handleUpgrade: started.handleUpgrade,
			fetch: started.fetch,
			runner: functions,
			push,
			watch: (alsoFolders = []) =>
				watchFolders([functionsDir, ...alsoFolders], { push, clock, log }),
			stats,
			async close() {
				if (isClosed) return;
				isClosed = true;
				await started.close();
				await functions.stop();
				await storage.close();
			},
		};
	} catch (error) {
		await storage.close();
		throw error;
	}
}

function instanceName(storage: {
	getMeta(key: string): string | null;
	setMeta(key: string, value: string): void;
}): string {
	const known = storage.getMeta('instanceName');
	if (known !== null) return known;
	const name = `embedded-${randomBytes(4).toString('hex')}`;
	storage.setMeta('instanceName', name);
	return name;
}
