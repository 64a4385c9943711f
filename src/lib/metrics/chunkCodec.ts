/** Points of one series, packed: what a stored chunk holds and what a page carries from the fetch to the commit. */
import { ByteReader, ByteWriter, CodecError } from './byteStream.ts';
import { readFloats, readTimes, writeFloats, writeTimes } from './columnCodec.ts';
import { assertPoint, PointError, type PointColumns } from './dataPoint.ts';

export { CodecError } from './byteStream.ts';

/** First byte of every chunk; a reader refuses what it does not know. */
const VERSION = 1;

/**
 * Packs columns (ascending times, finite values) into bytes. Values come back bit for bit, -0 included.
 * Throws PointError for NaN, infinities, times that are not whole ms, and times out of order.
 */
export function encodePoints({ ats, values }: PointColumns): ArrayBuffer {
	let previous = -1;
	ats.forEach((at, i) => {
		assertPoint(at, values[i]!);
		if (at <= previous)
			throw new PointError('POINT_TIME_INVALID', 'Points are not in ascending order of time.');
		previous = at;
	});
	const out = new ByteWriter();
	out.byte(VERSION);
	out.varint(ats.length);
	writeTimes(out, ats);
	writeFloats(out, values);
	return out.finish();
}

/** Unpacks what encodePoints wrote. Throws CodecError when the bytes are not a whole chunk of a known version. */
export function decodePoints(data: ArrayBuffer): PointColumns {
	const input = new ByteReader(data);
	const version = input.byte();
	if (version !== VERSION) throw new CodecError(`A chunk has the unknown version ${version}.`);
	const count = input.varint();
	// A point takes two bytes at least; a damaged count must not allocate.
	if (count * 2 > data.byteLength) throw new CodecError('A chunk holds fewer points than it says.');
	const ats = readTimes(input, count);
	const values = readFloats(input, count);
	input.end();
	return { ats, values };
}
