/**
 * Words of a text, as Convex finds them: runs of letters and digits of any script, lower case, nothing stemmed and no
 * accent removed. Documents and queries go through the same function.
 */

/**
 * Longer words are not indexed and not searched for. https://docs.convex.dev/search/text-search ("terms to 32
 * characters") and tantivy's `RemoveLongFilter`, which keeps what is *shorter* than its limit in UTF-8.
 */
const MAX_TERM_BYTES = 31;
/** Rust's `char::is_alphanumeric`, on which tantivy's `SimpleTokenizer` splits. */
const WORD = /[\p{Alphabetic}\p{N}]+/gu;

/** All words in order, repetitions included. */
export function tokenize(text: string): string[] {
	const terms: string[] = [];
	for (const word of text.match(WORD) ?? []) {
		if (word.length > MAX_TERM_BYTES || Buffer.byteLength(word) > MAX_TERM_BYTES) continue;
		terms.push(lowerCase(word));
	}
	return terms;
}

/** Character by character: `toLowerCase` of a whole word would make a final sigma of its last letter. */
function lowerCase(word: string): string {
	if (/^[a-zA-Z0-9]*$/.test(word)) return word.toLowerCase();
	let lower = '';
	for (const character of word) lower += character.toLowerCase();
	return lower;
}
