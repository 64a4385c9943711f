/** The shape of one operation that user code may ask for. */
import type { Execution } from './execution.ts';
import type { JsonValue } from './types.ts';

export type OperationArgs = { [key: string]: JsonValue };

/** Which kinds of functions may use it. */
export type Place = 'anywhere' | 'transaction' | 'mutation' | 'action' | 'notQuery';

export interface SyncOperation {
	place: Place;
	run(execution: Execution, args: OperationArgs): JsonValue;
}

export interface AsyncOperation {
	place: Place;
	run(execution: Execution, args: OperationArgs): JsonValue | void | Promise<JsonValue | void>;
}

/** Operations whose arguments or results are not JSON: blobs. */
export interface BlobOperation {
	place: Place;
	run(execution: Execution, args: Record<string, unknown>): Promise<unknown>;
}
