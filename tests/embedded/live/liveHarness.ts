/** The fixture of live queries, served; and what memory is left when garbage is gone. */
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EmbeddedOptions } from '../../../src/lib/server/embedded/index.ts';
import { vi } from 'vitest';
import { served, whenDone } from '../clients/clientHarness.ts';
import type { Served } from '../clients/serve.ts';
import { PlainSocket } from './plainSocket.ts';

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/live/convex');

export function live(given: Partial<EmbeddedOptions> = {}): Promise<Served> {
	const env = { JWKS: 'data:,{"keys":[]}' };
	return served({ functionsDir: FIXTURE, ...given, env: { ...env, ...given.env } });
}

export async function plain(origin: string): Promise<PlainSocket> {
	const socket = await PlainSocket.open(origin);
	whenDone(() => socket.socket.terminate());
	return socket;
}

/** Bytes of heap and buffers in use. */
export async function bytesInUse(): Promise<number> {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	for (let i = 0; i < 3; i++) {
		collect();
		await new Promise((resolve) => setImmediate(resolve));
	}
	const { heapUsed, external } = process.memoryUsage();
	return heapUsed + external;
}

/** Retries until it no longer throws. The limit is for what never comes, not for what is slow. */
export function soon<T>(check: () => T | Promise<T>): Promise<T> {
	return vi.waitFor(check, { timeout: 25_000, interval: 5 });
}
