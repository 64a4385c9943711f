/** One side of the comparison, in a process of its own: `embedded`, or `bare`, which repeats to all what one says. */
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { startEmbedded } from '../../../src/lib/server/embedded/index.ts';

const FUNCTIONS = path.resolve(import.meta.dirname, '../../embedded/fixtures/live/convex');

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1_024, resolve));
const { port } = server.address() as AddressInfo;

if (process.argv[2] === 'bare') {
	const sockets = new WebSocketServer({ server, perMessageDeflate: false });
	sockets.on('connection', (socket) => {
		socket.on('message', (data) => {
			const text = String(data);
			for (const one of sockets.clients) one.send(text);
		});
	});
} else {
	const dataDir = mkdtempSync(path.join(tmpdir(), 'tributary-bench-fanout-'));
	process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
	const deployment = await startEmbedded({
		functionsDir: FUNCTIONS,
		dataDir,
		origin: `http://127.0.0.1:${port}`,
		httpActionPrefixes: [],
		env: { JWKS: 'data:,{"keys":[]}' },
		log: (event, fields) => console.error(event, fields),
	});
	server.on('upgrade', (request, socket, head) => {
		if (!deployment.handleUpgrade(request, socket, head)) socket.destroy();
	});
}
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
process.send!({ port });
