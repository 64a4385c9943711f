/** Values of filter fields as words: equal values give equal words, and SQLite can look for a word. */
import { createHash } from 'node:crypto';
import { fieldAt, type JsonObject } from '../storage/jsonValues.ts';
import type { JsonValue } from '../types.ts';
import { encodeKey } from '../storage/valueKeys.ts';
import type { SearchIndexInfo } from './searchIndexes.ts';

/** Longer values are named by their digest. */
const MAX_PLAIN_BYTES = 48;

/** `field`: position among the index's filter fields. undefined stands for a missing field. */
export function filterToken(field: number, value: JsonValue | undefined): string {
	const key = encodeKey([value]);
	const name =
		key.length <= MAX_PLAIN_BYTES
			? Buffer.from(key, 'latin1').toString('hex')
			: `h${createHash('sha256').update(key, 'latin1').digest('hex')}`;
	return `${field}x${name}`;
}

/** One per filter field, in the index's order. */
export function filterTokensOf(index: SearchIndexInfo, document: JsonObject): string[] {
	return index.filterPaths.map((path, field) => filterToken(field, fieldAt(document, path)));
}
