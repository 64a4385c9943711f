/** `npm run convex -- serve`: any folder of Convex functions, with an API port and a port for HTTP actions. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseEnv } from 'node:util';
import {
	startEmbedded,
	type EmbeddedDeployment,
	type LogEvent,
} from '../../lib/server/embedded/index.ts';
import { CommandError, fromCaller, readFlags } from './command.ts';
import { functionsFolder } from './functionsFolder.ts';

export const usage = `usage: npm run convex -- serve --functions <dir> --data <dir> [flags]

  --functions <dir>   the functions' folder, or the root of its project (convex.json is read); default .
  --data <dir>        database, files and bundles; made when missing
  --port <n>          of the API and of sync; default 3210, 0 = any free one
  --site-port <n>     of HTTP actions, every path, as on *.convex.site; 0 = any free one.
                      Without it they are at /http/ of the API's port only
  --host <address>    to listen on; default 127.0.0.1
  --env-file <file>   deployment variables, written into the store at start; those set by
                      \`env set\` since then under the same name are overwritten, others stay
  --watch             load functions again when a source changes
  --production        clients see neither the text of errors nor log lines
  --guard-egress      fetch of actions refuses private addresses; without it fetch is unguarded,
                      since programs under development talk to servers of this machine

CONVEX_ADMIN_KEY holds the admin key; without it there is no administrator.
Ready is one line of JSON on standard output, with url, siteUrl and the pid to signal. Logs are lines
of JSON on standard error. SIGINT and SIGTERM let what runs come to its end; the exit code is then 0.`;

/** Requests and functions under way when a signal comes; then the process ends anyway. */
const STOP_GRACE_MS = 10_000;
const BUILT_IN = new Set(['CONVEX_CLOUD_URL', 'CONVEX_SITE_URL']);
const RUNNING_TEXT = 'This Convex deployment is running. See https://docs.convex.dev/.';

export async function run(args: string[]): Promise<number> {
	const flags = readFlags('serve', {
		args,
		options: {
			functions: { type: 'string', default: '.' },
			data: { type: 'string' },
			port: { type: 'string', default: '3210' },
			'site-port': { type: 'string' },
			host: { type: 'string', default: '127.0.0.1' },
			'env-file': { type: 'string' },
			watch: { type: 'boolean', default: false },
			production: { type: 'boolean', default: false },
			'guard-egress': { type: 'boolean', default: false },
		},
	});
	if (flags.data === undefined) {
		throw new CommandError('BadUsage', 'Say where the data goes: --data <dir>.');
	}
	const stopped = whenStopped();
	const { host } = flags;
	const mainServer = createServer();
	const siteServer = flags['site-port'] === undefined ? null : createServer();
	const servers = siteServer ? [mainServer, siteServer] : [mainServer];
	// The ports are taken first, so that a second start stops before it touches the data, and clients that reconnect
	// meanwhile wait instead of being refused.
	const { promise: ready, resolve: open } = Promise.withResolvers<EmbeddedDeployment>();
	connect(mainServer, siteServer, ready);
	let deployment: EmbeddedDeployment;
	try {
		const url = await listen(mainServer, '--port', flags.port, host);
		const siteUrl = siteServer
			? await listen(siteServer, '--site-port', flags['site-port']!, host)
			: `${url}/http`;
		deployment = await startEmbedded({
			functionsDir: functionsFolder(fromCaller(flags.functions)),
			dataDir: fromCaller(flags.data),
			env: {},
			variables: readVariables(flags['env-file']),
			origin: url,
			siteUrl,
			adminKey: process.env.CONVEX_ADMIN_KEY || undefined,
			httpActionPrefixes: [],
			log,
			egress: flags['guard-egress'] ? 'guarded' : 'open',
			isDevelopment: !flags.production,
		});
		open(deployment);
		const { functions, components } = await deployment.summary();
		const { instanceName } = deployment;
		const { pid } = process;
		const line = { status: 'ready', url, siteUrl, instanceName, functions, components, pid };
		process.stdout.write(`${JSON.stringify(line)}\n`);
	} catch (error) {
		for (const server of servers) shut(server);
		throw error;
	}
	const unwatch = flags.watch ? deployment.watch() : () => {};
	const signal = await stopped;
	log('server.stopping', { signal });
	unwatch();
	setTimeout(() => {
		log('server.stopOverdue', { afterMs: STOP_GRACE_MS });
		process.exit(0);
	}, STOP_GRACE_MS).unref();
	for (const server of servers) server.close();
	await deployment.close();
	for (const server of servers) server.closeAllConnections();
	return 0;
}

const log: LogEvent = (event, fields) => {
	process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`);
};

function connect(main: Server, site: Server | null, ready: Promise<EmbeddedDeployment>): void {
	main.on('request', (request, response) => {
		void ready.then((deployment) => {
			if (deployment.handleRequest(request, response)) return;
			if (request.url === '/') {
				response.setHeader('content-type', 'text/plain; charset=utf-8');
				response.end(RUNNING_TEXT);
				return;
			}
			response.writeHead(404, { 'content-type': 'application/json' });
			const message = 'There is nothing at this address. HTTP actions are below the site URL.';
			response.end(JSON.stringify({ code: 'NotFound', message }));
		});
	});
	main.on('upgrade', (request, socket, head) => {
		// Nobody else listens while it waits, and an error nobody hears would end the process.
		socket.on('error', () => socket.destroy());
		void ready.then((deployment) => {
			if (!deployment.handleUpgrade(request, socket, head)) socket.destroy();
		});
	});
	site?.on('request', (request, response) => {
		void ready.then((deployment) => deployment.handleSiteRequest(request, response));
	});
}

/** @returns the origin it is reachable under */
async function listen(server: Server, flag: string, text: string, host: string): Promise<string> {
	const port = Number(text);
	if (text.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65535) {
		throw new CommandError('BadUsage', `${flag} is "${text}". Give a number from 0 to 65535.`);
	}
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			const isTaken = error.code === 'EADDRINUSE';
			reject(
				isTaken
					? new CommandError(
							'PORT_TAKEN',
							`Another program listens on port ${port}. Choose another ${flag}.`,
						)
					: new CommandError('CannotListen', `${flag} ${port} on ${host}: ${error.message}`),
			);
		});
		server.listen(port, host, resolve);
	});
	const { port: actual } = server.address() as AddressInfo;
	const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
	return `http://${shown.includes(':') ? `[${shown}]` : shown}:${actual}`;
}

function shut(server: Server): void {
	server.close();
	server.closeAllConnections();
}

function readVariables(file: string | undefined): Record<string, string> {
	if (file === undefined) return {};
	let variables: NodeJS.Dict<string>;
	try {
		variables = parseEnv(readFileSync(fromCaller(file), 'utf8'));
	} catch (error) {
		throw new CommandError('NoEnvFile', `--env-file cannot be read. ${(error as Error).message}`);
	}
	const entries = Object.entries(variables) as [string, string][];
	// What the CLI writes into .env.local is for clients; functions are told their own addresses.
	const skipped = entries.filter(([name]) => BUILT_IN.has(name)).map(([name]) => name);
	if (skipped.length > 0) log('variables.skipped', { names: skipped });
	return Object.fromEntries(entries.filter(([name]) => !BUILT_IN.has(name)));
}

/** From the outset: a signal during the start must not be lost. */
function whenStopped(): Promise<string> {
	return new Promise((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal));
	});
}
