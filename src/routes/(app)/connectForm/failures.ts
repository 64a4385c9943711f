import type { Failure } from '../contract.ts';

/** What a thrown refusal of our own functions carries (ConvexError's `data`). */
interface Refusal {
	code?: unknown;
	message?: unknown;
	retryAt?: unknown;
	fields?: unknown;
}

function isOffline(error: unknown): boolean {
	return (
		error instanceof Error && /connection lost|failed to fetch|networkerror/i.test(error.message)
	);
}

/**
 * Puts anything thrown by a call into the shape the form shows. A refusal keeps its own sentence; a bare error
 * is ours and says so without repeating its text, which may hold what was typed.
 */
export function failureFrom(error: unknown): Failure {
	const data = (error as { data?: Refusal } | null)?.data;
	if (data && typeof data === 'object' && typeof data.message === 'string') {
		return {
			code: typeof data.code === 'string' ? data.code : 'REFUSED',
			message: data.message,
			remedy: data.code === 'RATE_LIMITED' ? 'retry' : 'changeSetting',
			...(data.fields && typeof data.fields === 'object'
				? { fields: data.fields as Record<string, string> }
				: {}),
			...(typeof data.retryAt === 'number' ? { retryAt: data.retryAt } : {}),
		};
	}
	if (isOffline(error))
		return {
			code: 'SERVER_UNREACHABLE',
			message:
				'This page lost its server while asking. Nothing was saved. Try again once the page has reconnected.',
			remedy: 'retry',
		};
	return {
		code: 'SERVER_BUG',
		message: 'Something broke on our side. Nothing was saved. Details are in the server’s log.',
		remedy: 'bug',
	};
}

/** The stable code of a refused query or call; null when it is not one of ours. */
export function refusalCode(error: unknown): string | null {
	const code = (error as { data?: Refusal } | null)?.data?.code;
	return typeof code === 'string' ? code : null;
}

const titles: Record<string, string> = {
	HOST_NOT_FOUND: 'This address leads nowhere',
	HOST_UNREACHABLE: 'No route leads to this address',
	CONNECTION_REFUSED: 'Nothing answers at this address',
	TLS_ERROR: 'The secure connection failed',
	TIMEOUT: '{service} did not answer in time',
	CONNECTION_RESET: '{service} hung up',
	CONNECTION_FAILED: 'The connection failed',
	PRIVATE_ADDRESS: 'This address is on a private network',
	ADDRESS_FORBIDDEN: 'This address is never called',
	NOT_AN_API: 'A web page answered, not {service}',
	INVALID_RESPONSE: '{service} sent an answer that cannot be read',
	RESPONSE_TOO_LARGE: 'The answer is too large',
	RESPONSE_TOO_DEEP: 'The answer is too deeply nested',
	AUTH_REJECTED: '{service} does not accept these credentials',
	PERMISSION_MISSING: 'These credentials may not read what is needed',
	RATE_LIMITED: '{service} asks us to wait',
	SERVICE_ERROR: '{service} is having trouble',
	QUERY_INVALID: 'A query is not valid',
	PROPERTY_INVALID: 'Some fields need a change',
	ACCOUNT_MISMATCH: 'This is a different account',
	ALREADY_CONNECTED: 'This account is connected already',
	INTEGRATION_BUG: 'Something broke on our side',
	SERVER_BUG: 'Something broke on our side',
	SERVER_UNREACHABLE: 'Not connected to the server',
	FORBIDDEN: 'Only the owner may do this',
};

/** The line above the sentence. The code itself follows the sentence, small, and never replaces it. */
export function failureTitle(failure: Failure, serviceName: string): string {
	return (titles[failure.code] ?? 'This did not work').replace('{service}', serviceName);
}

/** What the button of a failure says and where it leads; null when waiting is all there is to do. */
export function remedyAction(failure: Failure): 'reconnect' | 'changeSettings' | 'syncNow' | null {
	if (failure.remedy === 'reconnect') return 'reconnect';
	if (failure.remedy === 'changeSetting') return 'changeSettings';
	if (failure.remedy === 'retry') return 'syncNow';
	return null;
}
