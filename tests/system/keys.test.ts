import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildOnce } from '../../src/tools/buildOnce.ts';
import { startTributary, type Tributary } from '../support/tributary.ts';

const servers: Tributary[] = [];

beforeAll(() => buildOnce(), 180_000);

afterEach(async () => {
	for (const server of servers.splice(0)) await server.dispose();
});

async function start(env: Record<string, string> = {}): Promise<Tributary> {
	const server = await startTributary(env);
	servers.push(server);
	return server;
}

describe('SEC-20 the key that seals credentials', () => {
	const unfit: [string, string][] = [
		['a word', 'changeme'],
		['nothing', ''],
		['16 bytes', '5f2b9c0d7e1a4836b2c9d0e7f3a1586c'],
		['one byte again and again', '00'.repeat(32)],
		[
			'bytes in a row',
			Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join(''),
		],
	];
	it.each(unfit)('given as %s: the server does not start, and says what to do', async (_, key) => {
		const failure = await start({ TRIBUTARY_SECRET_KEY: key }).catch((error: unknown) => error);
		expect(String(failure)).toMatch(/ended with code 1/);
		expect(String(failure)).toMatch(/TRIBUTARY_SECRET_KEY .*openssl rand -hex 32/);
		if (key !== '') expect(String(failure)).not.toContain(key);
	});

	it('is made on the first start, readable by nobody else, kept, and never made anew over a damaged one', async () => {
		const server = await start();
		const file = path.join(server.dataDir, 'keys/secret-key');
		expect(statSync(file).mode & 0o777).toBe(0o600);
		const key = readFileSync(file, 'utf8');
		expect(Buffer.from(key, 'base64').length).toBe(32);
		expect(server.output()).not.toContain(key.trim());
		await server.stop();
		await server.restart();
		expect(readFileSync(file, 'utf8')).toBe(key);
		await server.stop();
		writeFileSync(file, key.slice(0, 20));
		await expect(server.restart()).rejects.toThrow(/keys\/secret-key .*openssl rand/);
		expect(readFileSync(file, 'utf8')).toBe(key.slice(0, 20));
	}, 60_000);
});
