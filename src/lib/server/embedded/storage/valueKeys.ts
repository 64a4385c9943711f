/**
 * Order-preserving keys. A key is a *binary string*: one character per byte (latin1), so that JavaScript's own string
 * order is the byte order SQLite uses for BLOBs, and keys can be Map keys without hashing buffers.
 *
 * Order of types: undefined < null < bigint < number < boolean < string (UTF-8) < bytes < array < object. Every value's
 * encoding is prefix-free, so the encodings of a tuple simply follow each other.
 */
import type { JsonValue } from '../types.ts';

/** One character per byte. */
export type Key = string;

/** A half-open interval of keys. */
export interface Bounds {
	start: Key;
	end: Key;
}

const TAG_UNDEFINED = 0x01;
const TAG_NULL = 0x02;
const TAG_INT64 = 0x03;
const TAG_FLOAT64 = 0x04;
const TAG_FALSE = 0x05;
const TAG_TRUE = 0x06;
const TAG_STRING = 0x07;
const TAG_BYTES = 0x08;
const TAG_ARRAY = 0x09;
const TAG_OBJECT = 0x0a;
const TERMINATOR = 0x00;
/** Follows a payload byte 00, so that it sorts after the terminator. */
const ESCAPED_ZERO = 0xff;

/** No encoded value starts with FF: prefix + FF is above every key with that prefix. */
const ABOVE_PREFIX = '\xff';
const SMALLEST_SUFFIX = '\x00';

/** What `{"$commitTs":null}` sorts as until the commit gives it a value: the largest int64. */
const COMMIT_TS_PENDING = 2n ** 63n - 1n;

let buffer = Buffer.allocUnsafe(4096);
let length = 0;
const floatView = new DataView(new ArrayBuffer(8));

/** Encodes the fields in order. `undefined` stands for a missing field, as does `{"$undefined":null}`. */
export function encodeKey(values: readonly (JsonValue | undefined)[]): Key {
	length = 0;
	for (const value of values) writeValue(value);
	return buffer.toString('latin1', 0, length);
}

/** All keys that start with `prefix`. */
export function prefixBounds(prefix: Key): Bounds {
	return { start: prefix, end: prefix + ABOVE_PREFIX };
}

/** The smallest key above `key` itself: bounds of a point read are [key, afterKey(key)). */
export function afterKey(key: Key): Key {
	return key + SMALLEST_SUFFIX;
}

/** Above `prefix` and every key that starts with it. */
export function afterPrefix(prefix: Key): Key {
	return prefix + ABOVE_PREFIX;
}

export function keyToBytes(key: Key): Buffer {
	return Buffer.from(key, 'latin1');
}

export function bytesToKey(bytes: Uint8Array): Key {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function reserve(bytes: number): void {
	if (length + bytes <= buffer.length) return;
	const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + bytes));
	buffer.copy(larger, 0, 0, length);
	buffer = larger;
}

function writeValue(value: JsonValue | undefined): void {
	reserve(16);
	if (value === undefined) buffer[length++] = TAG_UNDEFINED;
	else if (value === null) buffer[length++] = TAG_NULL;
	else if (typeof value === 'number') writeFloat(value);
	else if (typeof value === 'boolean') buffer[length++] = value ? TAG_TRUE : TAG_FALSE;
	else if (typeof value === 'string') {
		buffer[length++] = TAG_STRING;
		writeText(value);
	} else if (Array.isArray(value)) {
		buffer[length++] = TAG_ARRAY;
		for (const element of value) writeValue(element);
		terminate();
	} else writeObject(value);
}

function writeObject(value: { [key: string]: JsonValue }): void {
	const names = Object.keys(value);
	if (names.length === 1 && names[0]!.startsWith('$') && writeSpecial(names[0]!, value)) return;
	buffer[length++] = TAG_OBJECT;
	names.sort();
	for (const name of names) {
		reserve(1);
		// Not an empty name and not a terminator: marks that another field follows.
		buffer[length++] = TAG_STRING;
		writeText(name);
		writeValue(value[name]);
	}
	terminate();
}

function writeSpecial(name: string, value: { [key: string]: JsonValue }): boolean {
	const payload = value[name];
	if (name === '$undefined') buffer[length++] = TAG_UNDEFINED;
	else if (name === '$commitTs') writeInt(COMMIT_TS_PENDING);
	else if (typeof payload !== 'string') return false;
	else if (name === '$integer') writeInt(Buffer.from(payload, 'base64').readBigInt64LE());
	else if (name === '$float') writeFloat(Buffer.from(payload, 'base64').readDoubleLE());
	else if (name === '$bytes') {
		buffer[length++] = TAG_BYTES;
		writeEscaped(Buffer.from(payload, 'base64'));
	} else return false;
	return true;
}

function writeInt(value: bigint): void {
	buffer[length++] = TAG_INT64;
	buffer.writeBigInt64BE(value, length);
	buffer[length]! ^= 0x80;
	length += 8;
}

/** Big-endian bits; a negative number has all bits flipped, any other the sign bit only: total order, -0 < 0. */
function writeFloat(value: number): void {
	buffer[length++] = TAG_FLOAT64;
	floatView.setFloat64(0, value);
	const flip = floatView.getUint8(0) >= 0x80 ? 0xff : 0x00;
	buffer[length++] = flip === 0 ? floatView.getUint8(0) ^ 0x80 : floatView.getUint8(0) ^ 0xff;
	for (let i = 1; i < 8; i++) buffer[length++] = floatView.getUint8(i) ^ flip;
}

/** Lone surrogates become U+FFFD here; they keep their identity in the document. */
function writeText(text: string): void {
	if (text.length < 64 && writeAscii(text)) return;
	writeEscaped(Buffer.from(text, 'utf8'));
}

function writeAscii(text: string): boolean {
	reserve(text.length + 1);
	const start = length;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code === 0 || code >= 0x80) {
			length = start;
			return false;
		}
		buffer[length++] = code;
	}
	buffer[length++] = TERMINATOR;
	return true;
}

function writeEscaped(bytes: Buffer): void {
	reserve(bytes.length * 2 + 1);
	for (const byte of bytes) {
		buffer[length++] = byte;
		if (byte === TERMINATOR) buffer[length++] = ESCAPED_ZERO;
	}
	terminate();
}

function terminate(): void {
	reserve(1);
	buffer[length++] = TERMINATOR;
}
