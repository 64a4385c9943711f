/** The newest function executions, in memory, for whoever follows them (`convex logs`). */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../types.ts';
import type { ExecutionRecord } from './executionRecords.ts';

/** As `/api/stream_function_logs` sends it: `FunctionExecutionJson` of the CLI's own types. */
type Entry = Record<string, unknown>;

interface Kept {
	/** ms since the epoch, larger than that of the entry before: the cursor of the stream. */
	at: number;
	entry: Entry;
	bytes: number;
}

/** Oldest entries go first. */
const MAX_BYTES = 8 * 1024 * 1024;
const ENTRY_OVERHEAD_BYTES = 600;
/** A poll without news is answered after this, as on real deployments; the client asks again. */
const POLL_MS = 60_000;

const UDF_TYPES = {
	query: 'Query',
	mutation: 'Mutation',
	action: 'Action',
	httpAction: 'HttpAction',
} as const;
const TRUNCATED = ' (truncated)';

export class ExecutionLog {
	#clock: Clock;
	#maxBytes: number;
	#kept: Kept[] = [];
	#bytes = 0;
	#lastAt = 0;
	#waiting = new Set<() => void>();

	constructor(clock: Clock, maxBytes = MAX_BYTES) {
		this.#clock = clock;
		this.#maxBytes = maxBytes;
	}

	get bytes(): number {
		return this.#bytes;
	}

	add(record: ExecutionRecord): void {
		const at = (this.#lastAt = Math.max(record.endedAtMs, this.#lastAt + 0.001));
		const entry = toEntry(record, at);
		// UTF-16 in memory at worst.
		const text = record.logLines.reduce((sum, line) => sum + line.length, 0);
		const bytes = ENTRY_OVERHEAD_BYTES + 2 * (text + (record.error?.length ?? 0));
		this.#kept.push({ at, entry, bytes });
		this.#bytes += bytes;
		while (this.#bytes > this.#maxBytes) this.#bytes -= this.#kept.shift()!.bytes;
		for (const wake of this.#waiting) wake();
	}

	/**
	 * Entries after `cursor` (0: all there are). Without any it waits for the next, unless `cursor` is 0: the first poll
	 * asks where the stream is.
	 */
	async after(
		cursor: number,
		signal?: AbortSignal,
	): Promise<{ entries: Entry[]; newCursor: number }> {
		let entries = this.#since(cursor);
		if (entries.length === 0 && cursor > 0) {
			await this.#news(signal);
			entries = this.#since(cursor);
		}
		const newest = entries.at(-1)?.at ?? Math.max(cursor, this.#lastAt, this.#clock.now());
		return { entries: entries.map(({ entry }) => entry), newCursor: newest };
	}

	/** Answers whoever waits: the server stops. */
	close(): void {
		for (const wake of this.#waiting) wake();
	}

	#since(cursor: number): Kept[] {
		let start = this.#kept.length;
		while (start > 0 && this.#kept[start - 1]!.at > cursor) start--;
		return this.#kept.slice(start);
	}

	#news(signal: AbortSignal | undefined): Promise<void> {
		return new Promise((resolve) => {
			const done = () => {
				this.#waiting.delete(done);
				timer.cancel();
				signal?.removeEventListener('abort', done);
				resolve();
			};
			const timer = this.#clock.setTimeout(done, POLL_MS);
			signal?.addEventListener('abort', done, { once: true });
			this.#waiting.add(done);
		});
	}
}

function toEntry(record: ExecutionRecord, at: number): Entry {
	const executionSeconds = record.durationMs / 1000;
	return {
		kind: 'Completion',
		udfType: UDF_TYPES[record.kind],
		componentPath: record.component === '' ? null : record.component,
		identifier: record.path.replace(/:default$/, ''),
		logLines: record.logLines.map((line) => toLogLine(line, at)),
		timestamp: at / 1000,
		executionTimestamp: at / 1000 - executionSeconds,
		executionTime: executionSeconds,
		success: record.error === null ? {} : null,
		error: record.error,
		requestId: record.requestId,
		executionId: randomUUID(),
		caller: record.caller,
		cachedResult: false,
		identityType: record.isAdmin ? 'instance_admin' : 'user',
		environment: 'isolate',
		willRetry: false,
		usageStats: {},
	};
}

function toLogLine(line: string, at: number): Entry {
	const [, level = 'LOG', text = line] = /^\[([A-Z]+)\] ([\s\S]*)$/.exec(line) ?? [];
	const isTruncated = text.endsWith(TRUNCATED);
	const message = isTruncated ? text.slice(0, -TRUNCATED.length) : text;
	return { level, messages: [message], timestamp: Math.floor(at), isTruncated };
}
