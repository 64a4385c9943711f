/** The shape of one operation that user code may ask for. */
import type { Execution } from './execution.ts';
import type { JsonValue } from '../types.ts';

export type OperationArgs = { [key: string]: JsonValue };

/** Which kinds of functions may use it. */
export type Place = 'anywhere' | 'transaction' | 'mutation' | 'action' | 'notQuery';

export interface SyncOperation {
	place: Place;
	run(execution: Execution, args: OperationArgs): JsonValue;
}

/** A result that is JSON text already, such as a document as it lies in the file. */
export class JsonText {
	readonly text: string;
	constructor(text: string) {
		this.text = text;
	}
}

export type OperationResult = JsonValue | JsonText | void;

export interface AsyncOperation {
	place: Place;
	run(execution: Execution, args: OperationArgs): OperationResult | Promise<OperationResult>;
}

/** Operations whose arguments or results are not JSON: blobs. */
export interface BlobOperation {
	place: Place;
	run(execution: Execution, args: Record<string, unknown>): Promise<unknown>;
}
