import { compareValues, convexToJson, type Value } from 'convex/values';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import {
	afterKey,
	afterPrefix,
	bytesToKey,
	encodeKey,
	keyToBytes,
	prefixBounds,
} from '../../../src/lib/server/embedded/storage/valueKeys.ts';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const bytes = fc.uint8Array({ maxLength: 6 }).map((array) => {
	const buffer = new ArrayBuffer(array.length);
	new Uint8Array(buffer).set(array);
	return buffer;
});
const fieldName = fc
	.string({ minLength: 1, maxLength: 4 })
	.filter((name) => /^[\x20-\x7e]+$/.test(name) && !name.startsWith('$') && name !== '__proto__');
const text = fc.oneof(
	fc.string({ unit: 'grapheme', maxLength: 6 }),
	fc.string({ unit: fc.constantFrom('\u0000', '\u0001', 'a', 'é', '\uffff', '😀'), maxLength: 5 }),
);

/** Every Convex type, with the neighbourhoods where orders usually go wrong. */
const { value } = fc.letrec<{ value: Value }>((tie) => ({
	value: fc.oneof(
		{ depthSize: 'small', withCrossShrink: true },
		fc.constant(null),
		fc.boolean(),
		fc.bigInt({ min: MIN_INT64, max: MAX_INT64 }),
		fc.constantFrom(MIN_INT64, -1n, 0n, 1n, MAX_INT64),
		fc.double(),
		fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1, -1, 5e-324, -5e-324, 2 ** 53),
		text,
		bytes,
		fc.array(tie('value'), { maxLength: 3 }),
		fc.dictionary(fieldName, tie('value'), { maxKeys: 3 }),
	),
}));
const optionalValue = fc.option(value, { nil: undefined, freq: 8 });

function toJson(field: Value | undefined): JsonValue | undefined {
	return field === undefined ? undefined : (convexToJson(field) as JsonValue);
}

function compareTuples(left: (Value | undefined)[], right: (Value | undefined)[]): number {
	for (let i = 0; i < left.length; i++) {
		const order = compareValues(left[i], right[i]);
		if (order !== 0) return Math.sign(order);
	}
	return 0;
}

describe('key encoding', () => {
	test('sorts tuples as compareValues does, in strings and in bytes', () => {
		fc.assert(
			fc.property(
				fc
					.integer({ min: 1, max: 3 })
					.chain((length) =>
						fc.tuple(
							fc.array(optionalValue, { minLength: length, maxLength: length }),
							fc.array(optionalValue, { minLength: length, maxLength: length }),
						),
					),
				([left, right]) => {
					const leftKey = encodeKey(left.map(toJson));
					const rightKey = encodeKey(right.map(toJson));
					const expected = compareTuples(left, right);
					expect(leftKey < rightKey ? -1 : leftKey > rightKey ? 1 : 0).toBe(expected);
					expect(Math.sign(Buffer.compare(keyToBytes(leftKey), keyToBytes(rightKey)))).toBe(
						expected,
					);
				},
			),
			{ numRuns: 20_000 },
		);
	});

	test('a prefix range holds exactly the tuples that start with the prefix', () => {
		fc.assert(
			fc.property(value, value, value, (first, second, other) => {
				const { start, end } = prefixBounds(encodeKey([toJson(first)]));
				const inside = encodeKey([toJson(first), toJson(second)]);
				expect(inside >= start && inside < end).toBe(true);
				const elsewhere = encodeKey([toJson(other), toJson(second)]);
				const isSame = compareValues(first, other) === 0;
				expect(elsewhere >= start && elsewhere < end).toBe(isSame);
				expect(inside < afterPrefix(start)).toBe(true);
			}),
			{ numRuns: 5_000 },
		);
	});

	test('no key lies between a key and the one after it', () => {
		fc.assert(
			fc.property(value, value, (one, other) => {
				const key = encodeKey([toJson(one)]);
				const otherKey = encodeKey([toJson(other)]);
				expect(otherKey > key && otherKey < afterKey(key)).toBe(false);
				expect(key < afterKey(key)).toBe(true);
			}),
			{ numRuns: 5_000 },
		);
	});

	test('survives the way through SQLite bytes', () => {
		fc.assert(
			fc.property(fc.array(optionalValue, { maxLength: 3 }), (values) => {
				const key = encodeKey(values.map(toJson));
				expect(bytesToKey(new Uint8Array(keyToBytes(key)))).toBe(key);
			}),
		);
	});

	test('a missing field, $undefined and a pending commit timestamp have their places', () => {
		expect(encodeKey([undefined])).toBe(encodeKey([{ $undefined: null }]));
		expect(encodeKey([undefined]) < encodeKey([null])).toBe(true);
		expect(encodeKey([{ $commitTs: null }])).toBe(
			encodeKey([convexToJson(MAX_INT64) as JsonValue]),
		);
	});

	test('strings far longer than the buffer are encoded whole', () => {
		const long = 'é\u0000'.repeat(20_000);
		expect(encodeKey([long]).length).toBe(1 + 20_000 * 4 + 1);
		expect(encodeKey([long]) < encodeKey([`${long}a`])).toBe(true);
	});
});
