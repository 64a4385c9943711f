/** What every value may be, also one that is only passed or returned: Convex docs, "Data types", and its words. */
import { specialKey } from './jsonValues.ts';
import { FunctionError, type JsonValue } from '../types.ts';

export const MAX_ARRAY_ELEMENTS = 8_192;
export const MAX_OBJECT_FIELDS = 1_024;
/** Of arguments and returned values; documents have less. */
export const MAX_VALUE_NESTING = 64;
/** A shorter text has room for no more brackets than are allowed, nor for more elements or fields. */
const MIN_CHECKED_CHARS = 2 * MAX_VALUE_NESTING;
/** `JSON.stringify` writes half of a surrogate pair as an escape, and nothing else that begins so. */
const HALF_PAIR = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/**
 * @param json the value's own text
 * @throws FunctionError 'InvalidValue': too deep, too many elements, too many fields
 */
export function checkShape(value: JsonValue, json: string): void {
	if (json.length > MIN_CHECKED_CHARS) check(value, 1);
}

function check(json: JsonValue, level: number): void {
	if (typeof json !== 'object' || json === null) return;
	const isArray = Array.isArray(json);
	if (!isArray && specialKey(json) !== null) return;
	if (level > MAX_VALUE_NESTING) {
		refuse(
			`Value is too nested (nested ${level} levels deep > maximum nesting ${MAX_VALUE_NESTING}).`,
		);
	}
	if (isArray) {
		checkLength(json);
		for (const element of json) check(element, level + 1);
		return;
	}
	let fields = 0;
	for (const name in json) {
		fields++;
		check(json[name]!, level + 1);
	}
	checkFieldCount(fields);
}

export function checkLength({ length }: JsonValue[]): void {
	if (length <= MAX_ARRAY_ELEMENTS) return;
	refuse(`Array length is too long (${length} > maximum length ${MAX_ARRAY_ELEMENTS}).`);
}

export function checkFieldCount(fields: number): void {
	if (fields <= MAX_OBJECT_FIELDS) return;
	refuse(`Object has too many fields (${fields} > maximum number ${MAX_OBJECT_FIELDS}).`);
}

/** Strings of Convex are Unicode: half of a surrogate pair, as `slice` may leave it, is not. */
export function hasHalfPair(json: string): boolean {
	return json.includes('\\ud') && HALF_PAIR.test(json);
}

function refuse(message: string): never {
	throw new FunctionError('InvalidValue', message);
}
