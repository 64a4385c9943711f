/** Requests and responses on their way between threads. */
import type { Transferable } from 'node:worker_threads';

export interface MessageParts {
	/** Of a request. */
	url?: string;
	method?: string;
	/** Of a response. */
	status?: number;
	statusText?: string;
	/** `set-cookie` may come more than once. */
	headers: [string, string][];
	body: Uint8Array | ReadableStream<Uint8Array> | null;
}

/** A body that is complete by then goes as bytes: handing over a stream takes half a millisecond. */
const WHOLE_BODY_TURNS = 2;
/** A body that is always ready would never let a turn end. */
const WHOLE_BODY_BYTES = 256 * 1024;
const NO_BODY_STATUS = new Set([101, 204, 205, 304]);

export async function packRequest(request: Request): Promise<MessageParts> {
	const { url, method, headers, body } = request;
	return { url, method, headers: [...headers], body: await packBody(body) };
}

export async function packResponse(response: Response): Promise<MessageParts> {
	const { status, statusText, headers, body } = response;
	return { status, statusText, headers: [...headers], body: await packBody(body) };
}

export function unpackRequest({ url, method, headers, body }: MessageParts): Request {
	return new Request(url!, {
		method,
		headers,
		body: body as BodyInit | null,
		...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
	} as RequestInit);
}

export function unpackResponse({ status, statusText, headers, body }: MessageParts): Response {
	return new Response(NO_BODY_STATUS.has(status!) ? null : (body as BodyInit | null), {
		status,
		statusText,
		headers,
	});
}

/** For `postMessage`. */
export function transferOf({ body }: MessageParts): Transferable[] {
	return body instanceof ReadableStream ? [body as unknown as Transferable] : [];
}

/** A stream of the other thread ends with that thread, and nobody would hear of it. `gone` is aborted then. */
export function endWith(parts: MessageParts, gone: AbortSignal): MessageParts {
	if (!(parts.body instanceof ReadableStream)) return parts;
	const reader = parts.body.getReader();
	let fail: () => void;
	// The signal lives as long as the thread: nothing of a stream that is over may stay with it.
	const letGo = () => gone.removeEventListener('abort', fail);
	const body = new ReadableStream<Uint8Array>({
		start(controller) {
			fail = () => controller.error(gone.reason);
			gone.addEventListener('abort', fail, { once: true });
			if (gone.aborted) fail();
		},
		async pull(controller) {
			const { value, done } = await reader.read();
			if (gone.aborted) return;
			if (!done) return controller.enqueue(value);
			letGo();
			controller.close();
		},
		cancel(reason) {
			letGo();
			return reader.cancel(reason);
		},
	});
	return { ...parts, body };
}

async function packBody(
	body: ReadableStream<Uint8Array> | null,
): Promise<Uint8Array | ReadableStream<Uint8Array> | null> {
	if (!body) return null;
	const reader = body.getReader();
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	let next = reader.read();
	for (let turn = 0; turn < WHOLE_BODY_TURNS && bytes < WHOLE_BODY_BYTES;) {
		const read = await Promise.race([next, nextTurn()]);
		if (read === undefined) {
			turn++;
			continue;
		}
		if (read.done) return joined(chunks);
		chunks.push(read.value);
		bytes += read.value.byteLength;
		next = reader.read();
	}
	// Awaited when it is wanted; an error before that is not a stray one.
	next.catch(() => {});
	return new ReadableStream<Uint8Array>({
		async pull(controller) {
			const chunk = chunks.shift();
			if (chunk) return controller.enqueue(chunk);
			const { value, done } = await next;
			if (done) return controller.close();
			controller.enqueue(value);
			next = reader.read();
			next.catch(() => {});
		},
		cancel: (reason) => reader.cancel(reason),
	});
}

function nextTurn(): Promise<undefined> {
	return new Promise((resolve) => setImmediate(resolve, undefined));
}

function joined(chunks: Uint8Array[]): Uint8Array {
	// A copy: a chunk may be a window of a shared slab, which would be cloned whole.
	const bytes = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
	let at = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, at);
		at += chunk.byteLength;
	}
	return bytes;
}
