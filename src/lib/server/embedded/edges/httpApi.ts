/** The HTTP side of the deployment: which paths are its own, and who answers them. */
import { requireAdmin, type AdminApi } from '../admin/adminApi.ts';
import { AuthFailure, type Authenticator, type Origination } from './auth.ts';
import type { OriginPolicy } from './cors.ts';
import { respondToFiles } from './httpFiles.ts';
import {
	parseFunctionRequest,
	parseQueryString,
	parseRunRequest,
	runFunctionRequest,
	type FunctionEndpointOptions,
	type FunctionKind,
	type FunctionRequest,
} from './httpFunctions.ts';
import { respondWithKeys } from './httpKeys.ts';
import { HttpFailure, readBody } from './httpMessages.ts';
import { JWKS_PATH } from '../functions/jwtSigner.ts';
import type { FileAccess } from '../functions/runnerOptions.ts';
import { encodeTs } from '../sync/syncMessages.ts';
import { isSyncPath } from '../sync/syncProtocol.ts';
import type { Caller, LogEvent } from '../types.ts';

export interface HttpApiOptions extends FunctionEndpointOptions {
	auth: Authenticator;
	origins: OriginPolicy;
	files: FileAccess;
	log: LogEvent;
	/** Paths below these go to the app's http.ts unchanged; `/http/*` goes there without its prefix. */
	httpActionPrefixes: readonly string[];
	/** Default true: HTTP actions are reachable on the API's origin, and on no other. */
	isSharedOrigin?: boolean;
	instanceName: string;
	version: string;
	/** Without it there are no endpoints for administrators. */
	admin?: AdminApi;
	/** Default 20 MiB, what Convex takes for HTTP actions. */
	maxBodyBytes?: number;
}

export interface HttpApi {
	takes(pathname: string): boolean;
	/** Never rejects. 404 for a path that is not taken. */
	respond(request: Request, from: Origination): Promise<Response>;
	/** As an address where every path is an HTTP action. Never rejects. */
	respondAsSite(request: Request, from: Origination): Promise<Response>;
}

const DEFAULT_MAX_BODY_BYTES = 20 * 1024 * 1024;
const FUNCTION_PATHS: Record<string, FunctionKind> = {
	'/api/query': 'query',
	'/api/query_at_ts': 'query',
	'/api/mutation': 'mutation',
	'/api/action': 'action',
	'/api/function': 'any',
};
const OTHER_PATHS = new Set([
	'/version',
	'/instance_name',
	'/instance_version',
	'/api/query_ts',
	'/api/debug_event',
	'/echo',
	JWKS_PATH,
]);
const RUN_PREFIX = '/api/run/';
const FILES_PREFIX = '/api/storage/';
const HTTP_PREFIX = '/http/';

export function createHttpApi(options: HttpApiOptions): HttpApi {
	const { auth, origins, log, runner } = options;
	const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;

	const isHttpAction = (pathname: string) =>
		pathname.startsWith(HTTP_PREFIX) ||
		options.httpActionPrefixes.some(
			(prefix) => pathname.startsWith(prefix) || pathname === prefix.replace(/\/$/, ''),
		);
	const isApi = (pathname: string) =>
		Object.hasOwn(FUNCTION_PATHS, pathname) ||
		OTHER_PATHS.has(pathname) ||
		pathname.startsWith(RUN_PREFIX) ||
		pathname.startsWith(FILES_PREFIX) ||
		options.admin?.takes(pathname) === true ||
		isSyncPath(pathname);

	const callerOf = (request: Request, from: Origination): Promise<Caller> =>
		auth.callerFor(request.headers.get('authorization'), from);

	const functionRequestOf = async (request: Request, url: URL): Promise<FunctionRequest> => {
		const { pathname, searchParams } = url;
		if (pathname === '/api/query' && request.method === 'GET')
			return parseQueryString(searchParams);
		if (request.method !== 'POST') {
			throw new HttpFailure(405, 'MethodNotAllowed', `Use POST for ${pathname}.`);
		}
		const text = (await readBody(request, maxBodyBytes)).toString('utf8');
		if (!pathname.startsWith(RUN_PREFIX)) {
			const kind = FUNCTION_PATHS[pathname]!;
			return parseFunctionRequest(kind, text, pathname === '/api/query_at_ts');
		}
		return parseRunRequest(decodeSegments(pathname.slice(RUN_PREFIX.length)), text);
	};

	const respondToApi = async (request: Request, url: URL, from: Origination) => {
		const { pathname } = url;
		if (request.method === 'OPTIONS') return origins.preflight(request);
		if (pathname.startsWith(FILES_PREFIX)) {
			return respondToFiles(request, url, options.files, maxBodyBytes);
		}
		if (Object.hasOwn(FUNCTION_PATHS, pathname) || pathname.startsWith(RUN_PREFIX)) {
			// Who is asking comes first: a refused caller's body is not looked at.
			const caller = await callerOf(request, from);
			// It names components and tells what a path is.
			if (pathname === '/api/function') requireAdmin(caller);
			return runFunctionRequest(await functionRequestOf(request, url), caller, options);
		}
		if (options.admin?.takes(pathname)) {
			return options.admin.respond(request, url, await callerOf(request, from));
		}
		if (isSyncPath(pathname)) {
			throw new HttpFailure(426, 'UpgradeRequired', 'This address speaks WebSocket only.');
		}
		switch (pathname) {
			case '/api/query_ts':
				return Response.json({ ts: encodeTs(await runner.pinSnapshot()) });
			case JWKS_PATH:
				return respondWithKeys(runner, request, from, options.isSharedOrigin ?? true);
			case '/echo':
				return new Response(new Uint8Array(await readBody(request, maxBodyBytes)));
			case '/api/debug_event':
				await readBody(request, maxBodyBytes);
				return new Response(null, { status: 200 });
			case '/instance_name':
				return new Response(options.instanceName);
			default:
				return new Response(options.version);
		}
	};

	const respondToHttpAction = async (request: Request, target: URL, from: Origination) => {
		const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
		const forwarded = new Request(target, {
			method: request.method,
			headers: trustedHeaders(request.headers, from),
			...(hasBody ? { body: new Uint8Array(await readBody(request, maxBodyBytes)) } : {}),
		});
		// Apps put schemes of their own into this header: what we cannot read must not fail the request.
		const caller = await callerOf(request, from).catch((): Caller => {
			return { identity: null, isAdmin: false, authToken: null, ...from };
		});
		return runner.runHttpAction(forwarded, { ...caller, isAdmin: false });
	};

	return {
		takes: (pathname) => isApi(pathname) || isHttpAction(pathname),
		async respondAsSite(request, from) {
			const url = new URL(request.url);
			try {
				return await respondToHttpAction(request, url, from);
			} catch (error) {
				return refusal(error, url.pathname);
			}
		},
		async respond(request, from) {
			const url = new URL(request.url);
			const isOwnApi = isApi(url.pathname);
			let response: Response;
			try {
				if (isOwnApi) response = await respondToApi(request, url, from);
				else if (isHttpAction(url.pathname)) {
					const target = new URL(url);
					if (url.pathname.startsWith(HTTP_PREFIX)) {
						target.pathname = url.pathname.slice(HTTP_PREFIX.length - 1);
					}
					return await respondToHttpAction(request, target, from);
				} else throw new HttpFailure(404, 'NotFound', 'There is nothing at this address.');
			} catch (error) {
				response = refusal(error, url.pathname);
			}
			if (isOwnApi && request.method !== 'OPTIONS') {
				const headers = origins.headersFor(request.headers.get('origin'));
				for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
			}
			return response;
		},
	};

	function refusal(error: unknown, path: string): Response {
		if (error instanceof HttpFailure) return error.toResponse();
		if (error instanceof AuthFailure) {
			const status = error.isTemporary ? 503 : 401;
			return Response.json({ code: error.code, message: error.message }, { status });
		}
		log('http.failed', { path, message: error instanceof Error ? error.message : String(error) });
		return new HttpFailure(
			500,
			'InternalServerError',
			'The server failed to answer. Try again; if it stays, look into the server log.',
		).toResponse();
	}
}

/** What only a proxy may say is said by us or not at all. */
function trustedHeaders(given: Headers, from: Origination): Headers {
	const headers = new Headers(given);
	for (const name of [...headers.keys()]) {
		if (name.startsWith('x-better-auth-forwarded-')) headers.delete(name);
	}
	for (const name of ['forwarded', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']) {
		headers.delete(name);
	}
	if (from.ip === null) headers.delete('x-forwarded-for');
	else headers.set('x-forwarded-for', from.ip);
	return headers;
}

function decodeSegments(path: string): string[] {
	try {
		return path.split('/').filter(Boolean).map(decodeURIComponent);
	} catch {
		throw new HttpFailure(400, 'BadRequest', 'The URL is not encoded correctly.');
	}
}
