/** Starts the embedded deployment of the fixture on a loopback port. Also the main program of the child process. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
	startEmbedded,
	type EmbeddedDeployment,
	type EmbeddedOptions,
} from '../../../src/lib/server/embedded/index.ts';

export const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/clients/convex');

export interface Served {
	deployment: EmbeddedDeployment;
	origin: string;
	port: number;
	logged: string[];
	close(): Promise<void>;
}

/** `port` 0: any free one. */
export async function serve(
	dataDir: string,
	port = 0,
	given: Partial<EmbeddedOptions> = {},
): Promise<Served> {
	const server = createServer();
	// The port is known before the deployment is there; clients that reconnect meanwhile must not be left hanging.
	const { promise: ready, resolve: open } = Promise.withResolvers<EmbeddedDeployment>();
	server.on('request', (request, response) => {
		void ready.then((deployment) => {
			if (!deployment.handleRequest(request, response)) response.writeHead(404).end();
		});
	});
	server.on('upgrade', (request, socket, head) => {
		socket.on('error', () => socket.destroy());
		void ready.then((deployment) => {
			if (!deployment.handleUpgrade(request, socket, head)) socket.destroy();
		});
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	const actual = (server.address() as AddressInfo).port;
	const origin = `http://127.0.0.1:${actual}`;
	const logged: string[] = [];
	const deployment = await startEmbedded({
		functionsDir: FIXTURE,
		dataDir,
		origin,
		httpActionPrefixes: ['/api/auth/'],
		statsUrlEnv: 'STATS_URL',
		log: (event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`),
		...given,
		env: { JWKS: 'data:,{"keys":[]}', OWN_JWKS: '{"keys":[]}', GREETING: 'hello', ...given.env },
	});
	open(deployment);
	return {
		deployment,
		origin,
		port: actual,
		logged,
		async close() {
			await deployment.close();
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
	const [dataDir, port] = process.argv.slice(2);
	const served = await serve(dataDir!, Number(port));
	process.send?.({ port: served.port });
}
