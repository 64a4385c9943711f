import { ConnectorError, type ConnectorErrorCode } from './errors.ts';

/** Error codes of Node's sockets, its TLS and undici, as they appear on `cause` of a failed fetch. */
const codeTable: Record<string, ConnectorErrorCode> = {
	EGRESS_PRIVATE_ADDRESS: 'PRIVATE_ADDRESS',
	EGRESS_FORBIDDEN: 'ADDRESS_FORBIDDEN',
	ENOTFOUND: 'HOST_NOT_FOUND',
	EAI_AGAIN: 'HOST_NOT_FOUND',
	EAI_NODATA: 'HOST_NOT_FOUND',
	EAI_NONAME: 'HOST_NOT_FOUND',
	EHOSTUNREACH: 'HOST_UNREACHABLE',
	ENETUNREACH: 'HOST_UNREACHABLE',
	EHOSTDOWN: 'HOST_UNREACHABLE',
	EADDRNOTAVAIL: 'HOST_UNREACHABLE',
	ECONNREFUSED: 'CONNECTION_REFUSED',
	ECONNRESET: 'CONNECTION_RESET',
	ECONNABORTED: 'CONNECTION_RESET',
	EPIPE: 'CONNECTION_RESET',
	UND_ERR_SOCKET: 'CONNECTION_RESET',
	ETIMEDOUT: 'TIMEOUT',
	UND_ERR_CONNECT_TIMEOUT: 'TIMEOUT',
	UND_ERR_HEADERS_TIMEOUT: 'TIMEOUT',
	UND_ERR_BODY_TIMEOUT: 'TIMEOUT',
	EPROTO: 'TLS_ERROR',
	DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS_ERROR',
	SELF_SIGNED_CERT_IN_CHAIN: 'TLS_ERROR',
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS_ERROR',
	HOSTNAME_MISMATCH: 'TLS_ERROR',
	// A peer that answers in something other than HTTP.
	HPE_INVALID_CONSTANT: 'NOT_AN_API',
	UND_ERR_RES_EXCEEDED_MAX_SIZE: 'RESPONSE_TOO_LARGE',
	Z_DATA_ERROR: 'INVALID_RESPONSE',
	Z_BUF_ERROR: 'INVALID_RESPONSE',
};

const prefixTable: [RegExp, ConnectorErrorCode][] = [
	[/^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_GET_)/, 'TLS_ERROR'],
	[/^HPE_/, 'NOT_AN_API'],
	[/^Z_/, 'INVALID_RESPONSE'],
];

/** Turns what a fetch threw into a ConnectorError. The original's text is not used: it may quote the request. */
export function fromNetworkError(error: unknown, host: string): ConnectorError {
	if (error instanceof ConnectorError) return error;
	const chain = causes(error);
	for (const one of chain) {
		const code = codeOf(one);
		if (code === undefined) continue;
		const address = (one as { address?: unknown }).address;
		const detail =
			typeof address === 'string' && address.length <= 64 ? { host, address } : { host };
		return new ConnectorError(code, { detail });
	}
	return new ConnectorError('CONNECTION_FAILED', { detail: { host } });
}

function codeOf(error: unknown): ConnectorErrorCode | undefined {
	const { code, message, name } = error as { code?: unknown; message?: unknown; name?: unknown };
	if (typeof code === 'string') {
		const exact = Object.hasOwn(codeTable, code) ? codeTable[code] : undefined;
		const found = exact ?? prefixTable.find(([pattern]) => pattern.test(code))?.[1];
		if (found) return found;
	}
	// undici's parser does not always give its code.
	if (name === 'HTTPParserError') return 'NOT_AN_API';
	// And it names these by text only. "terminated" is a body that ended before its length.
	if (message === 'bad port') return 'PORT_FORBIDDEN';
	if (message === 'terminated' || message === 'other side closed') return 'CONNECTION_RESET';
	// An error that crossed an isolate keeps its text but loses its members.
	if (typeof message === 'string') {
		if (message.includes('EGRESS_PRIVATE_ADDRESS')) return 'PRIVATE_ADDRESS';
		if (message.includes('EGRESS_FORBIDDEN')) return 'ADDRESS_FORBIDDEN';
	}
	return undefined;
}

/** The innermost cause first: "terminated" around ECONNRESET says less than its cause. Bounded against cycles. */
function causes(error: unknown): unknown[] {
	const found: unknown[] = [];
	const queue: unknown[] = [error];
	for (const one of queue) {
		if (found.length >= 16 || typeof one !== 'object' || one === null) break;
		found.push(one);
		const { cause, errors } = one as { cause?: unknown; errors?: unknown };
		if (cause !== undefined) queue.push(cause);
		// Node tries IPv6 and IPv4 and reports both in an AggregateError.
		if (Array.isArray(errors)) queue.push(...errors);
	}
	return found.reverse();
}
