/** Which fields documents of a validator may have. Validators as `export()` writes them. */
import { isJsonObject, type JsonObject } from './jsonValues.ts';
import type { JsonValue } from '../types.ts';

/** A document that fits may have a value at `path`. Without a validator any may. */
export function mayHaveField(validator: JsonValue | null | undefined, path: string[]): boolean {
	return validatorsAt(validator, path).length > 0;
}

/** A value at `path` may be an array of float64. */
export function canHoldVector(validator: JsonValue | null | undefined, path: string[]): boolean {
	return validatorsAt(validator, path).some((found) => {
		if (found === null || found.type === 'any') return true;
		return found.type === 'array' && isJsonObject(found.value) && found.value.type === 'number';
	});
}

/** Of every alternative, the validator of the field; null stands for one that allows anything. */
function validatorsAt(
	validator: JsonValue | null | undefined,
	path: string[],
): (JsonObject | null)[] {
	if (!isJsonObject(validator ?? undefined)) return [null];
	const json = validator as JsonObject;
	if (json.type === 'union' && Array.isArray(json.value)) {
		return json.value.flatMap((member) => validatorsAt(member, path));
	}
	const [name, ...rest] = path;
	if (name === undefined) return [json];
	if (json.type === 'any') return [null];
	// Every document has them, whatever the validator says.
	if (name === '_id' || name === '_creationTime') return rest.length === 0 ? [null] : [];
	if (json.type === 'record') {
		const values = isJsonObject(json.values) ? json.values.fieldType : null;
		return validatorsAt(values, rest);
	}
	if (json.type !== 'object' || !isJsonObject(json.value)) return [];
	const field = Object.hasOwn(json.value, name) ? json.value[name] : undefined;
	return isJsonObject(field) ? validatorsAt(field.fieldType, rest) : [];
}
