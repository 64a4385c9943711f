/** A real HTTP server on a free loopback port over the fake runner. */
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../src/lib/server/embedded/clock.ts';
import {
	createEdges,
	type EdgeOptions,
	type Edges,
} from '../../../src/lib/server/embedded/edges/edges.ts';
import type { FileAccess } from '../../../src/lib/server/embedded/functions/runnerOptions.ts';
import { FakeRunner } from './fakeRunner.ts';

export interface RawAnswer {
	status: number;
	headers: IncomingHttpHeaders;
	body: string;
}

export interface EdgesHarness {
	runner: FakeRunner;
	edges: Edges;
	origin: string;
	logged: string[];
	post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
	/** Node's own client: says exactly what it is told, in headers and in paths. */
	raw(
		path: string,
		options?: {
			method?: string;
			headers?: Record<string, string>;
			body?: string | Iterable<Buffer>;
		},
	): Promise<RawAnswer>;
	close(): Promise<void>;
}

const noFiles: FileAccess = {
	upload: async () => ({ storageId: 'none' }),
	open: async () => null,
};

export async function edgesHarness(given: Partial<EdgeOptions> = {}): Promise<EdgesHarness> {
	const runner = new FakeRunner();
	const logged: string[] = [];
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const origin = `http://127.0.0.1:${port}`;
	const edges = createEdges({
		runner,
		files: noFiles,
		kindOf: (_component, path) =>
			path.startsWith('cells:set') ? 'mutation' : path.startsWith('act:') ? 'action' : 'query',
		latestTs: () => runner.latest,
		onCommit: (listener) => runner.onCommit(listener),
		clock: systemClock,
		log: (event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`),
		origin,
		httpActionPrefixes: ['/api/auth/', '/.well-known/'],
		instanceName: 'embedded-test',
		version: '1.48.0',
		fetchJson: async () => Promise.reject(new Error('no network in tests')),
		...given,
	});
	server.on('request', (request, response) => {
		if (!edges.handleRequest(request, response)) response.writeHead(299).end('page');
	});
	server.on('upgrade', (request, socket, head) => {
		if (!edges.handleUpgrade(request, socket, head)) socket.end('HTTP/1.1 299 page\r\n\r\n');
	});
	return {
		runner,
		edges,
		origin,
		logged,
		post: (path, body, headers = {}) =>
			fetch(origin + path, {
				method: 'POST',
				headers: { 'content-type': 'application/json', ...headers },
				body: typeof body === 'string' ? body : JSON.stringify(body),
			}),
		raw: (path, { method = 'GET', headers = {}, body } = {}) =>
			new Promise((resolve, reject) => {
				const request = httpRequest(
					{ host: '127.0.0.1', port, path, method, headers },
					(response) => {
						let text = '';
						response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
						response.on('end', () =>
							resolve({ status: response.statusCode!, headers: response.headers, body: text }),
						);
					},
				);
				let isAnswered = false;
				request.on('response', () => (isAnswered = true));
				request.on('error', (error) => !isAnswered && reject(error));
				if (typeof body === 'string') request.end(body);
				else if (body === undefined) request.end();
				else {
					const chunks = body[Symbol.iterator]();
					const next = (): void => {
						const { done, value } = chunks.next();
						if (done || isAnswered) return void request.end();
						request.write(value, () => setImmediate(next));
					};
					next();
				}
			}),
		async close() {
			await edges.close();
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
