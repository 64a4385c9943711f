import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError, decodePoints, encodePoints } from '../../../src/lib/metrics/chunkCodec.ts';
import {
	mergeColumns,
	PointError,
	toColumns,
	type DataPoint,
} from '../../../src/lib/metrics/dataPoint.ts';
import { rollupHours } from '../../../src/lib/metrics/rollup.ts';
import { decodeRollups, encodeRollups } from '../../../src/lib/metrics/rollupCodec.ts';

const MAX_AT = 253_402_300_799_999;
const value = fc.oneof(
	fc.double({ noNaN: true, noDefaultInfinity: true }),
	fc.integer(),
	fc.integer({ min: -1_000_000, max: 1_000_000 }).map((cents) => cents / 100),
	fc.constantFrom(
		0,
		-0,
		Number.MAX_VALUE,
		-Number.MAX_VALUE,
		Number.MIN_VALUE,
		Number.MAX_SAFE_INTEGER,
		Number.MIN_SAFE_INTEGER,
		2 ** 53 + 2,
		2 ** 51,
		-(2 ** 51) - 1,
		0.1 + 0.2,
		1e-7,
	),
);
const points = fc.array(fc.record({ at: fc.integer({ min: 0, max: MAX_AT }), value }), {
	maxLength: 200,
});

describe('point chunks', () => {
	it('come back bit for bit', () => {
		fc.assert(
			fc.property(points, (raw) => {
				const columns = toColumns(raw);
				const back = decodePoints(encodePoints(columns));
				expect(back.ats).toEqual(columns.ats);
				expect(back.values.every((v, i) => Object.is(v, columns.values[i]))).toBe(true);
				expect(back.values).toHaveLength(columns.values.length);
			}),
			{ numRuns: 1000 },
		);
	});

	it('come back in every mode of a column', () => {
		for (const values of [
			[1, 2, 3],
			[1.5, -2.25, 3],
			[10.01, 10.02, 9.99],
			[Math.PI, Math.E, Math.PI],
			[-0, 0, -0],
			[2 ** 51, -(2 ** 51), 2 ** 51],
		]) {
			const ats = values.map((_, i) => i * 60_000);
			const back = decodePoints(encodePoints({ ats, values }));
			expect(back.values.map((v, i) => Object.is(v, values[i]))).toEqual(values.map(() => true));
		}
	});

	it('refuse NaN, infinities, fractions of a ms, and disorder', () => {
		for (const bad of [NaN, Infinity, -Infinity]) {
			expect(() => encodePoints({ ats: [1], values: [bad] })).toThrow(PointError);
			expect(() => toColumns([{ at: 1, value: bad }])).toThrow(PointError);
		}
		for (const at of [-1, 0.5, NaN, Infinity, MAX_AT + 1]) {
			expect(() => toColumns([{ at, value: 1 }])).toThrow(PointError);
		}
		expect(() => encodePoints({ ats: [2, 1], values: [1, 1] })).toThrow(PointError);
		expect(() => encodePoints({ ats: [1, 1], values: [1, 1] })).toThrow(PointError);
	});

	it('take two to three bytes for counts at a steady pace', () => {
		const ats = Array.from({ length: 2048 }, (_, i) => 1_790_000_000_000 + i * 60_000);
		const values = ats.map((_, i) => 1000 + (i % 7));
		expect(encodePoints({ ats, values }).byteLength).toBeLessThan(2048 * 2.1);
	});

	it('say so when they are damaged, whatever is cut or flipped', () => {
		const data = encodePoints({ ats: [1, 5, 9], values: [1, Math.PI, 3] });
		for (let length = 0; length < data.byteLength; length++) {
			expect(() => decodePoints(data.slice(0, length))).toThrow(CodecError);
		}
		const longer = new Uint8Array(data.byteLength + 1);
		longer.set(new Uint8Array(data));
		expect(() => decodePoints(longer.buffer)).toThrow(CodecError);
		const newer = new Uint8Array(data.slice(0));
		newer[0] = 99;
		expect(() => decodePoints(newer.buffer)).toThrow(/version 99/);
	});
});

describe('merging points', () => {
	it('is an upsert by time: any pages in any order end in the same columns', () => {
		const small = fc.record({
			at: fc.integer({ min: 0, max: 40 }),
			value: fc.integer({ min: 0, max: 5 }),
		});
		fc.assert(
			fc.property(fc.array(fc.array(small, { maxLength: 12 }), { maxLength: 8 }), (pages) => {
				let stored = toColumns([]);
				const truth = new Map<number, number>();
				for (const page of pages) {
					const before = new Map(truth);
					for (const { at, value: v } of page) truth.set(at, v);
					const merged = mergeColumns(stored, toColumns(page));
					const touched = [...truth].filter(([at, v]) => before.get(at) !== v).map(([at]) => at);
					expect(merged.touched).toEqual(touched.sort((a, b) => a - b));
					expect(merged.added).toBe(truth.size - before.size);
					expect(merged.added + merged.corrected).toBe(touched.length);
					stored = { ats: merged.ats, values: merged.values };
				}
				const expected: DataPoint[] = [...truth].map(([at, v]) => ({ at, value: v }));
				expect(stored).toEqual(toColumns(expected));
				// Once more, everything: nothing changes.
				expect(mergeColumns(stored, stored).touched).toEqual([]);
			}),
		);
	});

	it('tells 0 from -0', () => {
		const merged = mergeColumns({ ats: [1], values: [0] }, { ats: [1], values: [-0] });
		expect(merged.corrected).toBe(1);
		expect(Object.is(merged.values[0], -0)).toBe(true);
	});
});

describe('rollup chunks', () => {
	it('come back bit for bit', () => {
		fc.assert(
			fc.property(points, (raw) => {
				const rollups = rollupHours(toColumns(raw), 'Europe/Berlin');
				expect(decodeRollups(encodeRollups(rollups))).toEqual(rollups);
			}),
			{ numRuns: 300 },
		);
	});

	it('cost little where a bucket has one point', () => {
		const days = Array.from({ length: 365 }, (_, i) => ({ at: i * 86_400_000, value: 9000 + i }));
		const rollups = rollupHours(toColumns(days), 'UTC');
		expect(encodeRollups(rollups).byteLength).toBeLessThan(365 * 6);
	});

	it('say so when they are damaged', () => {
		const data = encodeRollups(rollupHours(toColumns([{ at: 5, value: 1 }]), 'UTC'));
		for (let length = 0; length < data.byteLength; length++) {
			expect(() => decodeRollups(data.slice(0, length))).toThrow(CodecError);
		}
	});
});
