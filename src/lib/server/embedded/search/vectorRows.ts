/** What a vector index holds of a document. */
import type { StoredDocument } from '../storage/database.ts';
import { fieldAt, isJsonObject } from '../storage/jsonValues.ts';
import type { JsonValue } from '../types.ts';
import { filterTokensOf } from './filterTokens.ts';
import type { VectorIndexInfo } from './searchIndexes.ts';

export interface VectorRow {
	id: string;
	/** One space before, between and after the words of `filterTokensOf`. */
	filters: string;
	/** Of length 1, or all zero: the product with another such vector is the cosine. */
	vector: Float32Array;
}

/**
 * null: the document is not in the index. As on Convex only documents are that have an array of float64 of exactly the
 * index's size in the field; numbers are kept as float32.
 */
export function vectorRowOf(index: VectorIndexInfo, document: StoredDocument): VectorRow | null {
	const value = fieldAt(document, index.vectorPath);
	if (!Array.isArray(value) || value.length !== index.dimensions) return null;
	const vector = unitVector(value);
	if (vector === null) return null;
	return {
		id: document._id,
		filters: ` ${filterTokensOf(index, document).join(' ')} `,
		vector,
	};
}

/** null: not all elements are finite float64. */
export function unitVector(elements: readonly JsonValue[]): Float32Array | null {
	const numbers = new Float64Array(elements.length);
	let largest = 0;
	for (let i = 0; i < elements.length; i++) {
		const number = float64Of(elements[i]!);
		if (number === null || !Number.isFinite(number)) return null;
		numbers[i] = number;
		largest = Math.max(largest, Math.abs(number));
	}
	const vector = new Float32Array(elements.length);
	if (largest === 0) return vector;
	// Scaled first: squares of very large or very small numbers would leave the range of float64.
	let squares = 0;
	for (let i = 0; i < numbers.length; i++) squares += (numbers[i]! /= largest) ** 2;
	const norm = Math.sqrt(squares);
	for (let i = 0; i < numbers.length; i++) vector[i] = numbers[i]! / norm;
	return vector;
}

function float64Of(json: JsonValue): number | null {
	if (typeof json === 'number') return json;
	if (!isJsonObject(json) || typeof json.$float !== 'string') return null;
	const bytes = Buffer.from(json.$float, 'base64');
	return bytes.length === 8 ? bytes.readDoubleLE() : null;
}

export function isSameVectorRow(a: VectorRow | null, b: VectorRow | null): boolean {
	if (a === null || b === null) return a === b;
	return a.filters === b.filters && a.vector.every((element, i) => element === b.vector[i]);
}
