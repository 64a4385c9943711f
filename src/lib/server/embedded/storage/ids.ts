/**
 * Document ids: Crockford base32 (lower case) of varint(table number) + 16 bytes + 2-byte little-endian Fletcher-16.
 * Table numbers from 10001 to 16383 make an id 32 characters long; the layout is the one real deployments use, so
 * that ids survive a move.
 */

/** Below this, real deployments keep their own tables; ids of ours must not collide after an import. */
export const FIRST_TABLE_NUMBER = 10_001;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const INTERNAL_ID_BYTES = 16;
const CHECKSUM_BYTES = 2;
/** The shortest id has a one-byte table number, the longest a five-byte one (32 bits in groups of seven). */
const MIN_ID_CHARS = 31;
const MAX_ID_CHARS = 37;
const MAX_TABLE_NUMBER = 0xffff_ffff;

const VALUE_OF_CHAR = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) VALUE_OF_CHAR[ALPHABET.charCodeAt(i)] = i;

export interface DecodedId {
	tableNumber: number;
	internalId: Uint8Array;
}

/** Fletcher-16 over bytes, both sums modulo 255. */
export function fletcher16(bytes: Uint8Array, end = bytes.length): number {
	let low = 0;
	let high = 0;
	for (let i = 0; i < end; i++) {
		low = (low + bytes[i]!) % 255;
		high = (high + low) % 255;
	}
	return (high << 8) | low;
}

/** `internalId` must be 16 bytes. */
export function encodeId(tableNumber: number, internalId: Uint8Array): string {
	if (internalId.length !== INTERNAL_ID_BYTES) throw new RangeError('internal ids are 16 bytes');
	const bytes = new Uint8Array(5 + INTERNAL_ID_BYTES + CHECKSUM_BYTES);
	let length = 0;
	let rest = tableNumber;
	while (rest >= 0x80) {
		bytes[length++] = (rest & 0x7f) | 0x80;
		rest = Math.floor(rest / 0x80);
	}
	bytes[length++] = rest;
	bytes.set(internalId, length);
	length += INTERNAL_ID_BYTES;
	const checksum = fletcher16(bytes, length);
	bytes[length++] = checksum & 0xff;
	bytes[length++] = checksum >> 8;
	return encodeBase32(bytes, length);
}

/** null for anything that is not a well-formed id. */
export function decodeId(id: string): DecodedId | null {
	if (id.length < MIN_ID_CHARS || id.length > MAX_ID_CHARS) return null;
	const bytes = decodeBase32(id);
	if (bytes === null) return null;
	let tableNumber = 0;
	let length = 0;
	let factor = 1;
	for (;;) {
		const byte = bytes[length++];
		if (byte === undefined || length > 5) return null;
		tableNumber += (byte & 0x7f) * factor;
		factor *= 0x80;
		if (byte < 0x80) {
			if (byte === 0 && length > 1) return null;
			break;
		}
	}
	if (tableNumber === 0 || tableNumber > MAX_TABLE_NUMBER) return null;
	const end = length + INTERNAL_ID_BYTES;
	if (bytes.length !== end + CHECKSUM_BYTES) return null;
	if ((bytes[end]! | (bytes[end + 1]! << 8)) !== fletcher16(bytes, end)) return null;
	return { tableNumber, internalId: bytes.slice(length, end) };
}

/**
 * Makes internal ids that grow with time (6 bytes of milliseconds, 2 of a counter, 8 random), so that fresh documents
 * land on the same pages of the id index. The random half keeps ids unguessable.
 */
export function createIdGenerator(
	now: () => number,
	randomBytes: (length: number) => Uint8Array,
): (tableNumber: number) => string {
	let counter = 0;
	return (tableNumber) => {
		const internalId = new Uint8Array(INTERNAL_ID_BYTES);
		const view = new DataView(internalId.buffer);
		const ms = Math.max(0, Math.floor(now()));
		view.setUint32(0, Math.floor(ms / 0x1_0000));
		view.setUint16(4, ms % 0x1_0000);
		counter = (counter + 1) & 0xffff;
		view.setUint16(6, counter);
		internalId.set(randomBytes(8), 8);
		return encodeId(tableNumber, internalId);
	};
}

function encodeBase32(bytes: Uint8Array, length: number): string {
	let out = '';
	let buffered = 0;
	let bits = 0;
	for (let i = 0; i < length; i++) {
		buffered = ((buffered << 8) | bytes[i]!) & 0xffff;
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			out += ALPHABET[(buffered >> bits) & 31];
		}
	}
	if (bits > 0) out += ALPHABET[(buffered << (5 - bits)) & 31];
	return out;
}

function decodeBase32(text: string): Uint8Array | null {
	const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
	let length = 0;
	let buffered = 0;
	let bits = 0;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		const value = code < 128 ? VALUE_OF_CHAR[code]! : -1;
		if (value < 0) return null;
		buffered = ((buffered << 5) | value) & 0xffff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			bytes[length++] = (buffered >> bits) & 0xff;
		}
	}
	// Left-over bits must be zero and fewer than a character, or two texts would name one document.
	if (bits >= 5 || (buffered & ((1 << bits) - 1)) !== 0) return null;
	return bytes;
}
