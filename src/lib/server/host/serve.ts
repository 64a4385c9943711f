/** The built pages and the embedded deployment on one port, stopped cleanly by Ctrl-C. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError, type HostConfig, originOf, readConfig } from './config.ts';
import { type HostDeployment, startDeployment } from './deployment.ts';
import { logEvent } from './log.ts';

/** Open requests get this long to finish before the process ends anyway. */
const STOP_GRACE_MS = 5_000;

interface Serving {
	deployment: HostDeployment;
	handler: (request: IncomingMessage, response: ServerResponse) => void;
}

/** `root` is the repository's folder. Ends the process with a sentence when it cannot serve. */
export async function serve(root: string): Promise<void> {
	try {
		await start(root);
	} catch (error) {
		console.error(`\n${explain(error)}`);
		process.exit(1);
	}
}

async function start(root: string): Promise<void> {
	const server = createServer();
	const config = readConfig(process.env, root);
	// The port is taken first, so that a second start stops before it touches the data. Whoever calls meanwhile, such as
	// browsers reconnecting after a restart, waits for the deployment instead of being refused.
	let open: (serving: Serving) => void = () => {};
	const ready = new Promise<Serving>((resolve) => (open = resolve));
	server.on('request', (request, response) => {
		void ready.then(({ deployment, handler }) => {
			if (!deployment.handleRequest(request, response)) handler(request, response);
		});
	});
	server.on('upgrade', (request, socket, head) => {
		// Nobody else listens while it waits, and an error nobody hears would end the process.
		socket.on('error', () => socket.destroy());
		void ready.then(({ deployment }) => {
			if (!deployment.handleUpgrade(request, socket, head)) socket.destroy();
		});
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(config.port, config.host, resolve);
	});
	const address = server.address();
	if (config.port === 0 && typeof address === 'object' && address) {
		config.port = address.port;
		if (!process.env.ORIGIN) config.origin = originOf(config.host, address.port);
	}
	// adapter-node reads these when its handler is loaded; without ORIGIN it would assume https and refuse form posts.
	process.env.ORIGIN = config.origin;
	if (config.trustProxy) process.env.ADDRESS_HEADER = 'x-forwarded-for';
	const built = pathToFileURL(path.join(root, 'build/handler.js')).href;
	// The deployment starts in a thread of its own; the pages are loaded meanwhile.
	const [deployment, { handler }] = await Promise.all([
		startDeployment(config, root, process.env),
		import(built) as Promise<Pick<Serving, 'handler'>>,
	]);
	open({ deployment, handler });

	announce(config, deployment.setupCode);

	let isStopping = false;
	const stop = () => {
		if (isStopping) return;
		isStopping = true;
		setTimeout(() => process.exit(1), STOP_GRACE_MS).unref();
		server.close();
		void deployment.close().then(
			() => process.exit(0),
			(error: unknown) => {
				logEvent('server.stopFailed', { message: String(error) });
				process.exit(1);
			},
		);
	};
	process.on('SIGINT', stop);
	process.on('SIGTERM', stop);
}

/** One write, so that whoever waits for the address has the rest of the block, too. */
function announce(config: HostConfig, setupCode: string | null) {
	const lines = [
		`  Tributary is ready at  ${config.origin}`,
		config.convexUrl
			? `  Data lies on           ${config.convexUrl}`
			: `  Data lies in           ${config.dataDir}`,
		...(setupCode
			? [`  One-time setup code    ${setupCode}   (asked of whoever creates the owner account)`]
			: []),
		'  Stop with              Ctrl-C',
	];
	console.log(`\n${lines.join('\n')}\n`);
}

function explain(error: unknown): string {
	if (error instanceof ConfigError) return `${error.code}: ${error.message}`;
	const { code, port } = error as { code?: string; port?: number };
	if (code === 'EADDRINUSE') {
		return `PORT_TAKEN: Another program already listens on port ${port}. Stop it, or start with PORT=<another number>.`;
	}
	return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
