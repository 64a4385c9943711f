/** Official clients, unmodified, against a deployment of the fixture. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConvexClient, ConvexHttpClient } from 'convex/browser';
import {
	anyApi,
	type ApiFromModules,
	type FunctionReference,
	type FunctionReturnType,
} from 'convex/server';
import { afterEach, expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { EmbeddedOptions } from '../../../src/lib/server/embedded/index.ts';
import type * as counters from '../fixtures/clients/convex/counters.ts';
import type * as files from '../fixtures/clients/convex/files.ts';
import type * as messages from '../fixtures/clients/convex/messages.ts';
import type * as people from '../fixtures/clients/convex/people.ts';
import { serve, type Served } from './serve.ts';

export const api = anyApi as unknown as ApiFromModules<{
	counters: typeof counters;
	files: typeof files;
	messages: typeof messages;
	people: typeof people;
}>;
/** Functions that clients must not reach, by the name they would use. */
export const unreachable = (name: string): FunctionReference<'query'> =>
	name.split(':').reduce((at, part) => at[part] as never, anyApi) as never;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
export const whenDone = (cleanup: () => unknown): void => void cleanups.push(cleanup);

export function dataFolder(): string {
	const folder = mkdtempSync(path.join(tmpdir(), 'embedded-clients-'));
	whenDone(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

export async function served(
	given: Partial<EmbeddedOptions> & { dataDir?: string; port?: number } = {},
): Promise<Served> {
	const { dataDir = dataFolder(), port = 0, ...options } = given;
	const deployment = await serve(dataDir, port, options);
	whenDone(() => deployment.close());
	return deployment;
}

export function socketClient(origin: string): ConvexClient {
	const client = new ConvexClient(origin, {
		webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
		skipConvexDeploymentUrlCheck: true,
		logger: false,
	});
	whenDone(() => client.close());
	return client;
}

export function httpClient(origin: string): ConvexHttpClient {
	return new ConvexHttpClient(origin, { skipConvexDeploymentUrlCheck: true, logger: false });
}

export interface Follower<T> {
	/** Every value the client was told, in order. */
	values: T[];
	errors: Error[];
	latest(): T | undefined;
	/** Resolves when the latest value equals this. */
	reaches(value: T): Promise<void>;
}

export function follow<Query extends FunctionReference<'query'>>(
	client: ConvexClient,
	query: Query,
	args: Query['_args'],
): Follower<FunctionReturnType<Query>> {
	type T = FunctionReturnType<Query>;
	const values: T[] = [];
	const errors: Error[] = [];
	const stop = client.onUpdate(
		query,
		args,
		(value: T) => void values.push(value),
		(error) => void errors.push(error),
	);
	whenDone(stop);
	return {
		values,
		errors,
		latest: () => values.at(-1),
		reaches: (value) =>
			vi.waitFor(() => expect(values.at(-1)).toEqual(value), { timeout: 15_000, interval: 5 }),
	};
}

/** A server in a process of its own, to be killed. */
export async function childServer(dataDir: string, port: number): Promise<ChildProcess> {
	const child = fork(path.join(import.meta.dirname, 'serve.ts'), [dataDir, String(port)], {
		execPath: process.execPath,
		execArgv: [],
		stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
	});
	whenDone(() => child.kill('SIGKILL'));
	await new Promise<void>((resolve, reject) => {
		child.once('message', () => resolve());
		child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
	});
	return child;
}

export async function kill(child: ChildProcess): Promise<void> {
	const gone = new Promise((resolve) => child.once('exit', resolve));
	child.kill('SIGKILL');
	await gone;
}
