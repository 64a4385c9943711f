/** Reading convex JSON, the wire form of Convex values, without turning it into values. */
import type { JsonValue } from '../types.ts';

export type JsonObject = { [key: string]: JsonValue };

export type ValueKind =
	'null' | 'number' | 'bigint' | 'boolean' | 'string' | 'bytes' | 'commitTs' | 'array' | 'object';

/** The type of the value that `json` stands for. `{"$undefined":null}` is 'undefined': not a value. */
export function kindOf(json: JsonValue): ValueKind | 'undefined' {
	if (json === null) return 'null';
	if (Array.isArray(json)) return 'array';
	if (typeof json !== 'object') return typeof json as 'number' | 'boolean' | 'string';
	switch (specialKey(json)) {
		case '$integer':
			return 'bigint';
		case '$float':
			return 'number';
		case '$bytes':
			return 'bytes';
		case '$commitTs':
			return 'commitTs';
		case '$undefined':
			return 'undefined';
		default:
			return 'object';
	}
}

/** The only key of an object when it starts with `$`, else null. */
export function specialKey(json: JsonObject): string | null {
	let only: string | null = null;
	for (const key in json) {
		if (only !== null) return null;
		only = key;
	}
	return only !== null && only.startsWith('$') ? only : null;
}

export function isJsonObject(json: JsonValue | undefined): json is JsonObject {
	return typeof json === 'object' && json !== null && !Array.isArray(json);
}

export function isUndefinedMarker(json: JsonValue | undefined): boolean {
	return json === undefined || (isJsonObject(json) && specialKey(json) === '$undefined');
}

/** The value at a field path, or undefined; never looks inside `$integer` and its like, nor at inherited members. */
export function fieldAt(json: JsonValue, path: readonly string[]): JsonValue | undefined {
	let current: JsonValue = json;
	for (const name of path) {
		if (!isJsonObject(current) || name.startsWith('$') || !Object.hasOwn(current, name)) {
			return undefined;
		}
		current = current[name]!;
	}
	return current;
}

/** Assignment that treats `__proto__` as the plain field it is in JSON. */
export function setField(target: JsonObject, name: string, value: JsonValue): void {
	if (name === '__proto__') {
		Object.defineProperty(target, name, {
			value,
			enumerable: true,
			configurable: true,
			writable: true,
		});
	} else {
		target[name] = value;
	}
}
