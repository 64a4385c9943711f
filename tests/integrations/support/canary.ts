import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What came in. */
export interface Hit {
	method: string;
	url: string;
	headers: IncomingMessage['headers'];
	body: string;
}

/** A real server on loopback that counts what reaches it. */
export interface Canary {
	/** 127.0.0.1:port */
	host: string;
	port: number;
	url: string;
	hits: Hit[];
	/** Replaceable; 200 with {} by default. */
	answer: (hit: Hit, response: ServerResponse) => void;
	close(): Promise<void>;
}

export const sendJson = (
	response: ServerResponse,
	status: number,
	body: unknown,
	headers: Record<string, string> = {},
): void => {
	response.writeHead(status, { 'content-type': 'application/json', ...headers });
	response.end(JSON.stringify(body));
};

export async function startCanary(address = '127.0.0.1'): Promise<Canary> {
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const hit: Hit = {
				method: request.method ?? '',
				url: request.url ?? '',
				headers: request.headers,
				body: Buffer.concat(chunks).toString(),
			};
			canary.hits.push(hit);
			canary.answer(hit, response);
		});
	});
	// A cut connection is what some tests are about.
	server.on('clientError', (_, socket) => socket.destroy());
	await new Promise<void>((resolve) => server.listen(0, address, resolve));
	const { port } = server.address() as AddressInfo;
	const canary: Canary = {
		host: `${address}:${port}`,
		port,
		url: `http://${address}:${port}`,
		hits: [],
		answer: (_, response) => sendJson(response, 200, {}),
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
	return canary;
}
