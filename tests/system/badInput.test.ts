import type { ConvexHttpClient } from 'convex/browser';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import { buildOnce } from '../../src/tools/buildOnce.ts';
import { startCanary, type Canary } from '../integrations/support/canary.ts';
import {
	startFakePrometheus,
	type FakePrometheus,
} from '../integrations/support/prometheusServer.ts';
import { OWNER, ownerClient } from '../support/apiClient.ts';
import { findSecrets, secretsIn } from '../support/dataFiles.ts';
import {
	gzipBomb,
	HUGE_BYTES,
	hugeBody,
	refusal,
	silence,
	stall,
	truncatedJson,
	webPage,
	type Fault,
} from '../support/faults.ts';
import { growthDuring } from '../support/processMemory.ts';
import { selfSigned } from '../support/selfSigned.ts';
import { startTributary, type Tributary } from '../support/tributary.ts';

/** Must be found nowhere but in the requests to the service it is for. */
const SECRET = 'canary-bearer-7Qx2Lm9Kd4Zs8Vw1';
const MB = 1024 * 1024;
/** SEC-63. */
const GROWTH_LIMIT = 64 * MB;

let server: Tributary;
let client: ConvexHttpClient;
let fake: FakePrometheus;
let mute: Canary;
let stalled: Canary;
let closedUrl: string;
let plainUrl: string;
let tlsUrl: string;
const listeners: Server[] = [];
let slow: Promise<{ silent: Outcome[]; stalled: Outcome[] }>;

type Outcome = Awaited<ReturnType<typeof testAt>> | Awaited<ReturnType<typeof connectAt>>;

const form = (baseUrl: string, query = 'shop_orders') => ({
	service: 'prometheus',
	authId: 'bearer',
	values: {
		baseUrl,
		token: SECRET,
		queries: [{ id: 'orders', name: 'Orders', query, unit: 'count' }],
	},
});
const testAt = (baseUrl: string, query?: string) =>
	client.action(api.connections.test, form(baseUrl, query));
const connectAt = (baseUrl: string, query?: string) =>
	client.action(api.connections.connect, form(baseUrl, query));
const both = (baseUrl: string, query?: string): Promise<Outcome[]> =>
	Promise.all([testAt(baseUrl, query), connectAt(baseUrl, query)]);

const allow = (url: string) => client.mutation(api.egress.allowHost, { host: new URL(url).host });

function failureOf(outcome: Outcome) {
	if (outcome.ok) throw new Error('It was accepted.');
	return outcome.failure;
}

async function listen(one: Server): Promise<string> {
	await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
	listeners.push(one);
	return `127.0.0.1:${(one.address() as AddressInfo).port}`;
}

/** A port that was free a moment ago. */
async function closedPort(): Promise<string> {
	const canary = await startCanary();
	await canary.close();
	return canary.url;
}

beforeAll(async () => {
	await buildOnce();
	server = await startTributary();
	({ client } = await ownerClient(server.origin, { isNew: true }));
	fake = await startFakePrometheus();
	fake.queries.set('shop_orders', [{ valueAt: () => '42' }]);
	mute = await startCanary();
	mute.answer = silence;
	stalled = await startCanary();
	stalled.answer = stall;
	closedUrl = await closedPort();
	// Neither is a canary: those hang up on what they do not understand, which is another failure.
	const plain = createServer((_, response) => response.end('{}'));
	const tls = createTlsServer(selfSigned('localhost'), (_, response) => response.end('{}'));
	plainUrl = `http://${await listen(plain)}`;
	tlsUrl = `https://${await listen(tls)}`;
	for (const url of [mute.url, stalled.url, closedUrl, plainUrl, tlsUrl]) await allow(url);
	// Deadlines of half a minute run out while the other tests do their work.
	slow = Promise.all([both(mute.url), both(stalled.url)]).then(([silent, stalled]) => ({
		silent,
		stalled,
	}));
	slow.catch(() => {});
}, 240_000);

afterAll(async () => {
	for (const one of listeners) {
		one.closeAllConnections();
		one.close();
	}
	await mute?.close();
	await stalled?.close();
	await fake?.close();
	await server?.dispose();
});

beforeEach(() => {
	fake.fault = () => false;
	fake.queries.set('shop_orders', [{ valueAt: () => '42' }]);
});

/** The code of every kind of failure that was seen. */
const seen = new Map<string, string>();

/** The same refusal from the test and from connecting, one sentence that helps, and nothing given away or kept. */
async function expectRefused(
	kind: string,
	outcomes: Outcome[],
	{ code, says, field }: { code: string; says: RegExp; field?: string },
) {
	const failures = outcomes.map(failureOf);
	expect(failures.map((failure) => failure.code)).toEqual(failures.map(() => code));
	for (const failure of failures) {
		expect(failure.message).toMatch(/^\S.{20,}\.$/);
		expect(failure.message).toMatch(says);
		if (field) expect(failure.field).toBe(field);
		expect(secretsIn(JSON.stringify(failure), [SECRET])).toEqual([]);
	}
	expect(await client.query(api.connections.list, {})).toEqual([]);
	seen.set(kind, code);
	return failures[0]!;
}

describe('private addresses', () => {
	it('SEC-1 are refused before anything is sent, and the failure says which host to allow', async () => {
		const failure = await expectRefused('a private address', await both(fake.url), {
			code: 'PRIVATE_ADDRESS',
			says: /the owner can allow it/,
			field: 'baseUrl',
		});
		expect(failure.host).toBe(fake.host);
		expect(fake.hits).toEqual([]);
	});

	it('SEC-5 are called once the owner allowed host and port, which is on record', async () => {
		await client.mutation(api.egress.allowHost, { host: fake.host });
		expect(await testAt(fake.url)).toMatchObject({ ok: true, account: { name: fake.host } });
		expect(await client.query(api.egress.list, {})).toContainEqual(
			expect.objectContaining({ host: fake.host, allowedBy: OWNER.name }),
		);
		expect(server.output()).toContain('egress.allowed');
		// The audit row itself; it is also the proof that what is in the data can be found in its files.
		expect(findSecrets(server.dataDir, [`Allowed requests to ${fake.host}`])).not.toEqual([]);
		const other = fake.url.replace('127.0.0.1', 'localhost');
		expect(failureOf(await testAt(other)).code).toBe('PRIVATE_ADDRESS');
	});

	it('SEC-6 of metadata services are refused to the owner, too, directly and behind a redirect', async () => {
		for (const host of [
			'169.254.169.254:80',
			'[fd00:ec2::254]:80',
			'metadata.google.internal:80',
		]) {
			await expect(client.mutation(api.egress.allowHost, { host })).rejects.toMatchObject({
				data: { code: 'VALIDATION', message: expect.stringMatching(/never called/) },
			});
			await expectRefused('a metadata address', await both(`http://${host}`), {
				code: 'ADDRESS_FORBIDDEN',
				says: /never called\. Use the address of the service/,
			});
		}
		fake.fault = (_, response) => {
			response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
			return true;
		};
		expect(failureOf(await testAt(fake.url)).code).toBe('ADDRESS_FORBIDDEN');
	});
});

describe('an address that leads elsewhere', () => {
	it('says that nothing answers at a wrong port', async () => {
		await expectRefused('a wrong port', await both(closedUrl), {
			code: 'CONNECTION_REFUSED',
			says: /Check the port/,
			field: 'baseUrl',
		});
	});

	it('says that a host does not exist', async () => {
		await expectRefused('a wrong host', await both('http://no-such-host.invalid:9090'), {
			code: 'HOST_NOT_FOUND',
			says: /Check the spelling/,
			field: 'baseUrl',
		});
	});

	it('says that a certificate is not to be trusted, and when https meets plain HTTP', async () => {
		const expected = { code: 'TLS_ERROR', says: /start with http:\/\//, field: 'baseUrl' };
		await expectRefused('a TLS error', await both(tlsUrl), expected);
		await expectRefused('a TLS error', await both(plainUrl.replace('http:', 'https:')), expected);
	});
});

describe('an answer that cannot be used', () => {
	const answers: { kind: string; fault: Fault; code: string; says: RegExp; field?: string }[] = [
		{
			kind: 'a web page',
			fault: webPage,
			code: 'NOT_AN_API',
			says: /Check the address/,
			field: 'baseUrl',
		},
		{
			kind: '401',
			fault: refusal(401),
			code: 'AUTH_REJECTED',
			says: /enter new ones/,
			field: 'token',
		},
		{
			kind: '403',
			fault: refusal(403),
			code: 'PERMISSION_MISSING',
			says: /Add the permission/,
			field: 'token',
		},
		{
			kind: '404',
			fault: refusal(404),
			code: 'NOT_FOUND',
			says: /Check the path/,
			field: 'baseUrl',
		},
		{ kind: '429', fault: refusal(429), code: 'RATE_LIMITED', says: /wait/ },
		{ kind: '500', fault: refusal(500), code: 'SERVICE_ERROR', says: /\b500\b.*try again/i },
		{
			kind: 'truncated JSON',
			fault: truncatedJson,
			code: 'INVALID_RESPONSE',
			says: /Try again/,
		},
	];
	it.each(answers)('says what $kind means and what to do', async ({ kind, fault, ...expected }) => {
		fake.fault = (hit, response) => {
			fault(hit, response);
			return true;
		};
		await expectRefused(kind, await both(fake.url), expected);
	});

	it.each([
		['120', 120_000],
		['999999', 3_600_000],
		['0', 1000],
		['soon', 60_000],
	])('429 with Retry-After: %s says when to come back', async (header, waitMs) => {
		fake.fault = (hit, response) => {
			refusal(429, { 'retry-after': header })(hit, response);
			return true;
		};
		const before = Date.now();
		const failure = await expectRefused('429', await both(fake.url), {
			code: 'RATE_LIMITED',
			says: /wait/,
		});
		expect(failure.retryAt).toBeGreaterThanOrEqual(before + waitMs);
		expect(failure.retryAt).toBeLessThanOrEqual(Date.now() + waitMs);
	});

	it('names the query that is not valid, in the words of the server, without what was told to it', async () => {
		fake.queries.set('shop_orders', { error: `1:5: parse error near ${SECRET}` });
		const failure = await expectRefused('invalid PromQL', await both(fake.url), {
			code: 'QUERY_INVALID',
			says: /"Orders".*parse error.*Correct the query/,
			field: 'queries',
		});
		expect(failure.message).toContain('[redacted]');
		const preview = await client.action(api.connections.preview, {
			...form(fake.url),
			property: 'queries',
			item: { id: 'orders', query: 'sum(', unit: 'count' },
		});
		expect(preview).toMatchObject({ ok: false, failure: { code: 'QUERY_INVALID' } });
	});
});

describe.runIf(existsSync('/proc/self/status'))('SEC-63 an answer of 200 MB', () => {
	const sent = { bytes: 0 };
	const huge: [string, () => Fault][] = [
		['without a length', () => hugeBody(sent, false)],
		['with its length', () => hugeBody(sent, true)],
		['packed into 200 kB', () => gzipBomb()],
	];
	it.each(huge)('%s is not read to its end; the server lives on in its memory', async (_, make) => {
		const fault = make();
		sent.bytes = 0;
		fake.fault = (hit, response) => {
			fault(hit, response);
			return true;
		};
		const pid = server.pid();
		const outcomes: Outcome[] = [];
		const growth = await growthDuring(pid, async () => outcomes.push(await testAt(fake.url)));
		outcomes.push(await connectAt(fake.url));
		await expectRefused('a body of 200 MB', outcomes, {
			code: 'RESPONSE_TOO_LARGE',
			says: /larger than 16 MB.*Check/,
		});
		expect(sent.bytes).toBeLessThan(HUGE_BYTES / 2);
		expect(growth).toBeLessThan(GROWTH_LIMIT);
		expect((await client.query(api.viewer.me, {})).user.email).toBe(OWNER.email);
		expect(server.pid()).toBe(pid);
		console.log(`growth ${(growth / MB).toFixed(1)} MB, sent ${(sent.bytes / MB).toFixed(1)} MB`);
	});
});

describe('a service that does not answer', () => {
	it.each(['silent', 'stalled'] as const)(
		'%s: is given up on after half a minute',
		async (kind) => {
			const outcomes = (await slow)[kind];
			await expectRefused('a timeout', outcomes, {
				code: 'TIMEOUT',
				says: /within (15|30) seconds. Try again/,
			});
		},
		60_000,
	);
});

describe('after all of it', () => {
	it('each kind of trouble had a code of its own', () => {
		expect(seen.size).toBe(15);
		expect(new Set(seen.values()).size).toBe(seen.size);
	});

	it('SEC-17 nothing of it is stored or logged', async () => {
		expect(await client.query(api.connections.list, {})).toEqual([]);
		expect(findSecrets(server.dataDir, [SECRET])).toEqual([]);
		expect(secretsIn(server.output(), [SECRET])).toEqual([]);
		// The service itself was given it: what was looked for was really under way.
		expect(JSON.stringify(fake.hits)).toContain(SECRET);
	});
});
