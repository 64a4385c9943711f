import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeAddress } from '../../../src/lib/server/embedded/functions/addressRules.ts';
import {
	createEgressFetch,
	type EgressInit,
	type EgressOptions,
} from '../../../src/lib/server/embedded/functions/egressFetch.ts';

let server: Server;
let host: string;
let port: number;
let hits = 0;

beforeAll(async () => {
	server = createServer((request, response) => {
		hits++;
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			if (request.url === '/redirect') {
				response.writeHead(302, { location: 'http://10.0.0.1/secret' });
				return response.end();
			}
			if (request.url === '/empty') return response.writeHead(204).end();
			if (request.url === '/slow') return;
			response.setHeader('set-cookie', ['a=1', 'b=2']);
			response.end(
				JSON.stringify({
					method: request.method,
					type: request.headers['content-type'] ?? null,
					length: request.headers['content-length'] ?? null,
					body: Buffer.concat(chunks).toString(),
				}),
			);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	port = (server.address() as AddressInfo).port;
	host = `127.0.0.1:${port}`;
});
afterAll(() => {
	server.closeAllConnections();
	server.close();
});

const make = (options: Partial<EgressOptions> = {}) =>
	createEgressFetch({
		isOpen: false,
		ownOrigins: ['https://app.example.test'],
		ownFetch: async (request) => new Response(`own ${request.method} ${request.url}`),
		...options,
	}) as (input: string | URL | Request, init?: EgressInit) => Promise<Response>;

/** As if the name resolved to these. */
const names = (...addresses: string[]) =>
	make({
		resolve: (_hostname, done) =>
			done(
				null,
				addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
			),
	});

describe('SEC-13 what an action may reach', () => {
	it('refuses a private address by code, host and address', async () => {
		const before = hits;
		await expect(make()(`http://${host}/`)).rejects.toMatchObject({
			code: 'EGRESS_PRIVATE_ADDRESS',
			host,
			address: '127.0.0.1',
		});
		expect(hits).toBe(before);
	});

	it('reaches it when the owner allowed exactly this host and port', async () => {
		const fetch = make();
		const response = await fetch(`http://${host}/`, { egress: { allow: [host] } });
		expect(response).toBeInstanceOf(Response);
		expect(await response.json()).toMatchObject({ method: 'GET' });
		expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
		expect(response.url).toBe(`http://${host}/`);
		const other = `http://${host}/`;
		await expect(fetch(other, { egress: { allow: ['127.0.0.1:1'] } })).rejects.toMatchObject({
			code: 'EGRESS_PRIVATE_ADDRESS',
		});
		// The connection opened with leave is still there; a request without leave must not use it.
		await expect(fetch(other)).rejects.toMatchObject({ code: 'EGRESS_PRIVATE_ADDRESS' });
	});

	it('judges a name by every address it resolves to', async () => {
		await expect(names('93.184.216.34', '10.1.2.3')('http://rebind.test/')).rejects.toMatchObject({
			code: 'EGRESS_PRIVATE_ADDRESS',
			host: 'rebind.test:80',
			address: '10.1.2.3',
		});
		await expect(names('::ffff:127.0.0.1')('https://mapped.test/')).rejects.toMatchObject({
			code: 'EGRESS_PRIVATE_ADDRESS',
			host: 'mapped.test:443',
		});
		const allowed = await names('127.0.0.1')(`http://local.test:${port}/`, {
			egress: { allow: [`LOCAL.test:${port}`] },
		});
		expect(allowed.status).toBe(200);
	});

	it('never reaches metadata services, allowed or not', async () => {
		for (const url of [
			'http://169.254.169.254/latest/meta-data/',
			'http://[fd00:ec2::254]/',
			'http://metadata.google.internal/',
			'http://2852039166/',
		]) {
			const { host: name } = new URL(url);
			const allow = [`${name}:80`, '169.254.169.254:80'];
			await expect(make()(url, { egress: { allow } })).rejects.toMatchObject({
				code: 'EGRESS_FORBIDDEN',
			});
		}
		await expect(
			names('169.254.169.254')('http://innocent.test/', {
				egress: { allow: ['innocent.test:80'] },
			}),
		).rejects.toMatchObject({ code: 'EGRESS_FORBIDDEN', host: 'innocent.test:80' });
	});

	it('checks where a redirect leads', async () => {
		const fetch = make();
		const egress = { allow: [host] };
		await expect(fetch(`http://${host}/redirect`, { egress })).rejects.toMatchObject({
			code: 'EGRESS_PRIVATE_ADDRESS',
			host: '10.0.0.1:80',
		});
		const manual = await fetch(`http://${host}/redirect`, { egress, redirect: 'manual' });
		expect([manual.status, manual.headers.get('location')]).toEqual([
			302,
			'http://10.0.0.1/secret',
		]);
	});

	it('ignores a dispatcher that user code brings along', async () => {
		const init = { dispatcher: { dispatch: () => true } } as never;
		await expect(make()(`http://${host}/`, init)).rejects.toMatchObject({
			code: 'EGRESS_PRIVATE_ADDRESS',
		});
	});

	it('can be switched off', async () => {
		expect((await make({ isOpen: true })(`http://${host}/`)).status).toBe(200);
	});

	it('answers its own origin in process', async () => {
		const response = await make()('https://app.example.test/.well-known/jwks', { method: 'POST' });
		expect(await response.text()).toBe('own POST https://app.example.test/.well-known/jwks');
	});
});

describe('standard behaviour', () => {
	const open = (path: string, init: RequestInit = {}) =>
		make()(`http://${host}${path}`, { ...init, egress: { allow: [host] } });

	it('sends bodies with a length and their type', async () => {
		const text = await open('/', { method: 'POST', body: 'hello' });
		expect(await text.json()).toEqual({
			method: 'POST',
			type: 'text/plain;charset=UTF-8',
			length: '5',
			body: 'hello',
		});
		const form = await open('/', { method: 'POST', body: new URLSearchParams({ a: '1' }) });
		expect(await form.json()).toMatchObject({ body: 'a=1' });
		const request = new Request(`http://${host}/`, { method: 'PUT', body: '{}' });
		const response = await make()(request, { egress: { allow: [host] } });
		expect(await response.json()).toMatchObject({ method: 'PUT', body: '{}' });
	});

	it('has no body where there is none', async () => {
		const response = await open('/empty');
		expect([response.status, response.body]).toEqual([204, null]);
	});

	it('honours an AbortSignal', async () => {
		await expect(open('/slow', { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
			name: 'TimeoutError',
		});
		await expect(open('/', { signal: AbortSignal.abort() })).rejects.toMatchObject({
			name: 'AbortError',
		});
	});

	it('fails as fetch does when nobody listens', async () => {
		const closed = createServer();
		await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
		const nobody = `127.0.0.1:${(closed.address() as AddressInfo).port}`;
		await new Promise((resolve) => closed.close(resolve));
		const failure = await make()(`http://${nobody}/`, { egress: { allow: [nobody] } }).catch(
			(error: unknown) => error as Error,
		);
		expect(failure).toBeInstanceOf(TypeError);
		expect((failure as Error).cause).toMatchObject({ code: 'ECONNREFUSED' });
	});
});

describe('addresses', () => {
	it.each([
		['93.184.216.34', 'public'],
		['2606:2800:220:1::1', 'public'],
		['127.0.0.1', 'private'],
		['0.0.0.0', 'private'],
		['10.0.0.1', 'private'],
		['172.16.0.1', 'private'],
		['192.168.1.1', 'private'],
		['100.64.0.1', 'private'],
		['169.254.1.1', 'private'],
		['224.0.0.1', 'private'],
		['240.0.0.1', 'private'],
		['255.255.255.255', 'private'],
		['198.18.0.1', 'private'],
		['::1', 'private'],
		['::', 'private'],
		['fe80::1%eth0', 'private'],
		['fc00::1', 'private'],
		['fec0::1', 'private'],
		['ff02::1', 'private'],
		['::ffff:10.0.0.1', 'private'],
		['64:ff9b::a00:1', 'private'],
		['nonsense', 'private'],
		['169.254.169.254', 'metadata'],
		['::ffff:169.254.169.254', 'metadata'],
		['64:ff9b::a9fe:a9fe', 'metadata'],
		['fd00:ec2::254', 'metadata'],
	])('%s is %s', (address, verdict) => {
		expect(judgeAddress(address)).toBe(verdict);
	});
});
