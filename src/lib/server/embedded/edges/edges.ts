/** Everything between the outside and the functions: HTTP, WebSocket, in-process calls, shared query results. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AdminApi } from '../admin/adminApi.ts';
import { createAuthenticator, isSameSecret, type Authenticator, type Origination } from './auth.ts';
import { originPolicy } from './cors.ts';
import { createIssuerReader, readIssuerJson } from './fetchJson.ts';
import { createHttpApi, type HttpApi, type HttpApiOptions } from './httpApi.ts';
import { clientAddress, HttpFailure, sendWebResponse, toWebRequest } from './httpMessages.ts';
import { createKeySets } from './jwks.ts';
import type { FileAccess } from '../functions/runnerOptions.ts';
import { QueryCache } from '../sync/subscriptions.ts';
import { createSyncServer } from '../sync/syncProtocol.ts';
import type { Caller, Clock, Commit, FunctionRunner, LogEvent, Timestamp } from '../types.ts';

export interface EdgeOptions {
	runner: FunctionRunner;
	files: FileAccess;
	kindOf: HttpApiOptions['kindOf'];
	latestTs: () => Timestamp;
	/** Listeners must hear of a commit before a snapshot can show it. */
	onCommit: (listener: (commit: Commit) => void) => () => void;
	clock: Clock;
	log: LogEvent;
	/** Public origin, without a slash at the end. */
	origin: string;
	/** Public URL below which HTTP actions are reachable; default `origin`. On an origin of its own every path is one. */
	siteUrl?: string;
	admin?: AdminApi;
	httpActionPrefixes: readonly string[];
	adminKey?: string;
	/** Pages of other origins that may read the API and open sockets; undefined: any may. */
	allowedOrigins?: readonly string[];
	/** True: one reverse proxy stands in front and appends the client's address to X-Forwarded-For. */
	trustProxy?: boolean;
	showLogLines?: boolean;
	instanceName: string;
	version: string;
	/** Numbers of the server for its own functions, at an address that only they know. */
	serverStats?: { path: string; read: () => Record<string, number | string> };
	maxBodyBytes?: number;
	maxSockets?: number;
	/** How remote key sets are read; tests replace it. */
	fetchJson?: (url: string) => Promise<unknown>;
}

export interface Edges {
	/** True: the request is answered here. False: it is untouched. */
	handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
	/** For a port of its own: every path is an HTTP action. */
	handleSiteRequest(request: IncomingMessage, response: ServerResponse): void;
	/** True: the upgrade is answered here. False: the socket is untouched. */
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
	/** The same API without the network. `from.ip`: whom the call is made for; nobody in particular without it. */
	fetch(request: Request, from?: { ip?: string | null }): Promise<Response>;
	/** What functions fetch from their own origin: the API, HTTP actions at any path, and the server's numbers. */
	fetchAsFunction(request: Request): Promise<Response>;
	stats(): { subscribers: number; sockets: number; cachedQueries: number };
	/** Something outside the database that results depend on has changed. */
	invalidateAll(): void;
	readonly auth: Authenticator;
	close(): Promise<void>;
}

export function createEdges(options: EdgeOptions): Edges {
	const { runner, clock, log, origin, latestTs, showLogLines } = options;
	const origins = originPolicy(origin, options.allowedOrigins);
	const remoteJson = options.fetchJson ?? createIssuerReader();
	const siteUrl = new URL(options.siteUrl ?? origin);
	const ownOrigins = [origin, siteUrl.origin];
	const isSharedOrigin = siteUrl.origin === origin;
	const keySets = createKeySets(
		clock,
		// Our own keys are read in process: the public address may not be reachable from here (proxy, TLS, NAT).
		async (url) =>
			ownOrigins.some((own) => url.startsWith(`${own}/`))
				? readIssuerJson(await fetchAsFunction(new Request(url, ownHeaders)))
				: remoteJson(url),
		ownOrigins,
	);
	const auth = createAuthenticator({
		clock,
		keySets,
		providers: () => runner.authProviders(),
		adminKey: options.adminKey,
	});
	const cache = new QueryCache({ runner, latestTs, log, showLogLines });
	const api = createHttpApi({ ...options, cache, auth, origins, isSharedOrigin });
	const originationOf = (request: IncomingMessage): Origination => ({
		ip: clientAddress(request, options.trustProxy ?? false),
		userAgent: request.headers['user-agent'] ?? null,
	});
	const sync = createSyncServer({
		runner,
		cache,
		auth,
		clock,
		log,
		latestTs,
		showLogLines,
		originationOf,
		isAllowedOrigin: origins.allowsSocket,
		maxSockets: options.maxSockets,
	});
	const invalidateAll = () => {
		keySets.clear();
		cache.invalidateAll();
		sync.refreshAll();
	};
	const stopListening = [
		options.onCommit((commit) => (commit.isWholesale ? invalidateAll() : cache.onCommit(commit))),
		runner.onPush(invalidateAll),
	];

	return {
		auth,
		invalidateAll,
		handleRequest(request, response) {
			if (!api.takes(pathnameOf(request.url, origin))) return false;
			void answer(request, response, origin, api.respond);
			return true;
		},
		handleSiteRequest(request, response) {
			void answer(request, response, siteUrl.origin, api.respondAsSite);
		},
		handleUpgrade: (request, socket, head) => sync.handleUpgrade(request, socket, head),
		fetch(request, from) {
			const userAgent = request.headers.get('user-agent');
			return api.respond(request, { ip: from?.ip ?? null, userAgent });
		},
		fetchAsFunction,
		stats: () => ({ ...sync.stats(), cachedQueries: cache.size }),
		async close() {
			for (const stop of stopListening) stop();
			await sync.close();
		},
	};

	async function fetchAsFunction(request: Request): Promise<Response> {
		const { pathname, origin: asked } = new URL(request.url);
		if (asked !== origin) return api.respondAsSite(request, ownAddress);
		const { serverStats } = options;
		if (serverStats && isSameSecret(pathname, serverStats.path)) {
			return Response.json(serverStats.read());
		}
		if (api.takes(pathname)) return api.respond(request, ownAddress);
		// On real deployments HTTP actions have an origin of their own and start at its root.
		return runner.runHttpAction(request, nobody);
	}

	async function answer(
		incoming: IncomingMessage,
		outgoing: ServerResponse,
		origin: string,
		respond: HttpApi['respond'],
	): Promise<void> {
		let response: Response;
		try {
			const request = toWebRequest(incoming, origin);
			response = await respond(request, originationOf(incoming));
		} catch (error) {
			// A request the Fetch standard cannot hold, e.g. with a broken header or address.
			response = (
				error instanceof HttpFailure
					? error
					: new HttpFailure(400, 'BadRequest', 'The request is malformed.')
			).toResponse();
		}
		await sendWebResponse(response, outgoing, incoming.method ?? 'GET');
	}
}

/** Who asks is this server itself; without an address, rate limits of apps would count such calls as one stranger's. */
const ownAddress: Origination = { ip: '127.0.0.1', userAgent: null };
const ownHeaders = { headers: { 'x-forwarded-for': '127.0.0.1' } };
const nobody: Caller = { identity: null, isAdmin: false, authToken: null, ...ownAddress };

/** '' for an address that is not a path of ours. */
function pathnameOf(url: string | undefined, origin: string): string {
	// "//host/path" and absolute forms would otherwise be read as other hosts.
	if (!url?.startsWith('/') || !URL.canParse(origin + url)) return '';
	return new URL(origin + url).pathname;
}
