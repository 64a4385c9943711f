/**
 * `fetch` for actions. Addresses are checked inside the connection's own lookup, so that no second resolution can give
 * another answer (DNS rebinding), and again for every redirect, since each opens a connection of its own.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { buildConnector, Dispatcher } from 'undici';
import { isMetadataHost, judgeAddress } from './addressRules.ts';
import { runOutside } from './execution.ts';

/** What `fetch` of functions takes beyond the standard. */
export interface EgressInit extends RequestInit {
	/** Private addresses the owner allowed, as "host:port" of the URL. */
	egress?: { allow: string[] };
}

export type EgressCode = 'EGRESS_PRIVATE_ADDRESS' | 'EGRESS_FORBIDDEN';

export class EgressError extends Error {
	readonly code: EgressCode;
	/** "host:port" as an allow list would name it. */
	readonly host: string;
	/** The address that was refused; the host itself when it was refused by name. */
	readonly address: string;
	constructor(code: EgressCode, host: string, address: string) {
		super(
			code === 'EGRESS_FORBIDDEN'
				? `${host} (${address}) hands out this machine's credentials and can never be reached from functions.`
				: `${host} is a private address (${address}). The owner may allow it for this connection.`,
		);
		this.name = 'EgressError';
		this.code = code;
		this.host = host;
		this.address = address;
	}
}

type Resolve = (
	hostname: string,
	done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

export interface EgressOptions {
	isOpen: boolean;
	/** Requests to them are answered in process: they may not be reachable from here (proxy, TLS, NAT). */
	ownOrigins: readonly string[];
	ownFetch: (request: Request) => Promise<Response>;
	/** For tests. Default: the system's resolver. */
	resolve?: Resolve;
}

type Undici = typeof import('undici');
type UndiciResponse = Awaited<ReturnType<Undici['fetch']>>;
/** With the first request that leaves: neither a start nor a page needs it. */
const loadUndici = (): Promise<Undici> => runOutside(() => import('undici'));

/** Agents kept: connections opened with leave must never be reused by requests without it, so each list has its own. */
const MAX_AGENTS = 64;
const EMPTY_BODY_STATUSES = new Set([101, 204, 205, 304]);

const systemResolve: Resolve = (hostname, done) =>
	dnsLookup(hostname, { all: true }, (error, addresses) => done(error, addresses));

export function createEgressFetch(options: EgressOptions): typeof globalThis.fetch {
	const realFetch = globalThis.fetch;
	const resolve = options.resolve ?? systemResolve;
	const agents = new Map<string, Dispatcher>();

	function agentFor(undici: Undici, allow: string[]): Dispatcher {
		const key = JSON.stringify([...allow].sort());
		let agent = agents.get(key);
		if (!agent) {
			const connect = guardedConnector(undici, new Set(allow), resolve);
			agent = new undici.Agent({ connect });
			if (agents.size >= MAX_AGENTS) {
				const [oldest] = agents.keys();
				void agents.get(oldest!)!.close();
				agents.delete(oldest!);
			}
		} else agents.delete(key);
		agents.set(key, agent);
		return agent;
	}

	return async (input, init?: EgressInit) => {
		const { egress, ...standard } = init ?? {};
		const request = new Request(input, standard);
		const url = new URL(request.url);
		if (options.ownOrigins.includes(url.origin))
			return abortable(options.ownFetch(request), request.signal);
		if (options.isOpen || !/^https?:$/.test(url.protocol)) return realFetch(request);
		const allow = (egress?.allow ?? []).map((host) => host.toLowerCase());
		try {
			const undici = await loadUndici();
			const agent = agentFor(undici, allow);
			return toGlobalResponse(await send(undici, request, standard.body, agent));
		} catch (error) {
			throw findEgressError(error) ?? error;
		}
	};
}

/** Bytes rather than a stream where possible: the request then has a Content-Length, as servers expect. */
async function send(
	undici: Undici,
	request: Request,
	body: RequestInit['body'],
	dispatcher: Dispatcher,
): Promise<UndiciResponse> {
	const isStream = body instanceof ReadableStream;
	const bytes =
		request.body === null || isStream ? null : new Uint8Array(await request.arrayBuffer());
	return undici.fetch(request.url, {
		method: request.method,
		headers: [...request.headers],
		body: isStream ? (request.body as never) : bytes,
		...(isStream ? { duplex: 'half' as const } : {}),
		redirect: request.redirect,
		signal: request.signal,
		dispatcher,
	});
}

function guardedConnector(
	undici: Undici,
	allow: ReadonlySet<string>,
	resolve: Resolve,
): buildConnector.connector {
	return (options, callback) => {
		const port = options.port || (options.protocol === 'https:' ? '443' : '80');
		const bare = options.hostname.replace(/^\[|\]$/g, '');
		const host = `${isIP(bare) === 6 ? `[${bare}]` : bare}:${port}`.toLowerCase();
		const check = (address: string): EgressError | null => {
			const verdict = isMetadataHost(bare) ? 'metadata' : judgeAddress(address);
			if (verdict === 'metadata') return new EgressError('EGRESS_FORBIDDEN', host, address);
			if (verdict === 'public' || allow.has(host)) return null;
			return new EgressError('EGRESS_PRIVATE_ADDRESS', host, address);
		};
		// An address literal is connected to without a lookup.
		const refusal = isIP(bare) || isMetadataHost(bare) ? check(bare) : null;
		if (refusal) return callback(refusal, null);
		const connect = undici.buildConnector({
			lookup: (hostname, { all }, done) =>
				resolve(hostname, (error, addresses) => {
					const refused = addresses?.map(({ address }) => check(address)).find(Boolean);
					if (error || refused) return done(error ?? refused!, '', 0);
					if (all)
						return (done as unknown as (e: null, found: LookupAddress[]) => void)(null, addresses);
					done(null, addresses[0]!.address, addresses[0]!.family);
				}),
		});
		connect(options, callback);
	};
}

/** undici's own Response is another class: `instanceof Response` would fail, and servers would not send it. */
function toGlobalResponse(response: UndiciResponse): Response {
	const { status, statusText, url, redirected } = response;
	const body = EMPTY_BODY_STATUSES.has(status) ? null : (response.body as ReadableStream | null);
	const copy = new Response(body, { status, statusText, headers: [...response.headers] });
	Object.defineProperties(copy, { url: { value: url }, redirected: { value: redirected } });
	return copy;
}

function findEgressError(error: unknown): EgressError | null {
	for (let cause = error; cause instanceof Error; cause = cause.cause) {
		if (cause instanceof EgressError) return cause;
		if (cause instanceof AggregateError) {
			const inner = cause.errors.find((one) => one instanceof EgressError) as
				EgressError | undefined;
			if (inner) return inner;
		}
	}
	return null;
}

function abortable(response: Promise<Response>, signal: AbortSignal): Promise<Response> {
	if (signal.aborted) {
		response.catch(() => {});
		return Promise.reject(signal.reason as Error);
	}
	return new Promise((resolve, reject) => {
		const abort = (): void => reject(signal.reason as Error);
		signal.addEventListener('abort', abort, { once: true });
		response.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
	});
}
