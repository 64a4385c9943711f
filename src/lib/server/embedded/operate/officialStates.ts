/** Where exports and imports of the official CLI are: it follows them with live queries, at names of Convex's own. */
import { normalizeFunctionPath } from '../bundles/components.ts';
import { HttpFailure } from '../edges/httpMessages.ts';
import { isJsonObject, type JsonObject } from '../storage/jsonValues.ts';
import type { FunctionRunner, JsonValue, QueryCall, QueryOutcome, Timestamp } from '../types.ts';
import type { ImportFormat } from './importSource.ts';
import type { ImportMode } from './importTables.ts';

const FORMATS: readonly unknown[] = [
	'csv',
	'jsonLines',
	'jsonArray',
	'zip',
] satisfies ImportFormat[];
const MODES: readonly unknown[] = [
	'requireEmpty',
	'append',
	'replace',
	'replaceAll',
] satisfies ImportMode[];

/** By normalised path. */
export type StateQueries = Record<string, (args: JsonObject) => JsonValue>;

/**
 * These queries are answered here, beside those that functions answer. They read nothing of the database: when an answer
 * changes, all that is cached has to go.
 */
export function withStateQueries(
	runner: FunctionRunner,
	queries: StateQueries,
	latestTs: () => Timestamp,
): Pick<FunctionRunner, 'runQueries'> {
	const answerOf = ({ path, args, caller }: QueryCall): JsonValue | undefined => {
		if (!caller.isAdmin || !path.startsWith('_system/')) return undefined;
		const name = normalizeFunctionPath(path);
		if (!Object.hasOwn(queries, name)) return undefined;
		return queries[name]!(isJsonObject(args) ? args : {});
	};
	return {
		async runQueries(calls) {
			const answers = calls.map(answerOf);
			const others = calls.filter((_, index) => answers[index] === undefined);
			const outcomes = others.length > 0 ? await runner.runQueries(others) : [];
			const ts = outcomes[0]?.ts ?? latestTs();
			const remaining = outcomes.values();
			return answers.map((value): QueryOutcome => {
				if (value === undefined) return remaining.next().value!;
				const outcome = { ok: true as const, value, logLines: [] };
				return { outcome, ts, readSet: [], journal: null, usedIdentity: false };
			});
		},
	};
}

/** @throws HttpFailure */
export function readFormat(given: JsonValue | undefined): ImportFormat {
	if (FORMATS.includes(given)) return given as ImportFormat;
	throw new HttpFailure(400, 'BadRequest', `"format" must be one of ${FORMATS.join(', ')}.`);
}

/** @throws HttpFailure */
export function readMode(given: JsonValue | undefined): ImportMode {
	if (MODES.includes(given)) return given as ImportMode;
	throw new HttpFailure(400, 'BadRequest', `"mode" must be one of ${MODES.join(', ')}.`);
}

/** Convex JSON of an int64. */
export function toInt64(value: bigint): JsonValue {
	const bytes = Buffer.alloc(8);
	bytes.writeBigInt64LE(value);
	return { $integer: bytes.toString('base64') };
}
