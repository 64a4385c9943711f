/**
 * The embedded Convex deployment: runs the functions of a convex folder over SQLite and speaks Convex's own protocols,
 * so that the official clients work unchanged. This file is the room's only door.
 */
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { version as convexVersion } from 'convex';
import { createAdminApi } from './admin/adminApi.ts';
import { ExecutionLog } from './admin/executionLog.ts';
import { EXECUTION_EVENT, type ExecutionRecord } from './admin/executionRecords.ts';
import { systemClock } from './clock.ts';
import { makeFolder } from './storage/durableFolder.ts';
import type { Edges } from './edges/edges.ts';
import { dataFolder } from './operate/dataFolder.ts';
import { OfficialExport } from './operate/officialExport.ts';
import { OfficialImport } from './operate/officialImport.ts';
import { type StateQueries, withStateQueries } from './operate/officialStates.ts';
import { withOperateApi } from './operate/operateApi.ts';
import { FunctionError, type Clock, type FunctionRunner, type LogEvent } from './types.ts';
import { useUtc } from './functions/utcTime.ts';
import { watchFolders } from './bundles/watchFolders.ts';
import {
	type EngineHost,
	type EngineSettings,
	type EngineSurroundings,
} from './worker/engineTypes.ts';
import { IsolatedEngine, type IsolationOptions } from './worker/isolatedEngine.ts';

export type { Clock, LogEvent } from './types.ts';

export interface EmbeddedOptions {
	/** The convex folder. */
	functionsDir: string;
	/** Database, stored files and bundles; created when missing. */
	dataDir: string;
	/** All that functions see as `process.env`, besides CONVEX_SITE_URL and CONVEX_CLOUD_URL. */
	env: Record<string, string>;
	/** Public URL of this server, e.g. `http://127.0.0.1:4321`; becomes CONVEX_CLOUD_URL, and CONVEX_SITE_URL by default. */
	origin: string;
	/** Where HTTP actions are reachable: `origin`, a path of it, or an origin served with `handleSiteRequest`. */
	siteUrl?: string;
	/**
	 * Deployment variables, put into the store at start; the others in it stay. Unlike `env`, administrators see them and
	 * can change them while the deployment runs. What `env` holds hides a variable of the same name.
	 */
	variables?: Record<string, string>;
	/** At least 16 characters, except in development. Without it there is no administrator. */
	adminKey?: string;
	/** Paths that belong to the app's http.ts, e.g. `/api/auth/`; `/http/*` always does. */
	httpActionPrefixes: string[];
	/** Given: pages of other origins can neither open sockets (403) nor read answers of the API. */
	allowedOrigins?: string[];
	/** A reverse proxy stands in front and appends the client's address to X-Forwarded-For. */
	trustProxy?: boolean;
	log: LogEvent;
	/** Given: storage and functions stay in this thread, where nothing can stop a function that never pauses. */
	clock?: Clock;
	/** Of the thread that storage and functions have to themselves. */
	isolation?: IsolationOptions;
	/** Default 'guarded': fetch of actions refuses private addresses unless allowed per request. */
	egress?: 'guarded' | 'open';
	/** For developers: clients see errors' text and functions' console output. Default false. */
	isDevelopment?: boolean;
	/**
	 * Numbers of the server for its own functions, added to those of `stats()`. Functions read them with
	 * `fetch(process.env[statsUrlEnv])`: an address only they know, answered in process, never over the network.
	 * Left out: there is no such variable, as in any other deployment.
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
	/** 'readOnly': the disk is full or failing. Queries go on, and changes as soon as it takes them again. */
	storage: 'writable' | 'readOnly';
}

export interface EmbeddedDeployment {
	/** True: taken, and will be answered. False: not ours, untouched. */
	handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
	/** For a port of its own, named by `siteUrl`: every path is an HTTP action. */
	handleSiteRequest(request: IncomingMessage, response: ServerResponse): void;
	/** False leaves the socket alone: it may be somebody else's, e.g. Vite's. */
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
	/** The HTTP API without the network, for server-side rendering. `from.ip`: whom the call is made for. */
	fetch(request: Request, from?: { ip?: string | null }): Promise<Response>;
	readonly runner: FunctionRunner;
	readonly instanceName: string;
	/** Of the functions that serve. */
	summary(): Promise<{ functions: number; components: string[] }>;
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
	useUtc();
	if (adminKey !== undefined && adminKey.length < MIN_ADMIN_KEY_CHARACTERS) {
		const message = `The admin key needs at least ${MIN_ADMIN_KEY_CHARACTERS} characters.`;
		if (!options.isDevelopment) throw new FunctionError('AdminKeyTooShort', message);
		log('adminKey.weak', { message });
	}
	const clock = options.clock ?? systemClock;
	const origin = new URL(options.origin).origin;
	const siteUrl = (options.siteUrl ?? origin).replace(/\/$/, '');
	const executionLog = new ExecutionLog(clock);
	makeFolder(path.resolve(dataDir));
	const statsPath = STATS_PATH + randomBytes(STATS_SECRET_BYTES).toString('base64url');
	const settings: EngineSettings = {
		// The bundler names its outputs by real paths.
		functionsDir: realpathSync(functionsDir),
		dataDir: path.resolve(dataDir),
		env: {
			...options.env,
			...(options.serverStats && {
				[options.statsUrlEnv ?? 'EMBEDDED_STATS_URL']: origin + statsPath,
			}),
		},
		variables: options.variables,
		// Only administrators read them.
		recordExecutions: adminKey !== undefined,
		siteUrl,
		cloudUrl: origin,
		egress: options.egress,
		showErrors: options.isDevelopment,
	};
	let edges: Edges | null = null;
	let storage: EmbeddedStats['storage'] = 'writable';
	const surroundings: EngineSurroundings = {
		log: (event, fields) => {
			if (event === 'storage.readOnly') storage = 'readOnly';
			// An engine that replaces another has opened the store anew.
			else if (event === 'storage.writable' || event === 'engine.replaced') storage = 'writable';
			if (event !== EXECUTION_EVENT) log(event, fields);
			else executionLog.add(fields as unknown as ExecutionRecord);
		},
		// Functions may run at import, before there are edges; there is nothing to ask then.
		ownOriginFetch: async (request) =>
			edges?.fetchAsFunction(request) ?? new Response(null, { status: 503 }),
	};
	// A clock of the caller's stays in the caller's thread, and so does what asks it.
	const starting: Promise<EngineHost> = options.clock
		? import('./worker/engineHost.ts').then(({ hostInThread }) =>
				hostInThread(settings, { ...surroundings, clock }),
			)
		: IsolatedEngine.start(settings, surroundings, options.isolation);
	// Loading the edges takes as long as half of the engine's start; both have a processor of their own.
	const [engine, { createEdges }] = await Promise.all([starting, import('./edges/edges.ts')]);
	const { functions, instanceName: name } = engine;
	const folder = dataFolder(dataDir);
	const forget = () => edges?.invalidateAll();
	const exports = new OfficialExport(folder, log, forget);
	const imports = new OfficialImport(folder, functions, log, forget);
	const states: StateQueries = {
		'_system/cli/exports:getLatest': () => exports.latest(),
		'_system/cli/queryImport:list': () => imports.list(),
		'_system/cli/queryImport:default': ({ importId }) => imports.find(importId),
	};
	try {
		edges = createEdges({
			runner: { ...functions, ...withStateQueries(functions, states, () => engine.latestTs()) },
			files: functions.files,
			kindOf: (...address) => functions.kindOf(...address),
			latestTs: () => engine.latestTs(),
			onCommit: (listener) => engine.onCommit(listener),
			clock,
			log,
			origin,
			siteUrl,
			admin: withOperateApi(
				{ folder, functions, official: [exports, imports] },
				createAdminApi({ functions, executionLog, cloudUrl: origin, siteUrl }),
			),
			httpActionPrefixes: options.httpActionPrefixes,
			adminKey,
			allowedOrigins: options.allowedOrigins,
			trustProxy: options.trustProxy,
			showLogLines: options.isDevelopment,
			instanceName: name,
			version: convexVersion,
			serverStats: {
				path: statsPath,
				read: () => ({ ...stats(), ...options.serverStats?.() }),
			},
		});
		const started = edges;
		const stats = (): EmbeddedStats => ({
			...started.stats(),
			databaseBytes: engine.sizeBytes(),
			memoryBytes: process.memoryUsage.rss(),
			latestTs: String(engine.latestTs()),
			storage,
		});
		await functions.startScheduler();
		const push = async () => {
			const report = await functions.push();
			log('functions.pushed', { ...report });
		};
		let isClosed = false;
		return {
			handleRequest: started.handleRequest,
			handleSiteRequest: started.handleSiteRequest,
			handleUpgrade: started.handleUpgrade,
			fetch: started.fetch,
			runner: functions,
			instanceName: name,
			summary: () => functions.summary(),
			push,
			watch: (alsoFolders = []) =>
				watchFolders([functionsDir, ...alsoFolders], { push, clock, log }),
			stats,
			async close() {
				if (isClosed) return;
				isClosed = true;
				executionLog.close();
				await started.close();
				await engine.close();
			},
		};
	} catch (error) {
		await engine.close();
		throw error;
	}
}
