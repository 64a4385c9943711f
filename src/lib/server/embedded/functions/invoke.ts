/** Runs one function that has been found: arguments checked before, the value after. */
import { setImmediate } from 'node:timers';
import { runInside, type Execution } from './execution.ts';
import { tableNameOfId } from '../storage/idRules.ts';
import { isJsonObject } from '../storage/jsonValues.ts';
import type { FunctionBody, LoadedFunction } from '../bundles/loadedFunctions.ts';
import { FunctionError, type JsonValue } from '../types.ts';
import { explainMismatch, type TableOfId } from '../storage/validators.ts';
import { checkShape, hasHalfPair } from '../storage/valueShape.ts';
import { describeBytes, sizeOf } from '../storage/valueSize.ts';

/** In the JSON of a value that holds `db.vars.commitTs`. */
export const COMMIT_TS_MARKER = '"$commitTs"';

/** Convex docs, "Limits", "Functions": of a function's arguments, and of what it returns. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
/** Of the arguments of an action in a "use node" file. */
const MAX_NODE_ARGS_BYTES = 5 * 1024 * 1024;
/** A digit and a comma stand for a number, which counts 9 bytes: nothing counts more for its text. */
const MAX_BYTES_PER_CHARACTER = 5;

export async function invoke(
	execution: Execution,
	found: LoadedFunction,
	args: JsonValue,
): Promise<JsonValue> {
	const body = await found.load();
	checkArgs(execution, body, args);
	const argsJson = JSON.stringify([args]);
	checkShape([args], argsJson);
	checkArgsSize(execution, body, args, argsJson);
	refusePlaceholder(execution, argsJson, 'Arguments');
	let json: string;
	execution.engine.options.onEnter?.(execution);
	try {
		json = await runToEnd(execution, body, () =>
			body.invoke(execution.request.requestId, argsJson),
		);
	} finally {
		execution.isOver = true;
		// A nested call that was not awaited is still inside its sub-transaction: let it end before ours does.
		if (execution.transaction) await execution.queue.run(async () => {});
	}
	if (execution.kind !== 'mutation') refusePlaceholder(execution, json, 'Values that are returned');
	const value = JSON.parse(json) as JsonValue;
	checkValueSize(execution, value, json);
	checkReturned(execution, value, json);
	checkReturns(execution, body, value);
	return value;
}

/** Its value, or the first error in it that nobody handles: user code that forgot an `await` must not seem to succeed. */
async function runToEnd(
	execution: Execution,
	{ environment }: FunctionBody,
	run: () => Promise<string>,
): Promise<string> {
	const stray = new Promise<never>((_resolve, reject) => {
		execution.fail = (error, kind) => {
			if (isTooLate(execution, error)) return;
			const text = error instanceof Error ? error.message : String(error);
			reject(environment === 'node' ? new Error(`${kind}: ${text}`, { cause: error }) : error);
		};
	});
	const json = await Promise.race([runInside(execution, run), stray]);
	execution.isOver = true;
	// Node tells of a rejection only when the turn it happened in is over.
	if (execution.hasRefused || hasTimeForTurn(execution)) await Promise.race([nextTurn(), stray]);
	return json;
}

function nextTurn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}

/** What was started and not awaited is refused from here on; that alone fails nothing, as on Convex. */
function isTooLate({ isOver, lastRefusal }: Execution, error: unknown): boolean {
	if (!isOver || lastRefusal?.code !== 'FunctionEnded') return false;
	return error instanceof Error && error.message === lastRefusal.message;
}

/** A turn each would undo what mutations in a row gain by sharing a COMMIT; then their stray errors are only logged. */
function hasTimeForTurn({ depth, kind, engine }: Execution): boolean {
	return depth === 0 && (kind !== 'mutation' || !engine.options.storage.hasQueuedMutations);
}

/** Between the functions of one mutation `db.vars.commitTs` may travel; from and to clients only as a number. */
function refusePlaceholder({ depth }: Execution, json: string, what: string): void {
	if (depth > 0 || !json.includes(COMMIT_TS_MARKER)) return;
	throw new FunctionError(
		'UnresolvedPlaceholder',
		`${what} cannot contain a commit timestamp that is not known yet.`,
	);
}

/** In Convex's words, here and below. */
function checkArgsSize(
	{ path }: Execution,
	{ environment }: FunctionBody,
	args: JsonValue,
	json: string,
): void {
	const limit = environment === 'node' ? MAX_NODE_ARGS_BYTES : MAX_VALUE_BYTES;
	const sizes = excess([args], json, limit);
	if (sizes === null) return;
	const text = `Arguments for ${filePath(path)} are too large ${sizes}`;
	throw new FunctionError('ArgumentsTooLarge', text);
}

function checkValueSize({ path }: Execution, value: JsonValue, json: string): void {
	const sizes = excess(value, json, MAX_VALUE_BYTES);
	if (sizes === null) return;
	const text = `Function ${filePath(path)} return value is too large ${sizes}`;
	throw new FunctionError('ReturnTooLarge', text);
}

function checkReturned({ path }: Execution, value: JsonValue, json: string): void {
	checkShape(value, json);
	if (!hasHalfPair(json)) return;
	const text = `Function ${filePath(path)} return value is invalid JSON: a string in it holds half of a surrogate pair.`;
	throw new FunctionError('FunctionReturnInvalidJson', text);
}

/** null: within the limit. @param json the value's text: short ones need not be counted */
function excess(value: JsonValue, json: string, limit: number): string | null {
	if (json.length * MAX_BYTES_PER_CHARACTER <= limit) return null;
	const bytes = sizeOf(value);
	if (bytes <= limit) return null;
	return `(actual: ${describeBytes(bytes)}, limit: ${describeBytes(limit)})`;
}

/** `db.js:list`: how Convex names functions in errors. */
export const filePath = (path: string): string => path.replace(':', '.js:');

function checkArgs(execution: Execution, body: FunctionBody, args: JsonValue): void {
	if (!isJsonObject(args)) {
		throw new FunctionError(
			'ArgumentValidation',
			'The arguments of a function must be one object.',
		);
	}
	const problem = explainMismatch(body.args, args, tableLookup(execution));
	if (problem !== null) {
		throw new FunctionError('ArgumentValidation', `ArgumentValidationError: ${problem}`);
	}
}

/** The sentence may describe documents, so it is the operator's to read and not a client's: a plain Error. */
function checkReturns(execution: Execution, body: FunctionBody, value: JsonValue): void {
	if (body.returns === null) return;
	const problem = explainMismatch(body.returns, value, tableLookup(execution));
	if (problem === null) return;
	throw Object.assign(new Error(`ReturnsValidationError: ${problem}`), {
		code: 'ReturnsValidation',
	});
}

/** A transaction's own new tables count. */
function tableLookup({ transaction, engine, component }: Execution): TableOfId {
	const { storage } = engine.options;
	return transaction
		? (id) => tableNameOfId(transaction.session.catalog, component, id)
		: (id) => storage.tableOfId(component, id);
}
