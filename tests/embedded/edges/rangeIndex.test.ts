import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RangeIndex } from '../../../src/lib/server/embedded/sync/rangeIndex.ts';
import type { KeyRange } from '../../../src/lib/server/embedded/types.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('range index', () => {
	test('start is inside, end is outside, other indexes do not count', () => {
		const index = new RangeIndex<string>();
		index.add('a', [{ indexId: 1, start: bytes(5), end: bytes(9) }]);
		const at = (indexId: number, key: Uint8Array) => [...index.touched([{ indexId, key }])];
		expect(at(1, bytes(5))).toEqual(['a']);
		expect(at(1, bytes(8, 255, 255))).toEqual(['a']);
		expect(at(1, bytes(9))).toEqual([]);
		expect(at(1, bytes(4, 255))).toEqual([]);
		expect(at(2, bytes(5))).toEqual([]);
	});

	test('agrees with a linear scan under any adds and removes', () => {
		const key = fc.uint8Array({ minLength: 0, maxLength: 3, max: 4 });
		const range = fc.record({ indexId: fc.constantFrom(1, 2), start: key, end: key });
		const step = fc.record({
			isAdd: fc.boolean(),
			owner: fc.nat(6),
			ranges: fc.array(range, { maxLength: 4 }),
		});
		fc.assert(
			fc.property(fc.array(step, { maxLength: 40 }), fc.array(key), (steps, keys) => {
				const index = new RangeIndex<number>();
				const held = new Map<number, KeyRange[]>();
				for (const { isAdd, owner, ranges } of steps) {
					const before = held.get(owner);
					if (isAdd && !before) {
						index.add(owner, ranges);
						held.set(owner, ranges);
					} else if (before) {
						index.remove(owner, before);
						held.delete(owner);
					}
				}
				for (const written of keys) {
					for (const indexId of [1, 2]) {
						const expected = [...held].flatMap(([owner, ranges]) =>
							ranges.some(
								(one) =>
									one.indexId === indexId &&
									Buffer.compare(one.start, written) <= 0 &&
									Buffer.compare(written, one.end) < 0,
							)
								? [owner]
								: [],
						);
						const found = [...index.touched([{ indexId, key: written }])];
						expect(found.sort()).toEqual(expected.sort());
					}
				}
				for (const [owner, ranges] of held) index.remove(owner, ranges);
				expect(index.size).toBe(0);
			}),
			{ numRuns: 500 },
		);
	});

	test('a write that touches one of 50,000 subscriptions looks at few of them', () => {
		const index = new RangeIndex<number>();
		let comparisons = 0;
		const original = Buffer.compare;
		const point = (n: number) => bytes(n >> 16, (n >> 8) & 255, n & 255);
		for (let n = 0; n < 50_000; n++) {
			index.add(n, [{ indexId: 1, start: point(n), end: bytes(...point(n), 0) }]);
		}
		Buffer.compare = (a, b) => {
			comparisons += 1;
			return original(a, b);
		};
		try {
			expect([...index.touched([{ indexId: 1, key: point(31_337) }])]).toEqual([31_337]);
		} finally {
			Buffer.compare = original;
		}
		expect(comparisons).toBeLessThan(500);
	});
});
