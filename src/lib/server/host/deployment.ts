/** Starts the embedded deployment with this product's functions, or points at the Convex named by CONVEX_URL. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { type EmbeddedDeployment, startEmbedded } from '../embedded/index.ts';
import { setBridge } from './bridge.ts';
import type { HostConfig } from './config.ts';
import { readKeys } from './keys.ts';
import { logEvent } from './log.ts';

/** What serves one machine: the deployment's share of the port, and how to stop it. */
export interface HostDeployment {
	/** True when the deployment answers this request; false leaves it to the pages. */
	handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
	/** The one-time code asked of the first visitor; null when none is needed. */
	setupCode: string | null;
	close(): Promise<void>;
	/** Reloads functions when a file under convex/ changes; returns how to stop watching. */
	watch(): () => void;
}

/** Eight signs of a 32-letter alphabet without look-alikes: 40 bits, guessed at the throttled rate in centuries. */
function makeSetupCode(): string {
	const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
	const code = [...randomBytes(8)].map((byte) => alphabet[byte % 32]).join('');
	return `${code.slice(0, 4)}-${code.slice(4)}`;
}

function readVersion(root: string): string {
	const manifest = readFileSync(path.join(root, 'package.json'), 'utf8');
	return (JSON.parse(manifest) as { version: string }).version;
}

function remoteDeployment(convexUrl: string, siteUrl: string): HostDeployment {
	const fetch = (input: string | URL | Request, init?: RequestInit) =>
		globalThis.fetch(input, init);
	setBridge({ convexUrl, apiUrl: convexUrl, siteUrl, fetch, dataDir: null });
	return {
		handleRequest: () => false,
		handleUpgrade: () => false,
		setupCode: null,
		close: async () => {},
		watch: () => () => {},
	};
}

/**
 * Every action of the process, or of the thread of functions, before this one is dead: its sync runs go on now instead
 * of when their leases end.
 */
async function takeOverDeadRuns({ runner }: EmbeddedDeployment): Promise<void> {
	const { outcome } = await runner.runMutation({
		component: '',
		path: 'sync/recover:atBoot',
		args: {},
		caller: { identity: null, isAdmin: true },
	});
	if (!outcome.ok) logEvent('server.recoverFailed', { message: outcome.failure.message });
}

/** `root` is the repository's folder. Throws ConfigError before anything is started when a key is unfit. */
export async function startDeployment(
	config: HostConfig,
	root: string,
	env: Record<string, string | undefined>,
	{ isDevelopment = false } = {},
): Promise<HostDeployment> {
	if (config.convexUrl) return remoteDeployment(config.convexUrl, config.convexSiteUrl!);
	mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
	const keys = readKeys(config.dataDir, env);
	const setupCode = config.isLoopback ? null : makeSetupCode();
	const version = readVersion(root);
	const deployment = await startEmbedded({
		functionsDir: path.join(root, 'convex'),
		dataDir: config.dataDir,
		origin: config.origin,
		env: {
			SITE_URL: config.origin,
			BETTER_AUTH_SECRET: keys.authSecret,
			TRIBUTARY_SECRET_KEY: keys.secretKey,
			...(setupCode ? { TRIBUTARY_SETUP_CODE: setupCode } : {}),
		},
		httpActionPrefixes: ['/api/auth/', '/.well-known/'],
		allowedOrigins: [config.origin],
		trustProxy: config.trustProxy,
		log: logEvent,
		isDevelopment,
		// What ran in actions has died with the thread that was replaced.
		isolation: { onReplaced: () => void takeOverDeadRuns(deployment) },
		serverStats: () => ({ version, liveSubscribers: deployment.stats().subscribers }),
	});
	await takeOverDeadRuns(deployment);
	setBridge({
		convexUrl: null,
		apiUrl: config.origin,
		siteUrl: config.origin,
		fetch: (input, init, from) => deployment.fetch(new Request(input, init), from),
		dataDir: config.dataDir,
	});
	return {
		handleRequest: (request, response) => deployment.handleRequest(request, response),
		handleUpgrade: (request, socket, head) => deployment.handleUpgrade(request, socket, head),
		setupCode,
		close: () => deployment.close(),
		// Functions are bundled with the integrations and metric math they import.
		watch: () =>
			deployment.watch([
				path.join(root, 'src/lib/server/integrations'),
				path.join(root, 'src/lib/metrics'),
			]),
	};
}
