/** Node's HTTP messages as web-standard ones and back; refusals as JSON; bodies with a limit. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';

/** A defined refusal: status, stable code, a sentence. Becomes `{code, message}`. */
export class HttpFailure extends Error {
	readonly status: number;
	readonly code: string;
	constructor(status: number, code: string, message: string) {
		super(message);
		this.name = 'HttpFailure';
		this.status = status;
		this.code = code;
	}

	toResponse(): Response {
		return Response.json({ code: this.code, message: this.message }, { status: this.status });
	}
}

/** The Fetch standard refuses to make requests with these. */
const UNSUPPORTED_METHODS = new Set(['CONNECT', 'TRACE', 'TRACK']);
/** RFC 9110, section 7.6.1: for one connection only. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te']);

/**
 * @param origin ours, as configured: what the Host header says is not believed.
 * @throws HttpFailure
 */
export function toWebRequest(incoming: IncomingMessage, origin: string): Request {
	const method = incoming.method ?? 'GET';
	if (UNSUPPORTED_METHODS.has(method)) {
		throw new HttpFailure(405, 'MethodNotAllowed', `${method} is not supported here.`);
	}
	const headers = new Headers();
	for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
		const name = incoming.rawHeaders[i]!;
		if (!HOP_BY_HOP.has(name.toLowerCase())) headers.append(name, incoming.rawHeaders[i + 1]!);
	}
	const hasBody = method !== 'GET' && method !== 'HEAD';
	return new Request(origin + incoming.url, {
		method,
		headers,
		...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' } : {}),
	} as RequestInit);
}

/** Never rejects: a client that left is not our failure. */
export async function sendWebResponse(
	response: Response,
	outgoing: ServerResponse,
	method: string,
): Promise<void> {
	const { body } = response;
	try {
		outgoing.statusCode = response.status;
		for (const [name, value] of response.headers) {
			if (name !== 'set-cookie' && !HOP_BY_HOP.has(name)) outgoing.setHeader(name, value);
		}
		const cookies = response.headers.getSetCookie();
		if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies);
		// The rest of a refused upload is not read.
		if (response.status === 413) outgoing.setHeader('connection', 'close');
		if (!body || method === 'HEAD') {
			await body?.cancel();
			outgoing.end();
			return;
		}
		outgoing.flushHeaders();
		const stream = Readable.fromWeb(body as NodeReadableStream);
		outgoing.on('close', () => stream.destroy());
		for await (const chunk of stream) {
			if (!outgoing.write(chunk)) await drained(outgoing);
			if (outgoing.destroyed) return;
		}
		outgoing.end();
	} catch {
		outgoing.destroy();
	}
}

function drained(outgoing: ServerResponse): Promise<void> {
	return new Promise((resolve) => {
		const done = () => {
			outgoing.off('drain', done);
			outgoing.off('close', done);
			resolve();
		};
		outgoing.on('drain', done);
		outgoing.on('close', done);
	});
}

/** @throws HttpFailure 413 as soon as it is known to be too large, without reading the rest */
export async function readBody(request: Request, maxBytes: number): Promise<Buffer> {
	const tooLarge = new HttpFailure(
		413,
		'PayloadTooLarge',
		`The request body is larger than ${maxBytes} bytes. Send less at once.`,
	);
	if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge;
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	const reader = request.body?.getReader();
	while (reader) {
		const { done, value } = await reader.read();
		if (done) break;
		bytes += value.byteLength;
		if (bytes > maxBytes) {
			void reader.cancel().catch(() => {});
			throw tooLarge;
		}
		chunks.push(value);
	}
	return Buffer.concat(chunks);
}

/** The peer's address in the form people write it: IPv4 mapped into IPv6 is IPv4. */
export function socketAddress(incoming: IncomingMessage): string | null {
	return incoming.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '') ?? null;
}

/**
 * With a trusted proxy in front, the last entry of X-Forwarded-For is what that proxy saw; entries before it are
 * whatever the client claimed.
 */
export function clientAddress(incoming: IncomingMessage, trustProxy: boolean): string | null {
	const forwarded = trustProxy ? incoming.headers['x-forwarded-for'] : undefined;
	const last = [forwarded].flat().join(',').split(',').at(-1)?.trim();
	return last ? last : socketAddress(incoming);
}
