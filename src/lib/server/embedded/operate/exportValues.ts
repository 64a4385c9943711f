/**
 * Values as a Convex snapshot export writes them ("uniform"), one document per line: int64 as an integer, float64 always
 * with a point or an exponent, `{"$float"}` for NaN, the infinities and -0, `{"$bytes"}`. Without a
 * `generated_schema.jsonl` of `"uniform"`, numbers are float64 and `$` has no meaning ("plain").
 */
import { isJsonObject, type JsonObject, specialKey } from '../storage/jsonValues.ts';
import { FunctionError, type JsonValue } from '../types.ts';

export type Encoding = 'uniform' | 'plain';

/** What `generated_schema.jsonl` of every table says. */
export const UNIFORM_SCHEMA = '"uniform"\n';

/** Convex JSON to a line, without the line end. */
export function exportLine(value: JsonValue): string {
	if (typeof value === 'number') return floatText(value);
	if (Array.isArray(value)) return `[${value.map(exportLine).join(',')}]`;
	if (!isJsonObject(value)) return JSON.stringify(value);
	if (specialKey(value) === '$integer') return String(readInteger(value.$integer));
	const fields = Object.entries(value).map(
		([name, field]) => `${JSON.stringify(name)}:${exportLine(field)}`,
	);
	return `{${fields.join(',')}}`;
}

function floatText(value: number): string {
	const text = Object.is(value, -0) ? '-0' : String(value);
	return /[.e]/.test(text) ? text : `${text}.0`;
}

function readInteger(base64: JsonValue | undefined): bigint {
	return Buffer.from(String(base64), 'base64').readBigInt64LE();
}

const INT64_LIMIT = 2n ** 63n;

/** A line to Convex JSON, not yet checked against limits or a schema. Throws FunctionError 'InvalidImport'. */
export function importLine(line: string, encoding: Encoding): JsonObject {
	let value: JsonValue;
	try {
		// The source text of a number is the only thing that tells 1 from 1.0.
		value = (JSON.parse as ParseWithSource)(line, (name, parsed, context) => {
			if (encoding === 'plain') {
				if (name.startsWith('$')) {
					throw new FunctionError(
						'InvalidImport',
						`The field name ${name} starts with "$", which is reserved.`,
					);
				}
				return parsed;
			}
			if (typeof parsed !== 'number' || /[.eE]/.test(context.source!)) return parsed;
			return integerOf(context.source!);
		});
	} catch (error) {
		if (error instanceof FunctionError) throw error;
		throw new FunctionError('InvalidImport', `Not valid JSON: ${(error as Error).message}.`);
	}
	if (!isJsonObject(value)) {
		throw new FunctionError('InvalidImport', 'Every document must be a JSON object.');
	}
	return value;
}

/** ES2025, https://tc39.es/proposal-json-parse-with-source/; not in TypeScript's library yet. */
type ParseWithSource = (
	text: string,
	reviver: (name: string, value: JsonValue, context: { source?: string }) => JsonValue,
) => JsonValue;

function integerOf(source: string): JsonObject {
	const value = BigInt(source);
	if (value < -INT64_LIMIT || value >= INT64_LIMIT) {
		throw new FunctionError('InvalidImport', `The integer ${source} does not fit into 64 bits.`);
	}
	const bytes = Buffer.alloc(8);
	bytes.writeBigInt64LE(value);
	return { $integer: bytes.toString('base64') };
}
