/** A proxy that makes a fast server slow enough to be interrupted, and counts what passes. */
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SlowProxy {
	/** "127.0.0.1:port" */
	host: string;
	url: string;
	requests(): { method: string; url: string }[];
	/** Milliseconds each request waits before it is passed on; may change at any time. */
	delayMs: number;
	close(): Promise<void>;
}

/** Listens on a free loopback port in front of `targetUrl`. */
export async function startSlowProxy(targetUrl: string, delayMs: number): Promise<SlowProxy> {
	const target = new URL(targetUrl);
	const seen: { method: string; url: string }[] = [];
	const server = createServer((incoming, outgoing) => {
		seen.push({ method: incoming.method!, url: incoming.url! });
		void (async () => {
			await sleep(proxy.delayMs);
			const onward = httpRequest(
				{
					host: target.hostname,
					port: target.port,
					path: incoming.url,
					method: incoming.method,
					headers: incoming.headers,
				},
				(answer) => {
					outgoing.writeHead(answer.statusCode!, answer.headers);
					answer.pipe(outgoing);
				},
			);
			onward.on('error', () => outgoing.destroy());
			incoming.pipe(onward);
		})();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const proxy: SlowProxy = {
		host: `127.0.0.1:${port}`,
		url: `http://127.0.0.1:${port}`,
		requests: () => seen,
		delayMs,
		close: () =>
			new Promise((resolve) => {
				server.closeAllConnections();
				server.close(() => resolve());
			}),
	};
	return proxy;
}
