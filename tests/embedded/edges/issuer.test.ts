import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createIssuerReader } from '../../../src/lib/server/embedded/edges/fetchJson.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
	for (const cleanup of cleanups.splice(0)) cleanup();
});

async function issuer(listener: RequestListener): Promise<string> {
	const server = createServer(listener);
	cleanups.push(() => server.close().closeAllConnections());
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('documents of token issuers', () => {
	const read = createIssuerReader();

	test('are read from where auth.config.ts says, in the private network too', async () => {
		const origin = await issuer((_request, response) => response.end('{"keys":[]}'));
		expect(await read(`${origin}/keys`)).toEqual({ keys: [] });
	});

	test('SEC-10 a redirect is not followed', async () => {
		let hits = 0;
		const target = await issuer((_request, response) => {
			hits += 1;
			response.end('{"keys":[]}');
		});
		const origin = await issuer((_request, response) =>
			response.writeHead(302, { location: target }).end(),
		);
		await expect(read(origin)).rejects.toThrow();
		// Where the address itself would be allowed, it is the redirect that is refused.
		const within = await issuer(({ url }, response) => {
			if (url === '/keys') return void response.writeHead(302, { location: '/other' }).end();
			hits += 1;
			response.end('{"keys":[]}');
		});
		await expect(read(`${within}/keys`)).rejects.toThrow();
		expect(hits).toBe(0);
	});

	test('an error, an endless answer and a page instead of JSON are refused', async () => {
		const failing = await issuer((_request, response) => response.writeHead(500).end('{}'));
		await expect(read(failing)).rejects.toThrow(/status 500/);
		const page = await issuer((_request, response) => response.end('<html>'));
		await expect(read(page)).rejects.toThrow();
		const endless = await issuer((_request, response) => {
			const more = (): void => {
				if (!response.destroyed) response.write(' '.repeat(65_536), () => setImmediate(more));
			};
			more();
		});
		await expect(read(endless)).rejects.toThrow(/too long/);
	});

	test('plain http is for this machine only; metadata services and other schemes never', async () => {
		await expect(read('http://issuer.invalid/keys')).rejects.toThrow(/https/);
		await expect(read('http://192.0.2.1/keys')).rejects.toThrow(/https/);
		await expect(read('file:///etc/passwd')).rejects.toThrow(/https/);
		await expect(read('https://169.254.169.254/keys')).rejects.toThrow(/169\.254/);
	});
});
