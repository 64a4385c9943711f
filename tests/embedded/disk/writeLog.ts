/** The shim's record of what a process did to its disk, in order. Its form is `struct record` of diskShim.c. */
import { readFileSync } from 'node:fs';

export type LogEntry =
	| { type: 'open'; handle: number; path: string; isNew: boolean; isTruncated: boolean }
	| { type: 'write'; handle: number; offset: number; data: Buffer }
	| { type: 'truncate'; handle: number; length: number }
	| { type: 'sync'; handle: number; hasFailed: boolean }
	| { type: 'rename'; path: string; to: string }
	| { type: 'unlink'; path: string }
	| { type: 'mkdir'; path: string }
	/** Written to the ledger at this point, outside the disk. */
	| { type: 'ledger'; text: string };

const HEADER_BYTES = 32;

export function readLog(file: string): LogEntry[] {
	const bytes = readFileSync(file);
	const entries: LogEntry[] = [];
	let at = 0;
	// A process that was killed may have left half an entry.
	while (at + HEADER_BYTES <= bytes.length) {
		const type = bytes.readUInt32LE(at);
		const handle = bytes.readUInt32LE(at + 4);
		const offset = Number(bytes.readBigUInt64LE(at + 8));
		const pathLength = bytes.readUInt32LE(at + 16);
		const dataLength = bytes.readUInt32LE(at + 20);
		const hasFailed = bytes.readUInt32LE(at + 24) !== 0;
		at += HEADER_BYTES;
		const path = bytes.toString('utf8', at, at + pathLength);
		at += pathLength;
		const data = bytes.subarray(at, at + dataLength);
		at += dataLength;
		if (at > bytes.length) break;
		entries.push(entryOf(type, { handle, offset, path, data, hasFailed }));
	}
	return entries;
}

function entryOf(
	type: number,
	parts: { handle: number; offset: number; path: string; data: Buffer; hasFailed: boolean },
): LogEntry {
	const { handle, offset, path, data, hasFailed } = parts;
	switch (type) {
		case 1:
			return {
				type: 'open',
				handle,
				path,
				isTruncated: (offset & 1) !== 0,
				isNew: (offset & 2) !== 0,
			};
		case 2:
			return { type: 'write', handle, offset, data };
		case 3:
			return { type: 'truncate', handle, length: offset };
		case 4:
			return { type: 'sync', handle, hasFailed };
		case 5:
			return { type: 'rename', path, to: data.toString() };
		case 6:
			return { type: 'unlink', path };
		case 7:
			return { type: 'mkdir', path };
		case 8:
			return { type: 'ledger', text: data.toString() };
		default:
			throw new Error(`The record has an entry of the unknown type ${type}.`);
	}
}
