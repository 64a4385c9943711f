/** Commit timestamps and creation times: both only ever grow, across restarts and clocks that were set back. */
import type { DatabaseWriter } from './database.ts';
import type { Clock, Timestamp } from '../types.ts';

const NS_PER_MS = 1_000_000n;
/** The distance between doubles of today's size in milliseconds (2^40 to 2^41): the smallest step that is one. */
const CREATION_TIME_STEP_MS = 2 ** -12;

export class CommitClock {
	#clock: Pick<Clock, 'now'>;
	#writer: DatabaseWriter;
	#lastTs: Timestamp;
	#lastCreationTime: number;

	/**
	 * Starts at the present, or at the last commit when that lies ahead. In a file that was put back from a copy, clients
	 * have seen commits it does not have: all of them lie before now, so nobody has seen more than it says.
	 */
	constructor(clock: Pick<Clock, 'now'>, writer: DatabaseWriter) {
		this.#clock = clock;
		this.#writer = writer;
		const ts = writer.getMeta('ts');
		const now = this.#nowNs();
		this.#lastTs = ts === null || BigInt(ts) < now ? now : BigInt(ts);
		this.#lastCreationTime = Number(writer.getMeta('creationTime') ?? 0);
		if (ts !== String(this.#lastTs)) this.save();
	}

	get lastTs(): Timestamp {
		return this.#lastTs;
	}

	nextTs(): Timestamp {
		const now = this.#nowNs();
		this.#lastTs = now > this.#lastTs ? now : this.#lastTs + 1n;
		return this.#lastTs;
	}

	nextCreationTime(): number {
		const step = this.#lastCreationTime + CREATION_TIME_STEP_MS;
		this.#lastCreationTime = Math.max(Math.floor(this.#clock.now()), step);
		return this.#lastCreationTime;
	}

	/** Must run inside the transaction of every commit. */
	save(): void {
		this.#writer.setMeta('ts', String(this.#lastTs));
		this.#writer.setMeta('creationTime', String(this.#lastCreationTime));
	}

	#nowNs(): bigint {
		return BigInt(Math.floor(this.#clock.now())) * NS_PER_MS;
	}
}
