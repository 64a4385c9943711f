/**
 * One column of numbers as bytes, exact to the bit. Counts and cents become differences of whole numbers, prices with a
 * few decimals are scaled first (only when dividing gives back the very same float), anything else is XORed with the
 * value before it, which clears the bytes that neighbours share.
 */
import { CodecError, type ByteReader, type ByteWriter } from './byteStream.ts';

const WHOLE = 0;
const XOR = 1;
/** Modes 2 to 5 are whole numbers of 10^-1 to 10^-4. */
const SCALED = 1;
const MAX_DECIMALS = 4;
/** The column equals one written before it (min, max and last of one-point buckets). */
const SAME = 16;
/** Differences of two such numbers stay within 2^52, the reach of a signed varint. */
const MAX_WHOLE = 2 ** 51;

function wholeAtScale(values: readonly number[], scale: number): number[] | null {
	const wholes: number[] = [];
	for (const value of values) {
		const whole = Math.round(value * scale);
		// -0 has no varint; the XOR mode keeps its sign bit.
		if (Math.abs(whole) > MAX_WHOLE || Object.is(whole, -0)) return null;
		if (whole / scale !== value) return null;
		wholes.push(whole);
	}
	return wholes;
}

function writeWholes(out: ByteWriter, wholes: readonly number[]): void {
	let previous = 0;
	for (const whole of wholes) {
		out.signed(whole - previous);
		previous = whole;
	}
}

function writeXor(out: ByteWriter, values: readonly number[]): void {
	const view = new DataView(new ArrayBuffer(16));
	for (const value of values) {
		view.setFloat64(0, value);
		let first = 8;
		let last = -1;
		for (let i = 0; i < 8; i++) {
			const byte = view.getUint8(i) ^ view.getUint8(8 + i);
			if (byte === 0) continue;
			if (first === 8) first = i;
			last = i;
		}
		const length = last < 0 ? 0 : last - first + 1;
		out.byte(first * 16 + length);
		for (let i = first; i < first + length; i++) out.byte(view.getUint8(i) ^ view.getUint8(8 + i));
		view.setFloat64(8, value);
	}
}

function readXor(input: ByteReader, count: number): number[] {
	const view = new DataView(new ArrayBuffer(8));
	const values: number[] = [];
	for (let n = 0; n < count; n++) {
		const head = input.byte();
		const first = Math.floor(head / 16);
		const end = first + (head % 16);
		if (end > 8) throw new CodecError('A packed float has more than 8 bytes.');
		for (let i = first; i < end; i++) view.setUint8(i, view.getUint8(i) ^ input.byte());
		values.push(view.getFloat64(0));
	}
	return values;
}

/** Writes a column of finite floats. `earlier` are the columns already written, which it may equal. */
export function writeFloats(
	out: ByteWriter,
	values: readonly number[],
	earlier: readonly (readonly number[])[] = [],
): void {
	const twin = earlier.findIndex((column) =>
		column.every((value, i) => Object.is(value, values[i])),
	);
	if (twin >= 0) return out.byte(SAME + twin);
	for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
		const wholes = wholeAtScale(values, 10 ** decimals);
		if (!wholes) continue;
		out.byte(decimals === 0 ? WHOLE : SCALED + decimals);
		return writeWholes(out, wholes);
	}
	out.byte(XOR);
	writeXor(out, values);
}

/** Reads what writeFloats wrote. */
export function readFloats(
	input: ByteReader,
	count: number,
	earlier: readonly number[][] = [],
): number[] {
	const mode = input.byte();
	if (mode >= SAME) {
		const twin = earlier[mode - SAME];
		if (!twin) throw new CodecError('A packed column refers to one that is not there.');
		return twin.slice();
	}
	if (mode === XOR) return readXor(input, count);
	if (mode > SCALED + MAX_DECIMALS)
		throw new CodecError(`A packed column has the unknown mode ${mode}.`);
	const scale = mode === WHOLE ? 1 : 10 ** (mode - SCALED);
	const values: number[] = [];
	let previous = 0;
	for (let n = 0; n < count; n++) {
		previous += input.signed();
		values.push(previous / scale);
	}
	return values;
}

/** Writes ascending times; a steady step costs one byte each. */
export function writeTimes(out: ByteWriter, times: readonly number[]): void {
	let previous = 0;
	let step = 0;
	for (const time of times) {
		out.signed(time - previous - step);
		step = time - previous;
		previous = time;
	}
}

export function readTimes(input: ByteReader, count: number): number[] {
	const times: number[] = [];
	let previous = 0;
	let step = 0;
	for (let n = 0; n < count; n++) {
		step += input.signed();
		previous += step;
		times.push(previous);
	}
	return times;
}
