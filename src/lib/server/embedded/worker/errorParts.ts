/** Errors on their way between threads: cloning would keep neither their class nor their fields. */
import { PushError, type PushErrorCode } from '../bundles/pushError.ts';
import { FunctionError, type JsonValue } from '../types.ts';

export interface ErrorParts {
	kind: 'function' | 'push' | 'other';
	message: string;
	code?: string;
	/** Of a PushError. */
	file?: string | null;
	data?: JsonValue;
	stack?: string;
}

export function packError(error: unknown): ErrorParts {
	if (error instanceof FunctionError) {
		const { message, code, data, stack } = error;
		return { kind: 'function', message, code, data, stack };
	}
	if (error instanceof PushError) {
		const { message, code, file, stack } = error;
		return { kind: 'push', message, code, file, stack };
	}
	const { message, stack } = error instanceof Error ? error : new Error(String(error));
	return { kind: 'other', message, stack };
}

export function unpackError({ kind, message, code, file, data, stack }: ErrorParts): Error {
	const error =
		kind === 'function'
			? new FunctionError(code!, message, data)
			: kind === 'push'
				? Object.assign(new PushError(code as PushErrorCode, null, message), { file })
				: new Error(message);
	if (stack !== undefined) error.stack = stack;
	return error;
}
