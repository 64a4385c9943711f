import path from 'node:path';

/** How one machine runs the product; read once from the environment at start. */
export interface HostConfig {
	host: string;
	port: number;
	/** What people type into the browser: scheme, host and port, no path. */
	origin: string;
	dataDir: string;
	/** A Convex deployment to use instead of the embedded one. */
	convexUrl: string | null;
	convexSiteUrl: string | null;
	/** Only this machine can reach the server, so the first visitor needs no setup code. */
	isLoopback: boolean;
	/** A proxy in front sets x-forwarded-for; without one the header is a visitor's claim. */
	trustProxy: boolean;
}

/** A value of the environment that cannot be used; the message says which and what to set. */
export class ConfigError extends Error {
	readonly code = 'CONFIG_INVALID';
	constructor(message: string) {
		super(message);
		this.name = 'ConfigError';
	}
}

const DEFAULT_PORT = 4321;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

function readPort(text: string | undefined): number {
	if (text === undefined || text === '') return DEFAULT_PORT;
	const port = Number(text);
	if (!Number.isInteger(port) || port < 0 || port > 65535) {
		throw new ConfigError(
			`PORT is "${text}". Set it to a number from 0 to 65535, or leave it out for ${DEFAULT_PORT}.`,
		);
	}
	return port;
}

function readUrl(name: string, text: string | undefined): string | null {
	if (!text) return null;
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		throw new ConfigError(
			`${name} is "${text}", which is not a URL. Write it like https://numbers.example.com.`,
		);
	}
	if (url.protocol !== 'http:' && url.protocol !== 'https:') {
		throw new ConfigError(`${name} must start with http:// or https://.`);
	}
	return url.origin;
}

/** The URL of a listener, with IPv6 addresses in brackets and a wildcard shown as this machine. */
export function originOf(host: string, port: number): string {
	const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
	return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

/** Throws ConfigError. `env` is the process's environment; `cwd` is what a relative data folder is relative to. */
export function readConfig(env: Record<string, string | undefined>, cwd: string): HostConfig {
	const host = env.HOST || '127.0.0.1';
	const port = readPort(env.PORT);
	const convexUrl = readUrl('CONVEX_URL', env.CONVEX_URL);
	const convexSiteUrl = readUrl('CONVEX_SITE_URL', env.CONVEX_SITE_URL);
	if (convexUrl && !convexSiteUrl && !convexUrl.endsWith('.convex.cloud')) {
		throw new ConfigError(
			'CONVEX_URL is set, so set CONVEX_SITE_URL too: the address of that deployment’s HTTP actions.',
		);
	}
	return {
		host,
		port,
		origin: readUrl('ORIGIN', env.ORIGIN) ?? originOf(host, port),
		dataDir: path.resolve(cwd, env.TRIBUTARY_DATA || 'data'),
		convexUrl,
		convexSiteUrl: convexSiteUrl ?? convexUrl?.replace(/\.convex\.cloud$/, '.convex.site') ?? null,
		isLoopback: LOOPBACK.test(host),
		trustProxy: env.TRIBUTARY_TRUST_PROXY === '1',
	};
}
