/** Random bytes, drawn from the system a block at a time: a call for a few of them costs as much as one for thousands. */
import { randomFillSync } from 'node:crypto';

const BLOCK_BYTES = 8_192;
let block = new Uint8Array(0);
let used = 0;

/** A window of a block; no byte is given out twice. */
export function pooledRandomBytes(length: number): Uint8Array {
	if (used + length > block.length) {
		block = randomFillSync(new Uint8Array(Math.max(BLOCK_BYTES, length)));
		used = 0;
	}
	used += length;
	return block.subarray(used - length, used);
}
