/** Refusals that a caller may see: a stable code and a sentence. Anything else is a bug and reaches nobody's screen. */
import { ConvexError, type Value } from 'convex/values';

export type RefusalCode =
	/** No session, or one that has ended. */
	| 'UNAUTHENTICATED'
	/** Signed in, but this needs the owner. */
	| 'FORBIDDEN'
	/** Not there, or in another workspace: the two are never told apart. */
	| 'NOT_FOUND'
	/** An argument that no retry will make right; `fields` names them. */
	| 'VALIDATION'
	/** The owner account exists already. */
	| 'SETUP_CLOSED'
	| 'SETUP_CODE_WRONG'
	/** Too many tries; `retryAt` says when the next one counts. */
	| 'RATE_LIMITED'
	/** A service refused or failed; carries the members of a ConnectorError. */
	| 'CONNECTOR'
	/** This deployment lacks something that only its administrator can set. */
	| 'SERVER_MISCONFIGURED';

export type Refusal = { code: RefusalCode; message: string; [key: string]: Value };

/** @returns the error to throw; `message` says what happened, who must act and what to do. */
export function refusal(
	code: RefusalCode,
	message: string,
	more: Record<string, Value> = {},
): ConvexError<Refusal> {
	return new ConvexError({ ...more, code, message });
}

export function notFound(what = 'This'): ConvexError<Refusal> {
	return refusal('NOT_FOUND', `${what} is not here. It may have been removed.`);
}

/** @param fields argument name -> sentence */
export function invalid(fields: Record<string, string>): ConvexError<Refusal> {
	const first = Object.values(fields)[0] ?? 'An entry is not valid.';
	return refusal('VALIDATION', first, { fields });
}
