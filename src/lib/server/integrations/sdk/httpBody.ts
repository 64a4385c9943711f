import { ConnectorError } from './errors.ts';
import type { Json } from './json.ts';

/** Timers as an argument, so that a test need not wait for a real deadline. */
export interface Timers {
	set(callback: () => void, ms: number): unknown;
	clear(handle: unknown): void;
}

export const realTimers: Timers = {
	set: (callback, ms) => setTimeout(callback, ms),
	clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/**
 * Two deadlines of one request: `totalMs` for all of it, redirects included, `idleMs` between two pieces of the body. The wait for the first byte is the service thinking, and belongs to the total.
 */
export class Deadline {
	readonly #controller = new AbortController();
	readonly #timers: Timers;
	readonly #idleMs: number;
	readonly #total: unknown;
	readonly #expired: Promise<never>;
	#idle: unknown;
	#expire: (seconds: number) => void = () => {};

	constructor(limits: { totalMs: number; idleMs: number }, timers: Timers, host: string) {
		this.#timers = timers;
		this.#idleMs = limits.idleMs;
		this.#expired = new Promise((_, reject) => {
			this.#expire = (ms) => {
				const seconds = Math.max(1, Math.round(ms / 1000));
				reject(new ConnectorError('TIMEOUT', { seconds, detail: { host } }));
				this.#controller.abort();
			};
		});
		// Nobody may be listening at the moment it fires.
		this.#expired.catch(() => {});
		this.#total = timers.set(() => this.#expire(limits.totalMs), limits.totalMs);
	}

	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	/** A sign of life came. */
	touch(): void {
		this.#timers.clear(this.#idle);
		this.#idle = this.#timers.set(() => this.#expire(this.#idleMs), this.#idleMs);
	}

	/** Ends with the deadline even when what is waited for ignores the abort signal. */
	race<T>(work: Promise<T>): Promise<T> {
		return Promise.race([work, this.#expired]);
	}

	/** Must be called in the end; closes the connection if the answer was not read to its end. */
	release(isComplete: boolean): void {
		this.#timers.clear(this.#idle);
		this.#timers.clear(this.#total);
		if (!isComplete) this.#controller.abort();
	}
}

/** Reads a body up to `maxBytes` of decompressed data: a gzip bomb is cut off while it unpacks. */
export async function readBody(
	response: Response,
	{ maxBytes, deadline, host }: { maxBytes: number; deadline: Deadline; host: string },
): Promise<{ text: string; bytes: number }> {
	const tooLarge = (): ConnectorError =>
		new ConnectorError('RESPONSE_TOO_LARGE', { detail: { host, status: response.status } });
	if (Number(response.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge();
	if (!response.body) return { text: '', bytes: 0 };
	const reader = response.body.getReader();
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	try {
		for (;;) {
			deadline.touch();
			const { done, value } = await deadline.race(reader.read());
			if (done) break;
			bytes += value.byteLength;
			if (bytes > maxBytes) throw tooLarge();
			chunks.push(value);
		}
	} catch (error) {
		reader.cancel().catch(() => {});
		throw error;
	}
	const whole = new Uint8Array(bytes);
	let offset = 0;
	for (const chunk of chunks) {
		whole.set(chunk, offset);
		offset += chunk.byteLength;
	}
	// Drops a byte order mark.
	return { text: new TextDecoder().decode(whole), bytes };
}

/** Parses JSON that is nested at most `maxDepth` deep. Throws NOT_AN_API, INVALID_RESPONSE or RESPONSE_TOO_DEEP. */
export function parseJson(
	text: string,
	{ contentType, maxDepth }: { contentType: string; maxDepth: number },
): Json {
	const trimmed = text.trimStart();
	if (trimmed === '') throw new ConnectorError('INVALID_RESPONSE');
	const isJsonType = /[/+]json\b/i.test(contentType);
	if (/text\/html/i.test(contentType) || trimmed.startsWith('<'))
		throw new ConnectorError('NOT_AN_API');
	if (isDeeperThan(trimmed, maxDepth)) throw new ConnectorError('RESPONSE_TOO_DEEP');
	try {
		return JSON.parse(trimmed) as Json;
	} catch {
		const looksLikeJson = isJsonType || /^[{[]/.test(trimmed);
		throw new ConnectorError(looksLikeJson ? 'INVALID_RESPONSE' : 'NOT_AN_API');
	}
}

/** Counts brackets outside strings: the check must come before a parser or a walker runs out of stack. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
	let depth = 0;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code === 0x22) {
			for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++)
				if (text.charCodeAt(i) === 0x5c) i++;
		} else if (code === 0x5b || code === 0x7b) {
			if (++depth > maxDepth) return true;
		} else if (code === 0x5d || code === 0x7d) depth--;
	}
	return false;
}
