import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	ConnectorError,
	toPlain,
	z,
	type HttpClient,
	type RequestReport,
} from '../../src/lib/server/integrations/sdk/index.ts';
import {
	createHttpClient,
	type HttpClientOptions,
} from '../../src/lib/server/integrations/sdk/httpClient.ts';
import { createRedactor } from '../../src/lib/server/integrations/sdk/redaction.ts';
import { sendJson, startCanary, type Canary } from './support/canary.ts';

const secret = 'ghp_canary_s3cret/+=&"';
const now = Date.UTC(2026, 0, 15, 12);

let canary: Canary;
let reports: RequestReport[];
beforeEach(async () => {
	canary = await startCanary();
	reports = [];
});
afterEach(async () => canary.close());

/** A client as a connection to the canary has it. */
function client(more: Partial<HttpClientOptions> = {}): HttpClient {
	return createHttpClient({
		fetch: (url, init) => fetch(url, init),
		clock: { now: () => now },
		baseUrl: canary.url,
		allowedHosts: [canary.host],
		authHeaders: { authorization: `Bearer ${secret}` },
		redactor: createRedactor({ secrets: [secret], names: [] }),
		fields: { address: 'baseUrl', secret: 'token' },
		onRequest: (report) => reports.push(report),
		limits: { totalMs: 5000, idleMs: 5000 },
		...more,
	});
}

async function failure(work: Promise<unknown>): Promise<ConnectorError> {
	const error = await work.then(
		() => expect.fail('the request should have failed'),
		(thrown: unknown) => thrown,
	);
	if (!(error instanceof ConnectorError)) throw error;
	const seen = JSON.stringify([toPlain(error), error.detail, reports]);
	expect(seen, 'no secret in errors and reports').not.toContain('s3cret');
	return error;
}

const raw = (status: number, headers: Record<string, string>, body: string | Buffer) => {
	canary.answer = (_, response) => {
		response.writeHead(status, headers);
		response.end(body);
	};
};
const json = { 'content-type': 'application/json' };

describe('requests', () => {
	it('joins the path, sends the credentials, checks the shape, and reports', async () => {
		canary.answer = (_, response) => sendJson(response, 200, { items: [1, 2], more: true });
		const answer = await client({ baseUrl: `${canary.url}/prometheus/` }).json({
			path: '/api/v1/query',
			query: { query: 'sum(rate(a[5m]))', limit: 3, missing: undefined },
			schema: z.object({ items: z.array(z.number()) }),
			rows: (data) => data.items.length,
		});
		expect(answer.data).toEqual({ items: [1, 2] });
		expect(canary.hits[0]).toMatchObject({
			url: '/prometheus/api/v1/query?query=sum%28rate%28a%5B5m%5D%29%29&limit=3',
			headers: { authorization: `Bearer ${secret}`, accept: 'application/json' },
		});
		expect(reports).toEqual([
			expect.objectContaining({
				at: now,
				method: 'GET',
				status: 200,
				rows: 2,
				bytes: answer.bytes,
			}),
		]);
	});

	it('keeps the credentials to the origin of the connection', async () => {
		const other = await startCanary();
		const allowedHosts = [canary.host, other.host];
		await client({ allowedHosts }).json({ url: `${other.url}/x` });
		expect(other.hits[0]!.headers.authorization).toBeUndefined();
		await other.close();
	});

	it('refuses a path that climbs out of the base', async () => {
		const base = { baseUrl: `${canary.url}/tenant-a` };
		expect((await failure(client(base).json({ path: '/../tenant-b' }))).code).toBe('URL_INVALID');
		expect((await failure(client(base).json({ path: '/%2e%2E/tenant-b' }))).code).toBe(
			'URL_INVALID',
		);
		expect(canary.hits).toEqual([]);
	});

	it('hides a secret in the query from the report', async () => {
		await client().json({ path: '/x', query: { q: secret, api_key: 'another-one' } });
		expect(reports[0]!.path).toBe('/x?q=[redacted]&api_key=[redacted]');
	});

	it('gives SDKs a fetch with the same rules', async () => {
		canary.answer = (_, response) =>
			sendJson(response, 200, { ok: 1 }, { link: '<x>; rel="next"' });
		const response = await client().fetch(`${canary.url}/x`, {
			headers: { accept: 'application/y' },
		});
		expect([response.headers.get('link'), await response.json()]).toEqual([
			'<x>; rel="next"',
			{ ok: 1 },
		]);
		expect(canary.hits[0]!.headers).toMatchObject({ accept: 'application/y' });
		raw(200, json, '{"half":');
		expect((await failure(client().fetch(`${canary.url}/x`))).code).toBe('INVALID_RESPONSE');
		expect((await failure(client().fetch('http://10.0.0.1/'))).code).toBe('PRIVATE_ADDRESS');
	});
});

describe('answers that are none', () => {
	it.each([
		[401, 'AUTH_REJECTED', 'reconnect', 'token'],
		[403, 'PERMISSION_MISSING', 'reconnect', 'token'],
		[404, 'NOT_FOUND', 'changeSetting', 'baseUrl'],
		[410, 'NOT_FOUND', 'changeSetting', 'baseUrl'],
		[418, 'REQUEST_REJECTED', 'bug', undefined],
		[429, 'RATE_LIMITED', 'retry', undefined],
		[500, 'SERVICE_ERROR', 'retry', undefined],
		[501, 'REQUEST_REJECTED', 'bug', undefined],
		[503, 'SERVICE_ERROR', 'retry', undefined],
		[304, 'INVALID_RESPONSE', 'retry', undefined],
	])('S3-05 %i is %s', async (status, code, remedy, field) => {
		raw(status, json, status === 304 ? '' : `{"message":"refused ${secret}"}`);
		const error = await failure(client().json({ path: '/x' }));
		expect(error).toMatchObject({ code, remedy, field, detail: { status, host: canary.host } });
		expect(reports[0]).toMatchObject({ status, errorCode: code });
	});

	it.each([
		['a web page', 'text/html', '<!doctype html><title>Hi</title>', 'NOT_AN_API'],
		['a page that says it is JSON', 'application/json', '<html></html>', 'NOT_AN_API'],
		['text', 'text/plain', 'pong', 'NOT_AN_API'],
		['nothing', 'application/json', '', 'INVALID_RESPONSE'],
		['half of it', 'application/json', '{"a": [1, 2', 'INVALID_RESPONSE'],
		['too deep', 'application/json', '['.repeat(100_000), 'RESPONSE_TOO_DEEP'],
	])('S3-05 names %s', async (_, type, body, code) => {
		raw(200, { 'content-type': type }, body);
		expect((await failure(client().json({ path: '/x' }))).code).toBe(code);
	});

	it('names a shape it does not know, and keeps 200 characters of it at most', async () => {
		raw(200, json, JSON.stringify({ token: secret, filler: 'x'.repeat(1000) }));
		const schema = z.object({ items: z.array(z.number()) });
		const error = await failure(client().json({ path: '/x', schema }));
		expect(error.code).toBe('INVALID_RESPONSE');
		expect(error.detail!.bodyStart).toMatch(/^\{"token":"\[redacted\]"/);
		expect(error.detail!.bodyStart!.length).toBe(200);
	});

	it('takes a byte order mark, odd types and brackets in strings as they are', async () => {
		raw(200, { 'content-type': 'text/plain' }, '\ufeff {"a":"[[[[\\"{{{"}');
		expect((await client({ limits: { maxDepth: 1 } }).json({ path: '/x' })).data).toEqual({
			a: '[[[["{{{',
		});
	});

	it('hands over a status the caller expects', async () => {
		raw(404, json, '{"no":1}');
		expect(await client().json({ path: '/x', expect: { statuses: [404] } })).toMatchObject({
			status: 404,
			data: { no: 1 },
		});
	});

	it('tells until when to wait', async () => {
		raw(429, { ...json, 'retry-after': '30' }, '{}');
		expect((await failure(client().json({ path: '/x' }))).retryAt).toBe(now + 30_000);
		raw(429, json, '{}');
		expect((await failure(client().json({ path: '/x' }))).retryAt).toBeUndefined();
	});
});

describe('size and time', () => {
	it('stops reading at the cap, with and without an announced length, and while unpacking', async () => {
		const limits = { maxBytes: 100_000 };
		raw(200, json, `"${'x'.repeat(200_000)}"`);
		expect((await failure(client({ limits }).json({ path: '/x' }))).code).toBe(
			'RESPONSE_TOO_LARGE',
		);
		canary.answer = (_, response) => {
			response.writeHead(200, json);
			response.write('"');
			const timer = setInterval(() => response.write('x'.repeat(50_000)), 1);
			response.on('close', () => clearInterval(timer));
		};
		expect((await failure(client({ limits }).json({ path: '/x' }))).code).toBe(
			'RESPONSE_TOO_LARGE',
		);
		raw(200, { ...json, 'content-encoding': 'gzip' }, gzipSync(`"${'x'.repeat(10_000_000)}"`));
		expect((await failure(client({ limits }).json({ path: '/x' }))).code).toBe(
			'RESPONSE_TOO_LARGE',
		);
	});

	it('discards an answer that broke off', async () => {
		const packed = gzipSync(JSON.stringify({ a: Array.from({ length: 5000 }, (_, n) => n * n) }));
		raw(200, { ...json, 'content-encoding': 'gzip' }, packed.subarray(0, packed.length / 2));
		expect((await failure(client().json({ path: '/x' }))).code).toMatch(
			/^(INVALID_RESPONSE|CONNECTION_RESET)$/,
		);
		canary.answer = (_, response) => {
			response.writeHead(200, { ...json, 'content-length': '1000' });
			response.write('{"a":');
			setImmediate(() => response.socket!.resetAndDestroy());
		};
		expect((await failure(client().json({ path: '/x' }))).code).toBe('CONNECTION_RESET');
	});

	/** Timers that fire when told, so that a deadline costs no time. */
	const manualTimers = () => {
		const pending = new Map<object, { callback: () => void; ms: number }>();
		return {
			set: (callback: () => void, ms: number) => {
				const handle = {};
				pending.set(handle, { callback, ms });
				return handle;
			},
			clear: (handle: unknown) => void pending.delete(handle as object),
			fire: (ms: number) => {
				for (const one of [...pending.values()]) if (one.ms === ms) one.callback();
			},
			pending,
		};
	};

	it('gives up on a service that never answers', async () => {
		const timers = manualTimers();
		canary.answer = () => timers.fire(30_000);
		const limits = { totalMs: 30_000, idleMs: 15_000 };
		const error = await failure(client({ timers, limits }).json({ path: '/x' }));
		expect(error).toMatchObject({
			code: 'TIMEOUT',
			message: expect.stringContaining('30 seconds'),
		});
		expect(timers.pending.size).toBe(0);
	});

	it('gives up on a body that stalls, although the connection stays open', async () => {
		const timers = manualTimers();
		const stalled: typeof fetch = async () =>
			new Response(
				new ReadableStream({
					start: (controller) => controller.enqueue(new TextEncoder().encode('{"a":')),
					pull: () => timers.fire(15_000),
				}),
				{ headers: json },
			);
		const limits = { totalMs: 30_000, idleMs: 15_000 };
		const work = client({ timers, limits, fetch: (url, init) => stalled(url, init) });
		expect((await failure(work.json({ path: '/x' }))).code).toBe('TIMEOUT');
	});
});

/** A key and a certificate nobody trusts; undefined without the program. */
async function selfSigned(): Promise<{ key: Buffer; cert: Buffer } | undefined> {
	const folder = await mkdtemp(path.join(tmpdir(), 'tributary-tls-'));
	const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
	const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
	const subject = ['-days', '2', '-subj', '/CN=127.0.0.1'];
	try {
		await promisify(execFile)('openssl', [
			'req',
			...kind,
			...subject,
			'-keyout',
			key,
			'-out',
			cert,
		]);
		return { key: await readFile(key), cert: await readFile(cert) };
	} catch {
		return undefined;
	} finally {
		await rm(folder, { recursive: true });
	}
}
const credentials = await selfSigned();

describe('the network', () => {
	it.skipIf(!credentials)(
		`S3-05 names a certificate it cannot trust${credentials ? '' : ' (skipped: openssl is not on PATH)'}`,
		async () => {
			const server = createTlsServer(credentials!, (_, response) => response.end('{}'));
			server.listen(0, '127.0.0.1');
			await once(server, 'listening');
			const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
			const secure = client({ baseUrl: `https://${host}`, allowedHosts: [host] });
			expect((await failure(secure.json({ path: '/' }))).code).toBe('TLS_ERROR');
			server.close();
		},
	);

	it('S3-05 tells a closed port, an unknown host, a reset and a foreign protocol apart', async () => {
		const gone = await startCanary();
		await gone.close();
		const at = (url: string) =>
			failure(client({ baseUrl: url, allowedHosts: [new URL(url).host] }).json({ path: '/' }));
		expect(await at(gone.url)).toMatchObject({ code: 'CONNECTION_REFUSED', field: 'baseUrl' });
		expect((await at('http://no-such-host.invalid:80')).code).toBe('HOST_NOT_FOUND');
		const tcp = async (talk: (socket: import('node:net').Socket) => void): Promise<Server> => {
			const server = createTcpServer((socket) => {
				socket.on('error', () => {});
				talk(socket);
			});
			server.listen(0, '127.0.0.1');
			await once(server, 'listening');
			return server;
		};
		const urlOf = (server: Server): string =>
			`http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		const resetting = await tcp((socket) => socket.resetAndDestroy());
		expect((await at(urlOf(resetting))).code).toBe('CONNECTION_RESET');
		const foreign = await tcp((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
		expect((await at(urlOf(foreign))).code).toBe('NOT_AN_API');
		expect((await at(urlOf(foreign).replace('http', 'https'))).code).toBe('TLS_ERROR');
		resetting.close();
		foreign.close();
	});
});
