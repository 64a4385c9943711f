/** The function endpoints of the HTTP API: /api/query, /api/mutation, /api/action, /api/function, /api/run/*. */
import { HttpFailure } from './httpMessages.ts';
import { isJsonObject } from '../storage/jsonValues.ts';
import { plainJson } from './plainJson.ts';
import { prepareQuery, type QueryCache } from '../sync/subscriptions.ts';
import { decodeTs, isTooDeep, singleArgument } from '../sync/syncMessages.ts';
import type {
	Caller,
	FunctionCall,
	FunctionOutcome,
	FunctionRunner,
	JsonValue,
	QueryOutcome,
	Timestamp,
} from '../types.ts';

export type FunctionKind = 'query' | 'mutation' | 'action' | 'any';

export interface FunctionRequest {
	kind: FunctionKind;
	component: string;
	path: string;
	args: JsonValue;
	/** 'json': int64, bytes and special numbers as plain text, for callers without the Convex client. */
	format: 'json' | 'convex_encoded_json';
	/** Only /api/query_at_ts. */
	atTs: Timestamp | null;
}

export interface FunctionEndpointOptions {
	runner: FunctionRunner;
	cache: QueryCache;
	latestTs: () => Timestamp;
	/** For callers that do not say; null: no such function, answered as a query of that name would be. */
	kindOf: (
		component: string,
		path: string,
		isAdmin: boolean,
	) => 'query' | 'mutation' | 'action' | null;
	showLogLines?: boolean;
}

const bad = (message: string) => new HttpFailure(400, 'BadRequest', message);

/** @throws HttpFailure 400 */
export function parseFunctionRequest(
	kind: FunctionKind,
	bodyText: string,
	needsTs: boolean,
): FunctionRequest {
	let body: JsonValue;
	try {
		body = JSON.parse(bodyText) as JsonValue;
	} catch {
		throw new HttpFailure(400, 'BadJsonBody', 'The request body is not JSON. Send a JSON object.');
	}
	if (!isJsonObject(body)) throw bad('The request body must be a JSON object.');
	if (typeof body.path !== 'string')
		throw bad('The request body needs a "path", as "module:name".');
	return functionRequest(kind, {
		path: body.path,
		args: body.args,
		format: body.format,
		componentPath: body.componentPath,
		ts: needsTs ? (body.ts ?? null) : undefined,
	});
}

/** GET /api/query?path=…&args=…&format=… */
export function parseQueryString(params: URLSearchParams): FunctionRequest {
	const path = params.get('path');
	if (path === null) throw bad('The URL needs a "path" parameter, as "module:name".');
	let args: JsonValue;
	try {
		args = JSON.parse(params.get('args') ?? '{}') as JsonValue;
	} catch {
		throw new HttpFailure(400, 'BadJsonBody', 'The "args" parameter is not JSON.');
	}
	return functionRequest('query', { path, args, format: params.get('format') ?? undefined });
}

/** POST /api/run/<directory>/<file>/<function> with `{args}`. */
export function parseRunRequest(segments: readonly string[], bodyText: string): FunctionRequest {
	if (segments.length < 2) throw bad('The URL must be /api/run/<module>/<function>.');
	let body: JsonValue;
	try {
		body = bodyText === '' ? {} : (JSON.parse(bodyText) as JsonValue);
	} catch {
		throw new HttpFailure(400, 'BadJsonBody', 'The request body is not JSON. Send a JSON object.');
	}
	if (!isJsonObject(body)) throw bad('The request body must be a JSON object.');
	const path = `${segments.slice(0, -1).join('/')}:${segments.at(-1)}`;
	return functionRequest('any', { path, args: body.args, format: body.format ?? 'json' });
}

function functionRequest(
	kind: FunctionKind,
	given: {
		path: string;
		args: JsonValue | undefined;
		format?: JsonValue | undefined;
		componentPath?: JsonValue | undefined;
		/** null: needed, and missing. */
		ts?: JsonValue | undefined;
	},
): FunctionRequest {
	const format = given.format ?? 'convex_encoded_json';
	if (format !== 'json' && format !== 'convex_encoded_json') {
		throw bad('The "format" must be "json" or "convex_encoded_json".');
	}
	const args = singleArgument(given.args ?? {});
	if (!args) throw bad('The "args" must be an object, or a list with one object.');
	if (isTooDeep(args)) throw bad('The "args" are nested too deeply.');
	const atTs = typeof given.ts === 'string' ? decodeTs(given.ts) : null;
	if (given.ts !== undefined && atTs === null)
		throw bad('The "ts" is not a timestamp of query_ts.');
	const component = typeof given.componentPath === 'string' ? given.componentPath : '';
	return { kind, component, path: given.path, args, format, atTs };
}

/**
 * Failures of user code are answered with status 200 and `status: "error"`: the official client throws away the body
 * of other statuses.
 */
export async function runFunctionRequest(
	request: FunctionRequest,
	caller: Caller,
	options: FunctionEndpointOptions,
): Promise<Response> {
	const { component, path, args, format, atTs } = request;
	if (atTs !== null && atTs > options.latestTs()) {
		throw bad('The "ts" lies in the future of this deployment.');
	}
	const call: FunctionCall = { component, path, args, caller };
	const kind =
		request.kind === 'any' ? options.kindOf(component, path, caller.isAdmin) : request.kind;
	if (atTs !== null) {
		// Never from the cache: what it holds may be newer.
		const [{ outcome }] = (await options.runner.runQueries([{ ...call, atTs }])) as [QueryOutcome];
		return toResponse(outcome, format, options.showLogLines ?? false);
	}
	if (kind === 'query' || kind === null) return runQuery(call, format, options);
	const outcome =
		kind === 'mutation'
			? (await options.runner.runMutation(call)).outcome
			: await options.runner.runAction(call);
	return toResponse(outcome, format, options.showLogLines ?? false);
}

async function runQuery(
	call: FunctionCall,
	format: FunctionRequest['format'],
	options: FunctionEndpointOptions,
): Promise<Response> {
	const result = await options.cache.evaluate(
		[prepareQuery(call, null)],
		0n,
		({ results }) => results[0]!,
	);
	const json = result.json !== null && format === 'json' ? inPlainJson(result.json) : result.json;
	const logLines = result.logLinesJson;
	const text = result.ok
		? `{"status":"success","value":${json},"logLines":${logLines}}`
		: `{"status":"error","errorMessage":${JSON.stringify(result.message)},` +
			(json === null ? '' : `"errorData":${json},`) +
			`"logLines":${logLines}}`;
	return new Response(text, { headers: { 'content-type': 'application/json' } });
}

const inPlainJson = (json: string) => JSON.stringify(plainJson(JSON.parse(json) as JsonValue));

function toResponse(
	outcome: FunctionOutcome,
	format: FunctionRequest['format'],
	showLogLines: boolean,
): Response {
	const encode = (value: JsonValue) => (format === 'json' ? plainJson(value) : value);
	const logLines = showLogLines ? outcome.logLines : [];
	if (outcome.ok) {
		return Response.json({ status: 'success', value: encode(outcome.value), logLines });
	}
	const { message, data } = outcome.failure;
	const errorData = data === undefined ? {} : { errorData: encode(data) };
	return Response.json({ status: 'error', errorMessage: message, ...errorData, logLines });
}
