/** Child process of the kill suite, under the shim: serves the fixture. Prints "ready", and is killed. */
import { createServer } from 'node:http';
import { startApp } from './app.ts';

const { dataDir, functionsDir, port } = JSON.parse(process.argv[2]!) as {
	dataDir: string;
	functionsDir: string;
	port: number;
};
const app = await startApp(dataDir, { functionsDir, origin: `http://127.0.0.1:${port}` });
const server = createServer((request, response) => {
	if (!app.deployment.handleRequest(request, response)) response.writeHead(404).end();
});
server.on('upgrade', (request, socket, head) => {
	socket.on('error', () => socket.destroy());
	if (!app.deployment.handleUpgrade(request, socket, head)) socket.destroy();
});
server.listen(port, '127.0.0.1', () => process.stdout.write('"ready"\n'));
process.on('SIGTERM', () => {
	void app.close().then(() => process.exit(0));
});
