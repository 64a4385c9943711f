/**
 * A few words of memory that both threads see: what the engine's thread is executing. Whoever watches can read them
 * while that thread answers nothing.
 */

const CALL = 0;
const KIND = 1;
const BUSY = 2;
const JOB_LENGTH = 3;
const SWITCHES = 4;
const WORDS = 5;
const JOB_BYTES = 64;

export type RunningKind = 'none' | 'transaction' | 'action';
const KINDS: RunningKind[] = ['none', 'transaction', 'action'];

export interface Activity {
	/** Number of the call whose code ran last; 0: none of ours (a job, or nothing). */
	call: number;
	kind: RunningKind;
	/** Document id of the scheduled function that ran last, null if it was none. */
	job: string | null;
	/** The engine itself is at work that may take long, e.g. it builds an index. */
	isBusy: boolean;
	/** Goes up whenever the code of another call goes on. */
	switches: number;
}

export function createActivity(): SharedArrayBuffer {
	return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT + JOB_BYTES);
}

export function readActivity(memory: SharedArrayBuffer): Activity {
	const words = new Int32Array(memory, 0, WORDS);
	const length = Atomics.load(words, JOB_LENGTH);
	// A copy: decoders refuse shared memory.
	const job = Buffer.from(new Uint8Array(memory, words.byteLength, JOB_BYTES).slice(0, length));
	return {
		call: Atomics.load(words, CALL),
		kind: KINDS[Atomics.load(words, KIND)]!,
		job: length === 0 ? null : job.toString('latin1'),
		isBusy: Atomics.load(words, BUSY) > 0,
		switches: Atomics.load(words, SWITCHES),
	};
}

/** For the engine's thread. */
export class ActivityWriter {
	private readonly words: Int32Array;
	private readonly job: Uint8Array;
	private lastCall = -1;
	private lastJob: string | null = null;

	constructor(memory: SharedArrayBuffer) {
		this.words = new Int32Array(memory, 0, WORDS);
		this.job = new Uint8Array(memory, this.words.byteLength, JOB_BYTES);
	}

	/** User code of this call is about to go on. */
	enter(call: number, kind: RunningKind, job: string | null): void {
		Atomics.store(this.words, KIND, KINDS.indexOf(kind));
		if (call === this.lastCall && job === this.lastJob) return;
		Atomics.add(this.words, SWITCHES, 1);
		Atomics.store(this.words, CALL, call);
		this.lastCall = call;
		if (job === this.lastJob) return;
		this.lastJob = job;
		const bytes = Buffer.from(job ?? '', 'latin1').subarray(0, JOB_BYTES);
		this.job.set(bytes);
		Atomics.store(this.words, JOB_LENGTH, bytes.byteLength);
	}

	async whileBusy<T>(run: () => Promise<T>): Promise<T> {
		Atomics.add(this.words, BUSY, 1);
		try {
			return await run();
		} finally {
			Atomics.sub(this.words, BUSY, 1);
		}
	}
}
