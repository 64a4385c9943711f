/** Runs one function that has been found: arguments checked before, the value after. */
import { runInside, type Execution } from './execution.ts';
import { tableNameOfId } from './idRules.ts';
import { isJsonObject } from './jsonValues.ts';
import type { FunctionBody, LoadedFunction } from './loadedFunctions.ts';
import { FunctionError, type JsonValue } from './types.ts';
import { explainMismatch, type TableOfId } from './validators.ts';

/** In the JSON of a value that holds `db.vars.commitTs`. */
export const COMMIT_TS_MARKER = '"$commitTs"';

export async function invoke(
	execution: Execution,
	found: LoadedFunction,
	args: JsonValue,
): Promise<JsonValue> {
	const body = await found.load();
	checkArgs(execution, body, args);
	const argsJson = JSON.stringify([args]);
	refusePlaceholder(execution, argsJson, 'Arguments');
	let json: string;
	try {
		json = await runInside(execution, () => body.invoke(execution.request.requestId, argsJson));
	} finally {
		execution.isOver = true;
		// A nested call that was not awaited is still inside its sub-transaction: let it end before ours does.
		if (execution.transaction) await execution.queue.run(async () => {});
	}
	if (execution.kind !== 'mutation') refusePlaceholder(execution, json, 'Values that are returned');
	const value = JSON.parse(json) as JsonValue;
	checkReturns(execution, body, value);
	return value;
}

/** Between the functions of one mutation `db.vars.commitTs` may travel; from and to clients only as a number. */
function refusePlaceholder({ depth }: Execution, json: string, what: string): void {
	if (depth > 0 || !json.includes(COMMIT_TS_MARKER)) return;
	throw new FunctionError(
		'UnresolvedPlaceholder',
		`${what} cannot contain a commit timestamp that is not known yet.`,
	);
}

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
