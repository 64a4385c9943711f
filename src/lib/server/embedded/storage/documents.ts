/** What a document may be: Convex's limits and field names, checked while the value is put into canonical form. */
import { fieldAt, type JsonObject, kindOf, setField, specialKey } from './jsonValues.ts';
import { FunctionError, type JsonValue } from '../types.ts';
import { checkFieldCount, checkLength, MAX_VALUE_NESTING } from './valueShape.ts';

/** https://docs.convex.dev/production/state/limits, "Documents" and "Values". */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;
const MAX_NESTING = 16;
/** Of documents the engine writes itself: a scheduled function's arguments may have 4 MiB, nested as deeply as any value. */
const SYSTEM_LIMITS = { bytes: 8 * MAX_DOCUMENT_BYTES, nesting: MAX_VALUE_NESTING };
const DOCUMENT_LIMITS = { bytes: MAX_DOCUMENT_BYTES, nesting: MAX_NESTING };
const MAX_FIELD_NAME_CHARS = 1_024;

export interface NormalizedValue {
	/** Keys sorted at every level, -0 spelled as `$float`. */
	value: JsonValue;
	/** As `getConvexSize` counts. */
	sizeBytes: number;
	/** It holds `{"$commitTs":null}` somewhere, to be filled in at commit. */
	hasCommitTs: boolean;
}

/** Throws FunctionError 'InvalidValue' for anything Convex would not store inside a document. */
export function normalizeValue(json: JsonValue, maxNesting = MAX_NESTING): NormalizedValue {
	const state = { sizeBytes: 0, hasCommitTs: false, maxNesting };
	const value = normalize(json, 0, state);
	return { value, sizeBytes: state.sizeBytes, hasCommitTs: state.hasCommitTs };
}

/** As `normalizeValue`, for a whole document of `table`. `fields` carries `_id` and `_creationTime` already. */
export function normalizeDocument(
	fields: JsonObject,
	isSystem = false,
): NormalizedValue & { value: JsonObject } {
	const limits = isSystem ? SYSTEM_LIMITS : DOCUMENT_LIMITS;
	for (const name of Object.keys(fields)) {
		if (name.startsWith('_') && name !== '_id' && name !== '_creationTime') {
			throw new FunctionError(
				'InvalidValue',
				`Field '${name}' starts with an underscore, which is only allowed for system fields like '_id'.`,
			);
		}
	}
	const normalized = normalizeValue(fields, limits.nesting);
	if (normalized.sizeBytes > limits.bytes) {
		const mebibytes = (normalized.sizeBytes / MAX_DOCUMENT_BYTES).toFixed(2);
		throw new FunctionError(
			'ValueTooLarge',
			`Value is too large (${mebibytes} MiB > maximum size 1 MiB).`,
		);
	}
	return normalized as NormalizedValue & { value: JsonObject };
}

/** A top-level value handed to insert, patch or replace. */
export function requireObject(method: string, value: JsonValue): JsonObject {
	if (kindOf(value) !== 'object') {
		throw new FunctionError(
			'InvalidArgument',
			`Invalid argument \`value\` for \`db.${method}\`: Value must be an Object`,
		);
	}
	return value as JsonObject;
}

/** The document with every `{"$commitTs":null}` replaced. */
export function resolveCommitTs(json: JsonValue, ts: bigint): JsonValue {
	if (Array.isArray(json)) return json.map((element) => resolveCommitTs(element, ts));
	if (typeof json !== 'object' || json === null) return json;
	if (specialKey(json) === '$commitTs') return encodeInteger(ts);
	const out: JsonObject = {};
	for (const [name, value] of Object.entries(json)) setField(out, name, resolveCommitTs(value, ts));
	return out;
}

/** The index key's fields of a document. */
export function indexedValues(
	document: JsonObject,
	paths: readonly (readonly string[])[],
): (JsonValue | undefined)[] {
	return paths.map((path) => fieldAt(document, path));
}

function encodeInteger(value: bigint): JsonObject {
	const bytes = Buffer.alloc(8);
	bytes.writeBigInt64LE(value);
	return { $integer: bytes.toString('base64') };
}

type State = { sizeBytes: number; hasCommitTs: boolean; maxNesting: number };

function normalize(json: JsonValue, depth: number, state: State): JsonValue {
	if (json === null || typeof json === 'boolean') {
		state.sizeBytes += 1;
		return json;
	}
	if (typeof json === 'number') {
		state.sizeBytes += 9;
		return Object.is(json, -0) ? encodeFloat(json) : json;
	}
	if (typeof json === 'string') {
		state.sizeBytes += 2 + Buffer.byteLength(json);
		return json;
	}
	if (depth >= state.maxNesting) {
		throw new FunctionError(
			'InvalidValue',
			`Value is too nested (nested ${depth + 1} levels deep > maximum nesting ${state.maxNesting}).`,
		);
	}
	if (Array.isArray(json)) {
		checkLength(json);
		state.sizeBytes += 2;
		return json.map((element) => normalize(element, depth + 1, state));
	}
	return specialKey(json) === null
		? normalizeObject(json, depth, state)
		: normalizeSpecial(json, state);
}

function normalizeObject(json: JsonObject, depth: number, state: State): JsonObject {
	const names = Object.keys(json);
	checkFieldCount(names.length);
	state.sizeBytes += 2;
	const out: JsonObject = {};
	for (const name of names.sort()) {
		checkFieldName(name);
		state.sizeBytes += name.length + 1;
		setField(out, name, normalize(json[name]!, depth + 1, state));
	}
	return out;
}

function checkFieldName(name: string): void {
	if (name.startsWith('$')) {
		throw new FunctionError(
			'InvalidValue',
			`Field name ${name} starts with a '$', which is reserved.`,
		);
	}
	if (name.length > MAX_FIELD_NAME_CHARS) {
		throw new FunctionError(
			'InvalidValue',
			`Field name ${name.slice(0, 64)}… exceeds maximum field name length ${MAX_FIELD_NAME_CHARS}.`,
		);
	}
	if (!/^[\x20-\x7e]*$/.test(name)) {
		throw new FunctionError(
			'InvalidValue',
			`Field name ${name} has an invalid character: Field names can only contain non-control ASCII characters.`,
		);
	}
}

function normalizeSpecial(json: JsonObject, state: State): JsonValue {
	const key = specialKey(json)!;
	const payload = json[key];
	if (key === '$commitTs' && payload === null) {
		state.hasCommitTs = true;
		state.sizeBytes += 9;
		return json;
	}
	const bytes = typeof payload === 'string' ? Buffer.from(payload, 'base64') : null;
	const isBase64 = bytes !== null && bytes.toString('base64') === payload;
	if (key === '$bytes' && isBase64) {
		state.sizeBytes += 2 + bytes.length;
		return json;
	}
	if (key === '$integer' && isBase64 && bytes.length === 8) {
		state.sizeBytes += 9;
		return json;
	}
	if (key === '$float' && isBase64 && bytes.length === 8 && isSpecialFloat(bytes.readDoubleLE())) {
		state.sizeBytes += 9;
		return json;
	}
	if (key === '$undefined') {
		throw new FunctionError(
			'InvalidValue',
			'undefined is not a valid Convex value inside a document.',
		);
	}
	if (['$integer', '$float', '$bytes', '$commitTs'].includes(key)) {
		throw new FunctionError('InvalidValue', `Malformed ${key} value.`);
	}
	checkFieldName(key);
	return json;
}

function isSpecialFloat(value: number): boolean {
	return !Number.isFinite(value) || Object.is(value, -0);
}

function encodeFloat(value: number): JsonObject {
	const bytes = Buffer.alloc(8);
	bytes.writeDoubleLE(value);
	return { $float: bytes.toString('base64') };
}
