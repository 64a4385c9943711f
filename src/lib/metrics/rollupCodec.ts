/** Rollups of one series and period, packed. Columns of one-point buckets are all alike and cost a byte each. */
import { ByteReader, ByteWriter, CodecError } from './byteStream.ts';
import { readFloats, readTimes, writeFloats, writeTimes } from './columnCodec.ts';
import type { Rollup } from './rollup.ts';

const VERSION = 1;
const valueColumns = ['last', 'first', 'min', 'max', 'sum', 'rise'] as const;

/** Packs rollups in ascending order of start. */
export function encodeRollups(rollups: readonly Rollup[]): ArrayBuffer {
	const out = new ByteWriter();
	out.byte(VERSION);
	out.varint(rollups.length);
	writeTimes(
		out,
		rollups.map((rollup) => rollup.start),
	);
	writeFloats(
		out,
		rollups.map((rollup) => rollup.count),
	);
	writeFloats(
		out,
		rollups.map((rollup) => rollup.lastAt - rollup.start),
	);
	const written: number[][] = [];
	for (const name of valueColumns) {
		const column = rollups.map((rollup) => rollup[name]);
		writeFloats(out, column, written);
		written.push(column);
	}
	return out.finish();
}

/** Unpacks what encodeRollups wrote. Throws CodecError for damaged bytes. */
export function decodeRollups(data: ArrayBuffer): Rollup[] {
	const input = new ByteReader(data);
	const version = input.byte();
	if (version !== VERSION)
		throw new CodecError(`A rollup chunk has the unknown version ${version}.`);
	const length = input.varint();
	if (length > data.byteLength)
		throw new CodecError('A rollup chunk holds fewer buckets than it says.');
	const starts = readTimes(input, length);
	const counts = readFloats(input, length);
	const lastOffsets = readFloats(input, length);
	const columns: number[][] = [];
	for (let i = 0; i < valueColumns.length; i++) columns.push(readFloats(input, length, columns));
	input.end();
	const [last, first, min, max, sum, rise] = columns as [
		number[],
		number[],
		number[],
		number[],
		number[],
		number[],
	];
	return starts.map((start, i) => ({
		start,
		count: counts[i]!,
		sum: sum[i]!,
		min: min[i]!,
		max: max[i]!,
		first: first[i]!,
		last: last[i]!,
		lastAt: start + lastOffsets[i]!,
		rise: rise[i]!,
	}));
}
