import { Octokit } from '@octokit/core';
import {
	clampWaitMs,
	ConnectorError,
	retryAfterAt,
	z,
	type ConnectionContext,
	type FailedResponse,
} from '../sdk/index.ts';

/** An answer with what a page needs to know of its neighbours. */
export interface GitHubAnswer<T> {
	status: number;
	data: T;
	/** Page numbers out of the Link header. */
	nextPage: number | undefined;
	lastPage: number | undefined;
}

export interface GitHubClient {
	/**
	 * GETs a route like "/repos/{owner}/{repo}". Throws ConnectorError; INVALID_RESPONSE when the shape does not fit. A 202
	 * comes back with `data` undefined: GitHub is still computing.
	 */
	get<T>(
		route: string,
		parameters: Record<string, unknown>,
		schema: z.ZodType<T>,
	): Promise<GitHubAnswer<T | undefined>>;
}

export const perPage = 100;

/**
 * The official client over our guarded fetch. It signs nothing itself: the credentials are added by the HTTP client, which
 * knows to which origin they may go. The core package never retries, so waits stay with the sync engine.
 */
export function createClient(ctx: ConnectionContext): GitHubClient {
	const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
	const octokit = new Octokit({
		baseUrl: String(ctx.settings['baseUrl']).replace(/\/+$/, ''),
		log: silent,
		request: { fetch: ctx.http.fetch, log: silent },
	});
	return {
		async get(route, parameters, schema) {
			const response = await octokit
				.request(`GET ${route}`, parameters)
				.catch((error: unknown): never => {
					throw unwrap(error);
				});
			const pages = pagesOf(response.headers.link);
			if (response.status === 202) return { status: 202, data: undefined, ...pages };
			const shaped = schema.safeParse(response.data);
			if (!shaped.success)
				throw new ConnectorError('INVALID_RESPONSE', {
					message: `GitHub answered ${route} in a form we do not know.`,
				});
			return { status: response.status, data: shaped.data, ...pages };
		},
	};
}

/** Octokit wraps what fetch throws into an error of its own. */
function unwrap(error: unknown): unknown {
	const { cause } = error as { cause?: unknown };
	return cause instanceof ConnectorError ? cause : error;
}

/**
 * Page numbers of a Link header. Only the numbers are taken: following the URL itself would send the token wherever the
 * header points.
 */
export function pagesOf(link: string | undefined): {
	nextPage: number | undefined;
	lastPage: number | undefined;
} {
	const pageOf = (relation: string): number | undefined => {
		for (const part of (link ?? '').split(/,\s*(?=<)/)) {
			const match = /^\s*<([^>]*)>(.*)$/.exec(part);
			if (!match || !new RegExp(`\\brel="?${relation}"?`).test(match[2]!)) continue;
			const page = Number(/[?&]page=(\d+)/.exec(match[1]!)?.[1]);
			if (Number.isSafeInteger(page) && page > 0) return page;
		}
		return undefined;
	};
	return { nextPage: pageOf('next'), lastPage: pageOf('last') };
}

/**
 * GitHub's refusals that mean something else than their status:
 * docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api ("Exceeding the rate limit").
 */
export function refineFailure(response: FailedResponse): ConnectorError | undefined {
	const { status, headers, bodyText, host, now } = response;
	const detail = { status, host };
	if (status === 403 || status === 429) {
		const retryAt = waitOf(response);
		if (retryAt !== undefined) return new ConnectorError('RATE_LIMITED', { retryAt, detail });
		if (status === 429)
			return new ConnectorError('RATE_LIMITED', { retryAt: now + minuteMs, detail });
		const needed = headers.get('x-accepted-github-permissions') ?? '';
		if (/^[a-z_]+=(read|write)([;,]\s*[a-z_]+=(read|write))*$/.test(needed))
			return new ConnectorError('PERMISSION_MISSING', {
				message: `This token may not read this. Add the permission "${needed.replace('=', ': ')}" to it at GitHub.`,
				detail,
			});
		if (/\bSAML\b/.test(bodyText))
			return new ConnectorError('PERMISSION_MISSING', {
				message:
					'The organisation asks for single sign-on. Authorise this token for it in the token settings at GitHub.',
				detail,
			});
	}
	// Taken down for legal reasons: for us it is not there.
	if (status === 451) return new ConnectorError('NOT_FOUND', { detail });
	return undefined;
}

const minuteMs = 60_000;

/** When a limit ends; undefined when the refusal is not about a limit. */
function waitOf({ headers, bodyText, now }: FailedResponse): number | undefined {
	const asked = retryAfterAt(headers.get('retry-after'), now);
	if (asked !== undefined) return asked;
	if (headers.get('x-ratelimit-remaining') === '0') {
		const resetAt = Number(headers.get('x-ratelimit-reset') ?? NaN) * 1000;
		return now + clampWaitMs(resetAt - now);
	}
	// Without a header GitHub asks to wait "at least one minute".
	return /secondary rate limit|abuse detection/i.test(bodyText) ? now + minuteMs : undefined;
}
