/**
 * Queries that had to be stopped. Subscriptions ask again by themselves, and at once after the engine was replaced: a
 * query that stopped it is answered with its failure for a while instead of stopping the next one, too.
 */
import { createHash } from 'node:crypto';
import type { FunctionCall, FunctionOutcome } from '../types.ts';

const FIRST_MS = 10_000;
const MAX_MS = 10 * 60_000;
/** Forgets the oldest; arguments are a client's choice. */
const MAX_ENTRIES = 1_000;

interface Entry {
	outcome: FunctionOutcome;
	untilMs: number;
	forMs: number;
}

export class Quarantine {
	private readonly entries = new Map<string, Entry>();
	private readonly nowMs: () => number;

	constructor(nowMs: () => number = () => performance.now()) {
		this.nowMs = nowMs;
	}

	/** The failure to answer with; null: it may run. */
	find(call: FunctionCall): FunctionOutcome | null {
		if (this.entries.size === 0) return null;
		const entry = this.entries.get(keyOf(call));
		return entry && this.nowMs() < entry.untilMs ? entry.outcome : null;
	}

	/** It was stopped again: twice as long as the time before. */
	add(call: FunctionCall, outcome: FunctionOutcome): void {
		const key = keyOf(call);
		const before = this.entries.get(key);
		const forMs = before ? Math.min(before.forMs * 2, MAX_MS) : FIRST_MS;
		this.entries.delete(key);
		this.entries.set(key, { outcome, untilMs: this.nowMs() + forMs, forMs });
		if (this.entries.size <= MAX_ENTRIES) return;
		for (const oldest of this.entries.keys()) return void this.entries.delete(oldest);
	}

	/** The functions have changed. */
	clear(): void {
		this.entries.clear();
	}
}

function keyOf({ component, path, args, caller }: FunctionCall): string {
	return createHash('sha256')
		.update(JSON.stringify([component, path, args, caller.identity]))
		.digest('base64');
}
