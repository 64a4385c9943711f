import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
	createIdGenerator,
	decodeId,
	encodeId,
	FIRST_TABLE_NUMBER,
	fletcher16,
} from '../../../src/lib/server/embedded/storage/ids.ts';

const internalId = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('document ids', () => {
	test('decode to what was encoded, for every table number', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), internalId, (tableNumber, bytes) => {
				const id = encodeId(tableNumber, bytes);
				expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{31,37}$/);
				expect(decodeId(id)).toEqual({ tableNumber, internalId: bytes });
			}),
		);
	});

	test('are 32 characters long for our table numbers', () => {
		for (const tableNumber of [FIRST_TABLE_NUMBER, 16_383]) {
			expect(encodeId(tableNumber, new Uint8Array(16).fill(255))).toHaveLength(32);
		}
	});

	test('one changed character is noticed, or the id means the same bytes', () => {
		fc.assert(
			fc.property(
				internalId,
				fc.nat(31),
				fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'),
				(bytes, position, character) => {
					const id = encodeId(FIRST_TABLE_NUMBER, bytes);
					const changed = id.slice(0, position) + character + id.slice(position + 1);
					if (changed === id) return;
					const decoded = decodeId(changed);
					// Fletcher sums are modulo 255, so 00 and ff look alike; nothing else may pass.
					if (decoded) {
						const before = [...bytes].map((byte) => byte % 255);
						expect([...decoded.internalId].map((byte) => byte % 255)).toEqual(before);
					}
				},
			),
		);
	});

	test.each(['', 'x', 'a'.repeat(32), 'U'.repeat(32), '0'.repeat(32), 'é'.repeat(32)])(
		'refuses %j',
		(text) => {
			expect(decodeId(text)).toBeNull();
		},
	);

	test('known checksum', () => {
		expect(fletcher16(new TextEncoder().encode('abcde'))).toBe(0xc8f0);
	});

	test('grow with time and differ within a millisecond', () => {
		let ms = 1_760_000_000_000;
		const newId = createIdGenerator(
			() => ms,
			(length) => new Uint8Array(length),
		);
		const ids = Array.from({ length: 300 }, (_, i) => {
			ms += i % 3 === 0 ? 1 : 0;
			return newId(FIRST_TABLE_NUMBER);
		});
		expect(new Set(ids).size).toBe(300);
		expect([...ids].sort()).toEqual(ids);
	});
});
