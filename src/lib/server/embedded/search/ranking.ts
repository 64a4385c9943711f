/**
 * Relevance: BM25 with its usual constants, over the documents that match rather than over the whole index.
 *
 * Convex counts words in the whole index, so any write anywhere may reorder any result. Here a live query must never
 * differ from a fresh run *and* must not run again for writes that share nothing with it. Both hold when the order
 * follows from the matching documents alone: how many there are, how long they are on average, and in how many of them
 * each word occurs. A write can change those only by changing a document that matches before or after it, and such a
 * write touches the query's words. Rare words still weigh more than common ones, relative to each other.
 */

/** As tantivy and Lucene have them. */
const K1 = 1.2;
const B = 0.75;
/** What a word that merely begins with the last term counts, against the term itself: as in Convex, below it. */
const PREFIX_WEIGHT = 0.5;

export interface Candidate {
	id: string;
	creationTime: number;
	length: number;
	words: string;
}

export interface Ranked<T extends Candidate> {
	candidate: T;
	score: number;
}

/** Best first; equal scores: newest first, as Convex documents; then by id, which Convex does not document. */
export function compareRanked(a: Ranked<Candidate>, b: Ranked<Candidate>): number {
	if (a.score !== b.score) return b.score - a.score;
	const { creationTime, id } = a.candidate;
	return b.candidate.creationTime - creationTime || (id < b.candidate.id ? -1 : 1);
}

/** `candidates`: all documents that match, in any order: the result does not depend on it. */
export function rank<T extends Candidate>(
	candidates: readonly T[],
	words: readonly string[],
): Ranked<T>[] {
	const last = words.length - 1;
	const size = candidates.length;
	/** By word, then by candidate. */
	const frequencies = words.map((word, i) =>
		Float64Array.from(candidates, (candidate) => frequency(candidate.words, word, i === last)),
	);
	let totalLength = 0;
	for (const { length } of candidates) totalLength += length;
	const averageLength = totalLength / size;
	const weights = shares(
		frequencies.map((ofWord) => {
			const holders = ofWord.reduce((count, tf) => count + (tf > 0 ? 1 : 0), 0);
			return Math.log(1 + (size - holders + 0.5) / (holders + 0.5));
		}),
	);
	return candidates
		.map((candidate, at) => {
			const damping = K1 * (1 - B + (B * candidate.length) / averageLength);
			let score = 0;
			for (const [i, ofWord] of frequencies.entries()) {
				const tf = ofWord[at]!;
				score += (weights[i]! * tf * (K1 + 1)) / (tf + damping);
			}
			return { candidate, score };
		})
		.sort(compareRanked);
}

/** At least one of the words is in `column`, the last one at least as a beginning. */
export function matchesAny(column: string, words: readonly string[]): boolean {
	const last = words.length - 1;
	return words.some((word, i) => column.includes(i === last ? ` ${word}` : ` ${word} `));
}

function frequency(column: string, word: string, isPrefix: boolean): number {
	const exact = occurrences(column, ` ${word} `);
	if (!isPrefix) return exact;
	return exact + PREFIX_WEIGHT * (occurrences(column, ` ${word}`) - exact);
}

/**
 * Only the proportions of the words' weights decide the order. Without their absolute size, which falls with every
 * document that matches, scores hardly move when one is added, and pages of a live search keep their borders.
 */
function shares(weights: number[]): number[] {
	const sum = weights.reduce((total, weight) => total + weight, 0);
	return weights.map((weight) => weight / sum);
}

/** Neighbours share the space between them. */
function occurrences(column: string, part: string): number {
	let count = 0;
	for (let at = column.indexOf(part); at >= 0; at = column.indexOf(part, at + part.length - 1)) {
		count++;
	}
	return count;
}
