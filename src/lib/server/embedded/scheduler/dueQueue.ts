/** Calls back when each of many things is due, with one timer. */
import type { Clock } from '../types.ts';

/** Longer delays overflow and fire at once: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const MAX_DELAY_MS = 2 ** 31 - 1;

export class DueQueue<T> {
	private readonly clock: Clock;
	private readonly onDue: (item: T) => void;
	/** Latest first, so that the next one is popped. */
	private readonly items: { dueMs: number; item: T }[] = [];
	private timer: { cancel(): void } | null = null;
	private isPaused = false;

	constructor(clock: Clock, onDue: (item: T) => void) {
		this.clock = clock;
		this.onDue = onDue;
	}

	add(dueMs: number, item: T): void {
		let low = 0;
		let high = this.items.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.items[middle]!.dueMs > dueMs) low = middle + 1;
			else high = middle;
		}
		this.items.splice(low, 0, { dueMs, item });
		if (low === this.items.length - 1) this.rearm();
	}

	clear(): void {
		this.items.length = 0;
		this.rearm();
	}

	/** While paused nothing becomes due: everybody who could take it is busy. */
	pause(isPaused: boolean): void {
		if (this.isPaused === isPaused) return;
		this.isPaused = isPaused;
		this.rearm();
	}

	private rearm(): void {
		this.timer?.cancel();
		this.timer = null;
		const next = this.items.at(-1);
		if (!next || this.isPaused) return;
		const delayMs = Math.min(Math.max(0, Math.ceil(next.dueMs - this.clock.now())), MAX_DELAY_MS);
		this.timer = this.clock.setTimeout(() => this.fire(), delayMs);
	}

	private fire(): void {
		this.timer = null;
		const now = this.clock.now();
		while (!this.isPaused && this.items.length > 0 && this.items.at(-1)!.dueMs <= now) {
			this.onDue(this.items.pop()!.item);
		}
		this.rearm();
	}
}
