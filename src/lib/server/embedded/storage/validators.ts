/**
 * Checks convex JSON against validator JSON (what `exportArgs()`, `exportReturns()` and `schema.export()` give), with
 * Convex's sentences. Values of strings are never quoted back: a mistyped call may carry credentials, and errors end up
 * in logs. Ids are quoted, they are no secrets and the sentence is useless without.
 */
import { isJsonObject, type JsonObject, kindOf } from './jsonValues.ts';
import { FunctionError, type JsonValue } from '../types.ts';
import { describeValidator, describeValue } from './validatorText.ts';

export type ValidatorJson =
	| {
			type: 'null' | 'number' | 'bigint' | 'boolean' | 'string' | 'bytes' | 'any' | 'commitTs';
	  }
	| { type: 'literal'; value: JsonValue }
	| { type: 'id'; tableName: string }
	| { type: 'array'; value: ValidatorJson }
	| { type: 'union'; value: ValidatorJson[] }
	| { type: 'record'; keys: ValidatorJson; values: FieldValidator }
	| { type: 'object'; value: { [field: string]: FieldValidator } };

export interface FieldValidator {
	fieldType: ValidatorJson;
	optional: boolean;
}

/** Parsed and checked once by `parseValidator`. */
export type Validator = ValidatorJson;

/** The table an id belongs to, as the component that declares the validator sees it; null for no known id. */
export type TableOfId = (id: string) => string | null;

const TYPES = new Set([
	'null',
	'number',
	'bigint',
	'boolean',
	'string',
	'bytes',
	'any',
	'commitTs',
	'literal',
	'id',
	'array',
	'union',
	'record',
	'object',
]);

/** Throws FunctionError 'InvalidValidator' for a type this engine does not know, rather than letting values through. */
export function parseValidator(json: JsonValue): Validator {
	if (!isJsonObject(json) || typeof json.type !== 'string' || !TYPES.has(json.type)) {
		throw new FunctionError(
			'InvalidValidator',
			`Unknown validator ${JSON.stringify(json)?.slice(0, 200)}. This engine knows ${[...TYPES].join(', ')}.`,
		);
	}
	const validator = json as unknown as ValidatorJson;
	if (validator.type === 'array') parseValidator(validator.value as unknown as JsonValue);
	else if (validator.type === 'union') {
		for (const member of validator.value) parseValidator(member as unknown as JsonValue);
	} else if (validator.type === 'record') {
		parseValidator(validator.keys as unknown as JsonValue);
		parseValidator(validator.values.fieldType as unknown as JsonValue);
	} else if (validator.type === 'object') {
		for (const field of Object.values(validator.value)) {
			parseValidator(field.fieldType as unknown as JsonValue);
		}
	}
	return validator;
}

/** null when the value matches, else Convex's explanation (several lines). */
export function explainMismatch(
	validator: Validator,
	value: JsonValue,
	tableOfId: TableOfId,
): string | null {
	return check(validator, value, '', tableOfId);
}

function check(
	validator: ValidatorJson,
	value: JsonValue,
	path: string,
	tableOfId: TableOfId,
): string | null {
	switch (validator.type) {
		case 'any':
			return kindOf(value) === 'undefined' ? mismatch(validator, value, path) : null;
		case 'commitTs':
			return kindOf(value) === 'bigint' || kindOf(value) === 'commitTs'
				? null
				: mismatch(validator, value, path);
		case 'literal':
			return isSameScalar(validator.value, value) ? null : mismatch(validator, value, path);
		case 'id':
			return checkId(validator, value, path, tableOfId);
		case 'array':
			return checkArray(validator, value, path, tableOfId);
		case 'union': {
			const matches = validator.value.some(
				(member) => check(member, value, path, tableOfId) === null,
			);
			return matches ? null : mismatch(validator, value, path);
		}
		case 'record':
			return checkRecord(validator, value, path, tableOfId);
		case 'object':
			return checkObject(validator, value, path, tableOfId);
		default:
			return kindOf(value) === validator.type ? null : mismatch(validator, value, path);
	}
}

function checkId(
	validator: ValidatorJson & { type: 'id' },
	value: JsonValue,
	path: string,
	tableOfId: TableOfId,
): string | null {
	if (typeof value !== 'string') return mismatch(validator, value, path);
	const table = tableOfId(value);
	if (table === validator.tableName) return null;
	if (table === null) return mismatch(validator, value, path);
	return (
		`Found ID "${value}" from table \`${table}\`, which does not match the table name in validator ` +
		`\`${describeValidator(validator)}\`.${at(path)}`
	);
}

function checkArray(
	validator: ValidatorJson & { type: 'array' },
	value: JsonValue,
	path: string,
	tableOfId: TableOfId,
): string | null {
	if (!Array.isArray(value)) return mismatch(validator, value, path);
	for (let i = 0; i < value.length; i++) {
		const problem = check(validator.value, value[i]!, `${path}[${i}]`, tableOfId);
		if (problem !== null) return problem;
	}
	return null;
}

function checkRecord(
	validator: ValidatorJson & { type: 'record' },
	value: JsonValue,
	path: string,
	tableOfId: TableOfId,
): string | null {
	if (kindOf(value) !== 'object') return mismatch(validator, value, path);
	for (const [name, element] of Object.entries(value as JsonObject)) {
		const inner = `${path}.${name}`;
		const problem =
			check(validator.keys, name, inner, tableOfId) ??
			check(validator.values.fieldType, element, inner, tableOfId);
		if (problem !== null) return problem;
	}
	return null;
}

function checkObject(
	validator: ValidatorJson & { type: 'object' },
	value: JsonValue,
	path: string,
	tableOfId: TableOfId,
): string | null {
	if (kindOf(value) !== 'object') return mismatch(validator, value, path);
	const object = value as JsonObject;
	for (const [name, field] of Object.entries(validator.value)) {
		if (!Object.hasOwn(object, name)) {
			if (field.optional) continue;
			return (
				`Object is missing the required field \`${name}\`. Consider wrapping the field validator in ` +
				`\`v.optional(...)\` if this is expected.${at(path)}${shown('Object', validator, value)}`
			);
		}
		const problem = check(field.fieldType, object[name]!, `${path}.${name}`, tableOfId);
		if (problem !== null) return problem;
	}
	for (const name of Object.keys(object)) {
		if (!Object.hasOwn(validator.value, name)) {
			return `Object contains extra field \`${name}\` that is not in the validator.${at(path)}${shown('Object', validator, value)}`;
		}
	}
	return null;
}

function isSameScalar(expected: JsonValue, value: JsonValue): boolean {
	if (expected === value) return true;
	if (!isJsonObject(expected) || !isJsonObject(value)) return false;
	return JSON.stringify(expected) === JSON.stringify(value);
}

function mismatch(validator: ValidatorJson, value: JsonValue, path: string): string {
	return `Value does not match validator.${at(path)}${shown('Value', validator, value)}`;
}

function at(path: string): string {
	return path === '' ? '\n' : `\nPath: ${path}`;
}

function shown(label: string, validator: ValidatorJson, value: JsonValue): string {
	return `\n${label}: ${describeValue(value)}\nValidator: ${describeValidator(validator)}`;
}
