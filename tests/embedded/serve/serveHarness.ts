/** The real command as a child process, over a copy of a foreign project in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConvexClient, ConvexHttpClient } from 'convex/browser';
import { anyApi, type ApiFromModules } from 'convex/server';
import { afterEach, expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { root } from '../../../src/tools/root.ts';
import type * as tasks from '../fixtures/serve/backend/tasks.ts';

export const ADMIN_KEY = 'dev:somebody|0123456789abcdef';
export const api = anyApi as unknown as ApiFromModules<{ tasks: typeof tasks }>;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
export const whenDone = (cleanup: () => unknown): void => void cleanups.push(cleanup);

export interface Project {
	folder: string;
	dataDir: string;
}

/** With `node_modules` of its own, where a package lies that this repository does not have. */
export function foreignProject(): Project {
	const folder = mkdtempSync(path.join(tmpdir(), 'foreign-project-'));
	whenDone(() => rmSync(folder, { recursive: true, force: true }));
	cpSync(path.join(root, 'tests/embedded/fixtures/serve'), folder, { recursive: true });
	const greeting = path.join(folder, 'node_modules/greeting');
	mkdirSync(greeting, { recursive: true });
	writeFileSync(path.join(greeting, 'package.json'), '{"main":"index.js","type":"module"}');
	writeFileSync(path.join(greeting, 'index.js'), 'export const greet = (name) => `Hi ${name}`;');
	symlinkSync(path.join(root, 'node_modules/convex'), path.join(folder, 'node_modules/convex'));
	return { folder, dataDir: path.join(folder, 'data') };
}

export interface Running {
	child: ChildProcess;
	stdout(): string;
	stderr(): string;
	/** Exit code, once it has ended. */
	ended: Promise<number | null>;
}

/** As npm runs it. */
export function convexCommand(args: string[], env: Record<string, string> = {}): Running {
	const child = spawn('node', [path.join(root, 'src/tools/bootstrap.mjs'), 'convex', ...args], {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...process.env, CONVEX_ADMIN_KEY: ADMIN_KEY, ...env },
	});
	return follow(child);
}

/** The official CLI, unchanged, in the project's folder. */
export function officialCli(project: Project, url: string, args: string[]): Running {
	const bin = path.join(root, 'node_modules/convex/bin/main.js');
	const child = spawn(
		process.execPath,
		[bin, ...args, '--url', url, '--admin-key', ADMIN_KEY],
		// No crash reports over the network.
		{ stdio: ['ignore', 'pipe', 'pipe'], cwd: project.folder, env: { ...process.env, CI: '1' } },
	);
	return follow(child);
}

function follow(child: ChildProcess): Running {
	let [stdout, stderr] = ['', ''];
	child.stdout!.on('data', (chunk) => (stdout += String(chunk)));
	child.stderr!.on('data', (chunk) => (stderr += String(chunk)));
	const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
	whenDone(async () => {
		if (child.exitCode === null) child.kill('SIGTERM');
		await ended;
	});
	return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

export interface Served extends Running {
	ready: { url: string; siteUrl: string; functions: number; pid: number; instanceName: string };
	url: string;
	siteUrl: string;
}

export async function serve(
	project: Project,
	more: string[] = ['--site-port', '0'],
	env: Record<string, string> = {},
): Promise<Served> {
	const flags = ['--functions', project.folder, '--data', project.dataDir, '--port', '0'];
	const running = convexCommand(['serve', ...flags, ...more], env);
	await vi.waitFor(
		() => {
			const hasEnded = running.child.exitCode !== null;
			expect(running.stdout().endsWith('\n') || hasEnded, running.stderr()).toBe(true);
		},
		{ timeout: 60_000, interval: 20 },
	);
	expect(running.child.exitCode, running.stderr()).toBeNull();
	const ready = JSON.parse(running.stdout()) as Served['ready'];
	return { ...running, ready, url: ready.url, siteUrl: ready.siteUrl };
}

export function httpClient(url: string): ConvexHttpClient {
	return new ConvexHttpClient(url, { skipConvexDeploymentUrlCheck: true, logger: false });
}

export function socketClient(url: string): ConvexClient {
	const client = new ConvexClient(url, {
		webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
		skipConvexDeploymentUrlCheck: true,
		logger: false,
	});
	whenDone(() => client.close());
	return client;
}

export const asAdmin = { authorization: `Convex ${ADMIN_KEY}` };

export function post(url: string, body: unknown, headers: Record<string, string> = {}) {
	return fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...headers },
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});
}

export const eventually = (check: () => void): Promise<void> =>
	vi.waitFor(check, { timeout: 20_000, interval: 20 });
