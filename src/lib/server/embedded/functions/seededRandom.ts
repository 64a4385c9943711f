import { randomBytes } from 'node:crypto';

/** mulberry32: small, and good enough for what Math.random promises. The seed is not guessable. */
export function seededRandom(): () => number {
	let state: number | null = null;
	return () => {
		state = ((state ?? randomBytes(4).readUInt32LE()) + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
