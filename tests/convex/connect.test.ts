import './env.ts';
import { Probe } from './probe.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import type { Id } from '../../convex/_generated/dataModel.js';
import { refusalOf, settle, startWithOwner, type Person, type Server } from './harness.ts';
import { json, stubNetwork, who, type Network } from './network.ts';

const BASE = 'https://probe.example.com';
const TOKEN = 'tok_canary_0123456789abcd';
const form = { service: 'probe', authId: 'token', values: { baseUrl: BASE, token: TOKEN } };

let network: Network;
let t: Server;
let owner: Person;

beforeEach(async () => {
	({ t, owner } = await startWithOwner());
	network = stubNetwork();
});

afterEach(async () => {
	await settle(t);
	vi.unstubAllGlobals();
});

async function connect(values: Record<string, string> = {}): Promise<Id<'connections'>> {
	const result = await owner.action(api.connections.connect, {
		...form,
		values: { ...form.values, ...values },
	});
	if (!result.ok) throw new Error(`Not connected: ${result.failure.code}`);
	return result.connectionId;
}

const rows = (table: 'connections' | 'secrets' | 'series' | 'syncStates' | 'auditLog') =>
	t.run((ctx) => ctx.db.query(table).collect());

describe('test', () => {
	test('S3-16 says who we are connected as, what can be read, and stores nothing', async () => {
		const result = await owner.action(api.connections.test, form);
		expect(result).toMatchObject({
			ok: true,
			account: { id: 'acct-1', name: 'Acme', details: [{ label: 'Project', value: 'all' }] },
			calls: 1,
			permissions: [
				{ metricId: 'sales', name: 'Sales', readable: true },
				{ metricId: 'refunds', name: 'Refunds', readable: false, reason: 'Add "refunds:read".' },
			],
			estimate: null,
		});
		expect(network.sent[0]).toMatchObject({
			url: `${BASE}/who`,
			headers: { authorization: `Bearer ${TOKEN}` },
		});
		for (const table of ['connections', 'secrets', 'series'] as const) {
			expect(await rows(table)).toEqual([]);
		}
	});

	test('S3-05 a missing key is told by its name, without a request', async () => {
		const result = await owner.action(api.connections.test, { ...form, values: { baseUrl: BASE } });
		expect(result).toMatchObject({
			ok: false,
			failure: {
				code: 'PROPERTY_INVALID',
				field: 'token',
				fields: { token: 'Enter the API key.' },
			},
		});
		expect(network.sent).toEqual([]);
	});

	test('S3-05 S3-16 each kind of refusal has its own code and sentence', async () => {
		const answers: [string, () => Response][] = [
			['AUTH_REJECTED', () => json({}, 401)],
			['PERMISSION_MISSING', () => json({}, 403)],
			['NOT_FOUND', () => json({}, 404)],
			['RATE_LIMITED', () => json({}, 429)],
			['SERVICE_ERROR', () => json({}, 500)],
			['NOT_AN_API', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
			[
				'INVALID_RESPONSE',
				() => new Response('{"id":', { headers: { 'content-type': 'application/json' } }),
			],
			['CONNECTION_REFUSED', () => failing('ECONNREFUSED')],
			['HOST_NOT_FOUND', () => failing('ENOTFOUND')],
		];
		const messages = new Set<string>();
		for (const [code, answer] of answers) {
			network.answer = answer;
			const result = await owner.action(api.connections.test, form);
			if (result.ok) throw new Error(`${code} passed for a success`);
			expect(result.failure.code).toBe(code);
			expect(JSON.stringify(result)).not.toContain(TOKEN);
			messages.add(result.failure.message);
		}
		expect(messages.size).toBe(answers.length);
		expect(await rows('connections')).toEqual([]);
	});

	test('a bug in an integration is a result without its text', async () => {
		vi.spyOn(Probe.prototype, 'testConnection').mockRejectedValueOnce(
			new TypeError(`oops ${TOKEN}`),
		);
		const result = await owner.action(api.connections.test, form);
		expect(result).toMatchObject({
			ok: false,
			failure: { code: 'INTEGRATION_BUG', remedy: 'bug' },
		});
		expect(JSON.stringify(result)).not.toContain(TOKEN);
	});

	test('S3-06 an unknown service is an explicit failure', async () => {
		const result = await owner.action(api.connections.test, { ...form, service: 'nope' });
		expect(result).toMatchObject({ ok: false, failure: { code: 'UNKNOWN_INTEGRATION' } });
	});

	test('SEC-1 SEC-5 a private address is refused until the owner allows it, the metadata address always', async () => {
		const ask = (baseUrl: string) =>
			owner.action(api.connections.test, { ...form, values: { ...form.values, baseUrl } });
		expect(await ask('http://127.0.0.1:9090')).toMatchObject({
			ok: false,
			failure: { code: 'PRIVATE_ADDRESS', host: '127.0.0.1:9090' },
		});
		expect(network.sent).toEqual([]);
		await owner.mutation(api.egress.allowHost, { host: '127.0.0.1:9090' });
		expect(await ask('http://127.0.0.1:9090')).toMatchObject({ ok: true });
		expect(await ask('http://127.0.0.1:9091')).toMatchObject({
			failure: { code: 'PRIVATE_ADDRESS' },
		});
		expect(network.sent).toHaveLength(1);
		await refusalOf(owner.mutation(api.egress.allowHost, { host: '169.254.169.254:80' }));
		expect(await ask('http://169.254.169.254')).toMatchObject({
			failure: { code: 'ADDRESS_FORBIDDEN' },
		});
		await owner.mutation(api.egress.revokeHost, { host: '127.0.0.1:9090' });
		expect(await ask('http://127.0.0.1:9090')).toMatchObject({
			failure: { code: 'PRIVATE_ADDRESS' },
		});
		expect(network.sent).toHaveLength(1);
	});
});

describe('connect', () => {
	test('keeps facts in the open and secrets sealed, and starts the first sync', async () => {
		const connectionId = await connect();
		const [secret] = await rows('secrets');
		expect(secret).toMatchObject({ connectionId, field: 'token' });
		expect(JSON.stringify(await t.run((ctx) => ctx.db.get(connectionId)))).not.toContain(TOKEN);
		expect(JSON.stringify(secret)).not.toContain(TOKEN);
		expect(await rows('series')).toHaveLength(2);
		expect(await rows('syncStates')).toHaveLength(1);
		const detail = await owner.query(api.connections.get, { connectionId });
		expect(detail).toMatchObject({
			service: 'probe',
			serviceName: 'Probe',
			name: 'Acme',
			account: { id: 'acct-1', name: 'Acme' },
			authId: 'token',
			authLabel: 'Token',
			credentials: [{ name: 'token', label: 'API key', last4: 'abcd' }],
			settings: { baseUrl: BASE },
			authorisedBy: { name: 'Ada Owner' },
			metricCount: 2,
			syncEveryMinutes: 60,
		});
	});

	test('nothing is stored of a failed test', async () => {
		network.answer = () => json({}, 401);
		const result = await owner.action(api.connections.connect, form);
		expect(result).toMatchObject({ ok: false, failure: { code: 'AUTH_REJECTED' } });
		for (const table of ['connections', 'secrets', 'series', 'syncStates', 'auditLog'] as const) {
			expect(await rows(table)).toEqual([]);
		}
	});

	test('the same external account is connected once, even by two forms at the same time', async () => {
		const results = await Promise.all([
			owner.action(api.connections.connect, form),
			owner.action(api.connections.connect, form),
		]);
		const [won, lost] = results.sort((a, b) => Number(b.ok) - Number(a.ok));
		expect(won).toMatchObject({ ok: true });
		expect(lost).toMatchObject({
			ok: false,
			failure: {
				code: 'ALREADY_CONNECTED',
				connectionId: (won as { connectionId: string }).connectionId,
			},
		});
		expect(await rows('connections')).toHaveLength(1);
		expect(await rows('secrets')).toHaveLength(1);
	});

	test('S3-07 credentials go out in the way they were declared', async () => {
		const seen: unknown[] = [];
		network.answer = ({ headers }) => {
			seen.push(headers.authorization ?? headers['x-key'] ?? null);
			return who(`acct-${seen.length}`);
		};
		const ask = (authId: string, values: Record<string, string>) =>
			owner.action(api.connections.test, {
				service: 'probe',
				authId,
				values: { baseUrl: BASE, ...values },
			});
		await ask('token', { token: TOKEN });
		await ask('basic', { username: 'ada', password: 'pä:ss' });
		await ask('none', {});
		await ask('custom', { keyId: 'k1', keySecret: 's1' });
		const basic = new TextEncoder().encode('ada:pä:ss');
		expect(seen).toEqual([
			`Bearer ${TOKEN}`,
			`Basic ${btoa(String.fromCharCode(...basic))}`,
			null,
			'k1:s1',
		]);
		expect(await ask('oauth', {})).toMatchObject({ failure: { code: 'PROPERTY_INVALID' } });
	});

	test('S3-08 several credentials are sealed one by one and come back as they were', async () => {
		network.answer = () => who();
		const values = { baseUrl: BASE, keyId: 'k1', keySecret: '{"not":"parsed"}' };
		await owner.action(api.connections.connect, { service: 'probe', authId: 'custom', values });
		expect((await rows('secrets')).map((row) => ('field' in row ? row.field : ''))).toEqual([
			'keyId',
			'keySecret',
		]);
		await settle(t);
		const [connection] = await owner.query(api.connections.list, {});
		network.answer = ({ headers }) => who('acct-1', headers['x-key']);
		const again = await owner.action(api.connections.test, {
			service: 'probe',
			authId: 'custom',
			values: {},
			connectionId: connection!.id,
		});
		expect(again).toMatchObject({ ok: true, account: { name: 'k1:{"not":"parsed"}' } });
	});

	test('S3-08 a stored credential that is broken is told as such, audited, and never half used', async () => {
		const connectionId = await connect();
		await settle(t);
		await t.run(async (ctx) => {
			const [row] = await ctx.db.query('secrets').collect();
			await ctx.db.patch(row!._id, { sealed: 'not a sealed secret' });
		});
		network.sent.length = 0;
		const result = await owner.action(api.connections.test, {
			...form,
			values: { baseUrl: BASE },
			connectionId,
		});
		expect(result).toMatchObject({
			ok: false,
			failure: { code: 'PROPERTY_INVALID', field: 'token' },
		});
		expect(network.sent).toEqual([]);
		const [entry] = await owner.query(api.connections.audit, { connectionId });
		expect(entry).toMatchObject({ event: 'connection.secretUnreadable', actor: 'This server' });
	});
});

/** Fails as Node's fetch does. */
function failing(code: string): never {
	throw Object.assign(new TypeError('fetch failed'), {
		cause: Object.assign(new Error(code), { code }),
	});
}
