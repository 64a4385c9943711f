import { errorCatalogue, type ConnectorErrorCode, type Remedy } from './errorCatalogue.ts';

export { errorCatalogue, type ConnectorErrorCode, type Remedy } from './errorCatalogue.ts';

/** What is known of the request that failed. Redacted before it gets here; for logs and the details of a run. */
export interface ErrorDetail {
	status?: number;
	/** At most 200 characters, credentials removed. */
	bodyStart?: string;
	/** "host:port" */
	host?: string;
	/** The address the host resolved to, when the guard refused it. */
	address?: string;
}

export interface ConnectorErrorOptions {
	/** Replaces the catalogue's sentence. Must hold no secret. */
	message?: string;
	/** Name of the property to show it on. */
	field?: string | undefined;
	/** Sentence per property, for PROPERTY_INVALID. */
	fields?: Record<string, string> | undefined;
	/** ms since epoch before which asking again is pointless. */
	retryAt?: number | undefined;
	detail?: ErrorDetail | undefined;
	/** Seconds waited, for TIMEOUT. */
	seconds?: number;
	/** The id asked for, for UNKNOWN_INTEGRATION. */
	id?: string;
	cause?: unknown;
}

/** The only error an integration throws on purpose. Whoever catches it branches on `code` or `remedy`, never on text. */
export class ConnectorError extends Error {
	readonly code: ConnectorErrorCode;
	readonly remedy: Remedy;
	readonly retryable: boolean;
	readonly field: string | undefined;
	readonly fields: Record<string, string> | undefined;
	readonly retryAt: number | undefined;
	readonly detail: ErrorDetail | undefined;

	constructor(code: ConnectorErrorCode, options: ConnectorErrorOptions = {}) {
		const entry = errorCatalogue[code];
		const { host, status } = options.detail ?? {};
		const facts = { host, status, seconds: options.seconds, id: options.id };
		super(options.message ?? entry.say(facts), { cause: options.cause });
		this.name = 'ConnectorError';
		this.code = code;
		this.remedy = entry.remedy;
		this.retryable = entry.isRetryable;
		this.field = options.field;
		this.fields = options.fields;
		this.retryAt = options.retryAt;
		this.detail = options.detail;
	}

	/** A copy shown on a property, unless one was named already. */
	onField(field: string | undefined): ConnectorError {
		if (field === undefined || this.field !== undefined) return this;
		const { message, fields, retryAt, detail, cause } = this;
		return new ConnectorError(this.code, { message, field, fields, retryAt, detail, cause });
	}
}

/** A ConnectorError as plain JSON: what functions return and the UI shows. */
export interface PlainError {
	code: ConnectorErrorCode;
	message: string;
	remedy: Remedy;
	field?: string;
	fields?: Record<string, string>;
	retryAt?: number;
	/** "host:port"; with PRIVATE_ADDRESS it is what the owner may allow. */
	host?: string;
}

/** Turns anything thrown into JSON. What is not a ConnectorError counts as our bug, and its text stays out. */
export function toPlain(error: unknown): PlainError {
	const known = error instanceof ConnectorError ? error : new ConnectorError('INTEGRATION_BUG');
	const plain: PlainError = { code: known.code, message: known.message, remedy: known.remedy };
	if (known.field !== undefined) plain.field = known.field;
	if (known.fields !== undefined) plain.fields = known.fields;
	if (known.retryAt !== undefined) plain.retryAt = known.retryAt;
	if (known.detail?.host !== undefined) plain.host = known.detail.host;
	return plain;
}
