import type { z } from 'zod';
import type { Json } from './json.ts';

/** One request of an integration. Give `path` (joined to the connection's base URL) or a full `url`. */
export interface HttpRequest<T = unknown> {
	path?: string;
	url?: string;
	/** undefined members are left out. */
	query?: Record<string, string | number | boolean | undefined>;
	method?: string;
	headers?: Record<string, string>;
	/** Sent as JSON. */
	body?: Json;
	/** Statuses beside 2xx that are answers rather than errors, e.g. [404]. */
	expect?: { statuses: number[] };
	/** The shape needed; extra fields are ignored, missing ones make INVALID_RESPONSE. */
	schema?: z.ZodType<T>;
	/** Number of records in the answer, for the report. */
	rows?: (data: T) => number;
}

export interface HttpResponse<T = unknown> {
	data: T;
	status: number;
	headers: Headers;
	bytes: number;
	durationMs: number;
}

/** What is told of each request. Holds no credential and no body. */
export interface RequestReport {
	/** ms since epoch at the start. */
	at: number;
	method: string;
	/** Path and query, credentials removed. */
	path: string;
	/** null when no answer came. */
	status: number | null;
	durationMs: number;
	bytes: number;
	rows?: number;
	errorCode?: string;
}

/** An answer the service meant as a refusal, as refineFailure() sees it. */
export interface FailedResponse {
	status: number;
	headers: Headers;
	/** Not redacted: never put it into a message. */
	bodyText: string;
	host: string;
	now: number;
}

/** The deployment's fetch; members of `init` it does not know are ignored by any fetch. */
export type FetchLike = (
	url: string,
	init: RequestInit & { egress?: { allow: string[] } },
) => Promise<Response>;

/** The only way an integration reaches the network. */
export interface HttpClient {
	json<T = unknown>(request: HttpRequest<T>): Promise<HttpResponse<T>>;
	/** For official SDKs that take a fetch: same guard, limits, errors and report. The body is already read. */
	fetch(url: string | URL, init?: RequestInit): Promise<Response>;
	/** Removes this connection's credentials from a text of the service, before it goes into a message. */
	redact(text: string, maxChars?: number): string;
}
