/** What a text index holds of a document, and which reads a change of it touches. */
import type { StoredDocument } from '../storage/database.ts';
import { fieldAt } from '../storage/jsonValues.ts';
import type { KeyWrite } from '../types.ts';
import {
	encodeKey,
	type Bounds,
	type Key,
	keyToBytes,
	prefixBounds,
} from '../storage/valueKeys.ts';
import { filterTokensOf } from './filterTokens.ts';
import type { TextIndexInfo } from './searchIndexes.ts';
import { tokenize } from './terms.ts';

export interface TextRow {
	id: string;
	creationTime: number;
	/** Words in the search field. */
	length: number;
	/** The words with one space before, between and after, so that a word is found with its borders. */
	words: string;
	/** As `words`, of `filterTokensOf`. */
	filters: string;
}

/** null: the document is not in the index, because its field is no string or has no word. */
export function textRowOf(index: TextIndexInfo, document: StoredDocument): TextRow | null {
	const text = fieldAt(document, index.searchPath);
	if (typeof text !== 'string') return null;
	const words = tokenize(text);
	if (words.length === 0) return null;
	return {
		id: document._id,
		creationTime: document._creationTime,
		length: words.length,
		words: ` ${words.join(' ')} `,
		filters: ` ${filterTokensOf(index, document).join(' ')} `,
	};
}

/** Documents with equal rows rank equally, whatever else they hold. */
export function isSameTextRow(a: TextRow | null, b: TextRow | null): boolean {
	if (a === null || b === null) return a === b;
	return a.words === b.words && a.filters === b.filters && a.creationTime === b.creationTime;
}

/** The words of a row's column. */
export function splitWords(column: string): string[] {
	return column.split(' ').filter((word) => word !== '');
}

/**
 * What a search depends on: its words within the documents that pass its first filter. A row reports each of its words
 * once for searches without a filter and once per filter field. Further filters do not narrow the dependency, which
 * would take a key per combination of fields.
 */
export function textRowWrites(index: TextIndexInfo, row: TextRow): KeyWrite[] {
	const words = new Set(splitWords(row.words));
	const scopes = [null, ...splitWords(row.filters)];
	const writes: KeyWrite[] = [];
	for (const scope of scopes) {
		for (const word of words) {
			writes.push({ indexId: index.id, key: keyToBytes(wordKey(scope, word)) });
		}
	}
	return writes;
}

/** `filter`: one of `filterTokensOf`, or null for all documents. */
export function wordBounds(filter: string | null, word: string, isPrefix: boolean): Bounds {
	const key = wordKey(filter, word);
	// Without the terminator it is the beginning of the keys of all longer words.
	return prefixBounds(isPrefix ? key.slice(0, -1) : key);
}

function wordKey(filter: string | null, word: string): Key {
	return encodeKey([filter, word]);
}
