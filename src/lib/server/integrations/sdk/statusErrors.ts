import { ConnectorError, type ConnectorErrorCode, type ErrorDetail } from './errors.ts';
import { retryAfterAt } from './retryAfter.ts';

/** The usual reading of a status that is not an answer. */
export function fromStatus(
	status: number,
	{ headers, now, detail }: { headers: Headers; now: number; detail: ErrorDetail },
): ConnectorError {
	const code = codeOf(status);
	const retryAt =
		code === 'RATE_LIMITED' || code === 'SERVICE_ERROR'
			? retryAfterAt(headers.get('retry-after'), now)
			: undefined;
	return new ConnectorError(code, { detail, ...(retryAt === undefined ? {} : { retryAt }) });
}

function codeOf(status: number): ConnectorErrorCode {
	switch (status) {
		case 401:
		case 407:
			return 'AUTH_REJECTED';
		case 403:
			return 'PERMISSION_MISSING';
		case 404:
		case 410:
			return 'NOT_FOUND';
		case 429:
			return 'RATE_LIMITED';
		case 408:
		case 425:
			return 'SERVICE_ERROR';
		// Not implemented, HTTP version not supported: asking again changes nothing.
		case 501:
		case 505:
			return 'REQUEST_REJECTED';
	}
	if (status >= 500) return 'SERVICE_ERROR';
	if (status >= 400) return 'REQUEST_REJECTED';
	// A redirect without a target, or a 304 nobody asked for.
	return 'INVALID_RESPONSE';
}
