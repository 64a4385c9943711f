import { ConnectorError, type ErrorDetail } from './errors.ts';
import { judgeUrl, type JudgedUrl } from './guard.ts';
import type {
	FailedResponse,
	FetchLike,
	HttpClient,
	HttpRequest,
	HttpResponse,
	RequestReport,
} from './http.ts';
import { Deadline, parseJson, readBody, realTimers, type Timers } from './httpBody.ts';
import { fromNetworkError } from './networkErrors.ts';
import type { Redactor } from './redaction.ts';
import { fromStatus } from './statusErrors.ts';
import type { Clock } from './sync.ts';

/** Bounds of one request. */
export interface HttpLimits {
	totalMs: number;
	idleMs: number;
	maxBytes: number;
	maxDepth: number;
	maxRedirects: number;
}

export const defaultHttpLimits: HttpLimits = {
	// A person waits for the connection test; a healthy API answers well within it.
	totalMs: 30_000,
	// One byte a second is not life.
	idleMs: 15_000,
	// The largest page a service sends is about 2 MB; 16 MB still fits any deployment's memory many times.
	maxBytes: 16 * 1024 * 1024,
	// Real answers nest below 20.
	maxDepth: 100,
	maxRedirects: 5,
};

export interface HttpClientOptions {
	fetch: FetchLike;
	clock: Clock;
	/** Requests go below it, and credentials go to its origin only. */
	baseUrl: string | undefined;
	/** "host:port" the owner allowed although they are private. */
	allowedHosts: readonly string[];
	authHeaders: Record<string, string>;
	headers?: Record<string, string>;
	redactor: Redactor;
	refineFailure?: (response: FailedResponse) => ConnectorError | undefined;
	/** Names of the inputs an error is shown on: the address, and the first secret. */
	fields?: { address?: string | undefined; secret?: string | undefined };
	onRequest?: (report: RequestReport) => void;
	limits?: Partial<HttpLimits>;
	timers?: Timers;
}

interface Answer {
	status: number;
	headers: Headers;
	text: string;
	bytes: number;
	host: string;
}

interface Outgoing {
	url: string;
	method: string;
	headers: Record<string, string>;
	body: string | undefined;
	statuses: number[];
}

const isEmptyByMeaning = (status: number): boolean => [202, 204, 205, 304].includes(status);

/**
 * The client one connection gets. Every hop is judged by the guard before it is dialled and, through `egress`, again by
 * the deployment's fetch inside its DNS lookup. Fails with ConnectorError only.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
	const limits = { ...defaultHttpLimits, ...options.limits };
	const { clock, redactor, allowedHosts } = options;
	const base = options.baseUrl?.replace(/\/+$/, '');

	/** Sends one logical request, following redirects by hand. */
	async function dial(outgoing: Outgoing, deadline: Deadline, host: string): Promise<Answer> {
		let { url, method, body } = outgoing;
		let headers = withAuth(outgoing);
		for (let hops = 0; ; hops++) {
			const judged = judgeUrl(url, allowedHosts);
			const response = await deadline.race(
				options.fetch(judged.url.href, {
					method,
					headers,
					redirect: 'manual',
					signal: deadline.signal,
					egress: { allow: [...allowedHosts] },
					...(body === undefined ? {} : { body }),
				}),
			);
			const location = response.headers.get('location');
			if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
				const read = { maxBytes: limits.maxBytes, deadline, host: judged.hostKey };
				const { text, bytes } = await readBody(response, read);
				const { status, headers } = response;
				return { status, headers, text, bytes, host: judged.hostKey };
			}
			await response.body?.cancel();
			const detail = { host };
			if (hops >= limits.maxRedirects) throw new ConnectorError('TOO_MANY_REDIRECTS', { detail });
			const next = nextHop(location, judged.url, detail);
			// What was meant for one origin is not carried to another, whatever the header's name.
			const isSameOrigin = next.origin === judged.url.origin;
			const turnsIntoGet =
				response.status === 303 || (response.status < 303 && !['GET', 'HEAD'].includes(method));
			if (turnsIntoGet) method = 'GET';
			if (turnsIntoGet || !isSameOrigin) body = undefined;
			if (!isSameOrigin) headers = { accept: headers['accept'] ?? 'application/json' };
			url = next.href;
		}
	}

	function withAuth({ url, headers }: Outgoing): Record<string, string> {
		const merged: Record<string, string> = {
			accept: 'application/json',
			'user-agent': 'tributary',
		};
		const isOurs =
			base !== undefined && URL.canParse(url) && new URL(url).origin === new URL(base).origin;
		const layers = [options.headers ?? {}, headers, isOurs ? options.authHeaders : {}];
		for (const layer of layers)
			for (const [name, value] of Object.entries(layer)) merged[name.toLowerCase()] = value;
		return merged;
	}

	/** The envelope of every request: deadlines, error mapping, report. */
	async function run<T>(
		outgoing: Outgoing,
		read: (answer: Answer) => T,
		rows?: (data: T) => number,
	): Promise<{ value: T; answer: Answer; durationMs: number }> {
		const at = clock.now();
		const target = judge(outgoing.url);
		const host = target.hostKey;
		const deadline = new Deadline(limits, options.timers ?? realTimers, host);
		const report: RequestReport = {
			at,
			method: outgoing.method,
			path: redactor.path(target.url.pathname + target.url.search),
			status: null,
			durationMs: 0,
			bytes: 0,
		};
		let isComplete = false;
		try {
			const answer = await dial(outgoing, deadline, host).catch((error: unknown) => {
				throw fromNetworkError(error, host);
			});
			isComplete = true;
			report.status = answer.status;
			report.bytes = answer.bytes;
			const isAnswer =
				(answer.status >= 200 && answer.status < 300) || outgoing.statuses.includes(answer.status);
			if (!isAnswer) throw failureOf(answer);
			const value = read(answer);
			if (rows) report.rows = rows(value);
			return { value, answer, durationMs: clock.now() - at };
		} catch (error) {
			const known =
				error instanceof ConnectorError
					? error
					: new ConnectorError('INTEGRATION_BUG', { cause: error, detail: { host } });
			report.errorCode = known.code;
			if (known.detail?.status !== undefined) report.status ??= known.detail.status;
			throw known.onField(fieldOf(known));
		} finally {
			deadline.release(isComplete);
			report.durationMs = clock.now() - at;
			options.onRequest?.(report);
		}
	}

	/** Before anything is sent: no request, no report. */
	function judge(url: string): JudgedUrl {
		try {
			return judgeUrl(url, allowedHosts);
		} catch (error) {
			throw error instanceof ConnectorError ? error.onField(options.fields?.address) : error;
		}
	}

	function fieldOf({ code, remedy }: ConnectorError): string | undefined {
		if (remedy === 'reconnect') return options.fields?.secret;
		return remedy === 'changeSetting' && code !== 'QUERY_INVALID'
			? options.fields?.address
			: undefined;
	}

	function detailOf(answer: Answer): ErrorDetail {
		const { status, host } = answer;
		return { status, host, bodyStart: redactor.text(answer.text, 200) };
	}

	function failureOf(answer: Answer): ConnectorError {
		const { status, headers, text: bodyText, host } = answer;
		const now = clock.now();
		return (
			options.refineFailure?.({ status, headers, bodyText, host, now }) ??
			fromStatus(status, { headers, now, detail: detailOf(answer) })
		);
	}

	function parse(answer: Answer, isJsonRequired: boolean): unknown {
		if (answer.text.trim() === '' && isEmptyByMeaning(answer.status)) return null;
		try {
			const contentType = answer.headers.get('content-type') ?? '';
			return parseJson(answer.text, { contentType, maxDepth: limits.maxDepth });
		} catch (error) {
			if (!isJsonRequired) return null;
			if (!(error instanceof ConnectorError)) throw error;
			throw new ConnectorError(error.code, { detail: detailOf(answer) });
		}
	}

	/** Joins to the base and refuses a path that climbs out of it. */
	function urlOf(request: Pick<HttpRequest, 'url' | 'path' | 'query'>): string {
		const target = request.url ?? `${base ?? ''}${request.path ?? ''}`;
		if (base === undefined && request.url === undefined)
			throw new ConnectorError('INTEGRATION_BUG');
		if (request.query === undefined && request.path === undefined) return target;
		const [path = '', search = ''] = target.split('?', 2);
		if (
			request.path !== undefined &&
			/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(request.path.split('?')[0]!)
		)
			throw new ConnectorError('URL_INVALID');
		const params = new URLSearchParams(search);
		for (const [name, value] of Object.entries(request.query ?? {}))
			if (value !== undefined) params.set(name, String(value));
		const query = params.toString();
		return query === '' ? path : `${path}?${query}`;
	}

	return {
		async json<T>(request: HttpRequest<T>): Promise<HttpResponse<T>> {
			const statuses = request.expect?.statuses ?? [];
			const outgoing: Outgoing = {
				url: urlOf(request),
				method: (request.method ?? 'GET').toUpperCase(),
				headers: { ...request.headers },
				body: request.body === undefined ? undefined : JSON.stringify(request.body),
				statuses,
			};
			if (outgoing.body !== undefined) outgoing.headers['content-type'] ??= 'application/json';
			const read = (answer: Answer): T => {
				const raw = parse(answer, !statuses.includes(answer.status));
				if (!request.schema || statuses.includes(answer.status)) return raw as T;
				const shaped = request.schema.safeParse(raw);
				if (shaped.success) return shaped.data;
				throw new ConnectorError('INVALID_RESPONSE', {
					message: `${answer.host} answered with data in a form we do not know. Check that the address is the right one.`,
					detail: detailOf(answer),
				});
			};
			const { value, answer, durationMs } = await run(outgoing, read, request.rows);
			const { status, headers, bytes } = answer;
			return { data: value, status, headers, bytes, durationMs };
		},

		async fetch(url, init = {}): Promise<Response> {
			const outgoing: Outgoing = {
				url: String(url),
				method: (init.method ?? 'GET').toUpperCase(),
				headers: Object.fromEntries(new Headers(init.headers)),
				body: typeof init.body === 'string' ? init.body : undefined,
				statuses: [],
			};
			// SDKs swallow broken JSON and hand out its text; here it fails like everywhere else.
			const { answer } = await run(outgoing, (one) => parse(one, true));
			const headers = new Headers(answer.headers);
			// They described the body on the wire; this one is unpacked.
			for (const name of ['content-encoding', 'content-length', 'transfer-encoding'])
				headers.delete(name);
			const body = [204, 205].includes(answer.status) ? null : answer.text;
			return new Response(body, { status: answer.status, headers });
		},

		redact: (text, maxChars = 300) => redactor.text(text, maxChars),
	};
}

function nextHop(location: string, from: URL, detail: ErrorDetail): URL {
	if (!URL.canParse(location, from)) throw new ConnectorError('INVALID_RESPONSE', { detail });
	const next = new URL(location, from);
	next.hash = '';
	if (from.protocol === 'https:' && next.protocol === 'http:')
		throw new ConnectorError('REDIRECT_DOWNGRADE', { detail });
	return next;
}
