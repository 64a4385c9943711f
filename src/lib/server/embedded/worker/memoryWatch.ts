/**
 * Memory of the engine's thread that its heap limit does not cover: the bytes of buffers, typed arrays and WebAssembly lie
 * outside of V8's heap, and without this a function that collects them would take the machine's memory, not its own.
 */
import type { Worker } from 'node:worker_threads';

const LOOK_EVERY_MS = 250;
/** What is not collected yet is counted too: it has to be too much so many times in a row. */
const LOOKS = 2;
const MIB = 1024 * 1024;

/** `onExceeded` is called once. Returns how to stop. */
export function watchMemory(
	worker: Worker,
	limitMiB: number,
	onExceeded: () => void,
): { stop(): void } {
	let inARow = 0;
	let isAsking = false;
	const timer = setInterval(() => void look(), LOOK_EVERY_MS);
	timer.unref();
	return { stop: () => clearInterval(timer) };

	async function look(): Promise<void> {
		// Since Node 24; asked of the thread itself, which answers between two instructions.
		if (isAsking || typeof worker.getHeapStatistics !== 'function') return;
		isAsking = true;
		try {
			const { external_memory: bytes } = await worker.getHeapStatistics();
			inARow = bytes > limitMiB * MIB ? inARow + 1 : 0;
			if (inARow !== LOOKS) return;
			clearInterval(timer);
			onExceeded();
		} catch {
			// It has ended.
		} finally {
			isAsking = false;
		}
	}
}
