/** Ways in which a service can answer wrongly, for a fake service to answer with. */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { sendJson, type Hit } from '../integrations/support/canary.ts';

/** Answers a request; what it was told stands in the answer, so that whoever repeats the answer gives secrets away. */
export type Fault = (hit: Hit, response: ServerResponse) => void;

const told = (hit: Hit): string => `You said ${hit.headers.authorization ?? 'nothing'}`;

export function refusal(status: number, headers: Record<string, string> = {}): Fault {
	return (hit, response) => sendJson(response, status, { error: told(hit) }, headers);
}

export const webPage: Fault = (hit, response) => {
	response.writeHead(200, { 'content-type': 'text/html' });
	response.end(`<!doctype html><title>Welcome</title><p>${told(hit)}</p>`);
};

export const truncatedJson: Fault = (hit, response) => {
	response.writeHead(200, { 'content-type': 'application/json' });
	response.end(`{"status":"success","note":"${told(hit)}","data":{"resultType":"vec`);
};

/** Never says a word. */
export const silence: Fault = () => {};

/** Begins to answer and then stops. */
export const stall: Fault = (_, response) => {
	response.writeHead(200, { 'content-type': 'application/json' });
	response.write('{"status":');
};

/** Breaks off before a word. */
export const hangUp: Fault = (_, response) => void response.destroy();

export const HUGE_BYTES = 200 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 0x20);

/** A body of 200 MB, as fast as it is taken; `sent` counts what left. */
export function hugeBody(sent: { bytes: number }, isDeclared: boolean): Fault {
	return (_, response) => {
		response.writeHead(200, {
			'content-type': 'application/json',
			...(isDeclared ? { 'content-length': String(HUGE_BYTES) } : {}),
		});
		let left = HUGE_BYTES;
		const more = (): void => {
			while (left > 0 && !response.destroyed) {
				left -= CHUNK.length;
				sent.bytes += CHUNK.length;
				if (!response.write(CHUNK)) return;
			}
			if (!response.destroyed) response.end();
		};
		response.on('drain', more);
		more();
	};
}

/** 200 MB that fit into 200 kB on the wire. */
export function gzipBomb(): Fault {
	const packed = gzipSync(Buffer.alloc(HUGE_BYTES, 0x20));
	return (_, response) => {
		response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
		response.end(packed);
	};
}
