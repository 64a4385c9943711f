/** Convex JSON for callers without a Convex client. */
import { isJsonObject, specialKey } from '../storage/jsonValues.ts';
import type { JsonValue } from '../types.ts';

/** int64 becomes decimal text, bytes stay base64 text, NaN, Infinity and -0 become text or 0. Not reversible. */
export function plainJson(value: JsonValue): JsonValue {
	if (Array.isArray(value)) return value.map(plainJson);
	if (!isJsonObject(value)) return value;
	const special = specialKey(value);
	const encoded = special === null ? null : value[special];
	if (special !== null && typeof encoded === 'string') {
		const bytes = Buffer.from(encoded, 'base64');
		if (special === '$bytes') return encoded;
		if (special === '$integer' && bytes.length === 8) return String(bytes.readBigInt64LE());
		if (special === '$float' && bytes.length === 8) {
			const number = bytes.readDoubleLE();
			return number === 0 ? 0 : String(number);
		}
	}
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainJson(item)]));
}
