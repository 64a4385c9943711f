/** What a search should find, computed the slow way from all documents, without any of the engine's code. */
import { compareValues, jsonToConvex, type Value } from 'convex/values';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import type { Question } from './support.ts';

export type Post = { _id: string; _creationTime: number; [field: string]: JsonValue };

export function wordsOf(value: JsonValue | undefined): string[] {
	if (typeof value !== 'string') return [];
	return value
		.split(/[^\p{Alphabetic}\p{N}]/u)
		.filter((word) => word !== '' && Buffer.byteLength(word) < 32)
		.map((word) => [...word].map((character) => character.toLowerCase()).join(''));
}

export function valueAt(post: Post, path: string): Value | undefined {
	let current: JsonValue | undefined = post;
	for (const name of path.split('.')) {
		if (typeof current !== 'object' || current === null || Array.isArray(current)) return undefined;
		current = current[name];
	}
	return current === undefined ? undefined : jsonToConvex(current);
}

export function passes(post: Post, filters: Question['filters']): boolean {
	return filters.every(({ fieldPath, value }) => {
		const isMissing = typeof value === 'object' && value !== null && '$undefined' in value;
		const wanted = isMissing ? undefined : jsonToConvex(value);
		return compareValues(valueAt(post, fieldPath), wanted) === 0;
	});
}

/** Is the word of a document one that the question asks for? */
function asksFor(question: Question): { words: string[]; last: string | undefined } {
	const words = wordsOf(question.text).slice(0, 16);
	return { words, last: words.at(-1) };
}

export function sharesWord(post: Post, question: Question): boolean {
	const { words, last } = asksFor(question);
	return wordsOf(post.body).some(
		(word) => words.includes(word) || (last !== undefined && word.startsWith(last)),
	);
}

/** BM25 over the documents found, as `ranking.ts` promises it. */
export function naiveSearch(all: Iterable<Post>, question: Question): Post[] {
	const found = [...all].filter(
		(post) => sharesWord(post, question) && passes(post, question.filters),
	);
	const { words, last } = asksFor(question);
	const distinct = [...new Set([...words.filter((word) => word !== last), last!])];
	const average =
		found.reduce((sum, post) => sum + wordsOf(post.body).length, 0) / Math.max(found.length, 1);
	const weightIn = (post: Post, asked: string) =>
		wordsOf(post.body).reduce((sum, word) => {
			if (word === asked) return sum + 1;
			return asked === last && word.startsWith(asked) ? sum + 0.5 : sum;
		}, 0);
	const rarity = (asked: string) => {
		const holders = found.filter((other) => weightIn(other, asked) > 0).length;
		return Math.log(1 + (found.length - holders + 0.5) / (holders + 0.5));
	};
	const total = distinct.reduce((sum, asked) => sum + rarity(asked), 0);
	const score = (post: Post) =>
		distinct.reduce((sum, asked) => {
			const idf = rarity(asked) / total;
			const tf = weightIn(post, asked);
			const length = wordsOf(post.body).length;
			return sum + (idf * tf * 2.2) / (tf + 1.2 * (0.25 + (0.75 * length) / average));
		}, 0);
	const sorted = found
		.map((post) => ({ post, score: score(post) }))
		.sort((a, b) => b.score - a.score || b.post._creationTime - a.post._creationTime)
		.map(({ post }) => post);
	return question.limit === null ? sorted : sorted.slice(0, question.limit);
}
