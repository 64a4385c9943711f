/** What became of an error: what the calling function sees, and what a client is told. */
import type { Execution } from './execution.ts';
import { explainMissingGlobal } from './nodeGlobals.ts';
import { framesOf } from './stackTraces.ts';
import { pooledRandomBytes } from '../storage/randomPool.ts';
import { FunctionError, type FunctionFailure, type JsonValue } from '../types.ts';

/** An error of a called function, as its caller sees it: the text, and the data of a ConvexError. */
export class CalledFunctionError extends Error {
	readonly data?: JsonValue;
	readonly code?: string;
	constructor(
		message: string,
		data: JsonValue | undefined,
		code: string | undefined,
		cause: unknown,
	) {
		super(message, { cause });
		this.name = 'CalledFunctionError';
		if (data !== undefined) this.data = data;
		if (code !== undefined) this.code = code;
	}
}

const CONVEX_ERROR = Symbol.for('ConvexError');

export function newRequestId(): string {
	return Buffer.from(pooledRandomBytes(8)).toString('hex');
}

/** The data of a ConvexError (left by convex/server as JSON text) or of an engine's error; undefined for others. */
export function errorData(error: unknown): JsonValue | undefined {
	if (typeof error !== 'object' || error === null) return undefined;
	if (CONVEX_ERROR in error) {
		const { data } = error as unknown as { data: unknown };
		return typeof data === 'string' ? (JSON.parse(data) as JsonValue) : null;
	}
	if (error instanceof FunctionError || error instanceof CalledFunctionError) return error.data;
	return undefined;
}

export function errorText(error: unknown): string {
	return error instanceof Error ? explainMissingGlobal(error.message) : String(error);
}

/** @param callee null: it did not come so far */
export function toCallerError(error: unknown, callee: Execution | null): Error {
	if (error instanceof FunctionError || error instanceof CalledFunctionError) return error;
	return new CalledFunctionError(
		errorText(error),
		errorData(error),
		errorCode(error, callee),
		error,
	);
}

/** @param showErrors false: the text of an error that is not meant for clients stays on the server */
export function toFailure(
	error: unknown,
	execution: Execution | null,
	requestId: string,
	showErrors: boolean,
): FunctionFailure {
	const prefix = `[Request ID: ${requestId}] Server Error`;
	const code = errorCode(error, execution);
	const withCode = code === undefined ? {} : { code };
	const data = errorData(error);
	if (data !== undefined) {
		const name = error instanceof Error && CONVEX_ERROR in error ? error.name : 'ConvexError';
		return { message: `${prefix}\nUncaught ${name}: ${errorText(error)}`, data, ...withCode };
	}
	if (error instanceof FunctionError)
		return { message: `${prefix}\n${error.message}`, ...withCode };
	if (!showErrors) return { message: prefix, ...withCode };
	const name = error instanceof Error ? error.name : 'Error';
	const frames = stackFrames(error).map((frame) => `\n    ${frame}`);
	return {
		message: `${prefix}\nUncaught ${name}: ${errorText(error)}${frames.join('')}`,
		...withCode,
	};
}

/** For the server's own log. A ConvexError is the app's own refusal: it is told to the client, not to the operator. */
export function logFailure(error: unknown, execution: Execution): void {
	if (errorData(error) !== undefined) return;
	const code = errorCode(error, execution);
	execution.engine.options.log('function.failed', {
		function: execution.path,
		component: execution.component,
		kind: execution.kind,
		requestId: execution.request.requestId,
		...(code === undefined ? {} : { code }),
		error: error instanceof Error ? `${error.name}: ${errorText(error)}` : String(error),
		...(error instanceof FunctionError ? {} : { stack: stackFrames(error) }),
	});
}

function errorCode(error: unknown, execution: Execution | null): string | undefined {
	if (error instanceof FunctionError) return error.code;
	const { lastRefusal } = execution ?? { lastRefusal: null };
	if (lastRefusal && error instanceof Error && lastRefusal.message === error.message) {
		return lastRefusal.code;
	}
	const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
	return typeof code === 'string' ? code : undefined;
}

function stackFrames(error: unknown): string[] {
	return error instanceof Error ? framesOf(error) : [];
}
