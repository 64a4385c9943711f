import './env.ts';
import './probe.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import type { Id } from '../../convex/_generated/dataModel.js';
import { settle, startWithOwner, type Person, type Server } from './harness.ts';
import { stubNetwork, who, type Network } from './network.ts';

const BASE = 'https://probe.example.com';
const TOKEN = 'tok_canary_0123456789abcd';
const NEW_TOKEN = 'tok_renewed_9876543210wxyz';

let network: Network;
let t: Server;
let owner: Person;
let connectionId: Id<'connections'>;

beforeEach(async () => {
	({ t, owner } = await startWithOwner());
	network = stubNetwork();
	const values = { baseUrl: `${BASE}/v1`, token: TOKEN };
	const result = await owner.action(api.connections.connect, {
		service: 'probe',
		authId: 'token',
		values,
	});
	if (!result.ok) throw new Error(result.failure.code);
	connectionId = result.connectionId;
	await settle(t);
	network.sent.length = 0;
});

afterEach(async () => {
	await settle(t);
	vi.unstubAllGlobals();
});

const test_ = (values: Record<string, string | null>, authId = 'token') =>
	owner.action(api.connections.test, { service: 'probe', authId, values, connectionId });
const reconnect = (values: Record<string, string>, authId = 'token') =>
	owner.action(api.connections.reconnect, { connectionId, authId, values });
const detail = () => owner.query(api.connections.get, { connectionId });

describe('SEC-15 the stored secret', () => {
	test.each<[string, Record<string, string | null>]>([
		['nothing entered again', {}],
		['a blank secret', { token: '' }],
		['no secret', { token: null }],
		['another path', { baseUrl: `${BASE}/v2/` }],
		['the default port spelled out', { baseUrl: 'https://PROBE.example.com:443/v1' }],
	])('is used for the origin it was entered for: %s', async (_what, values) => {
		expect(await test_(values)).toMatchObject({ ok: true });
		expect(network.sent[0]!.headers.authorization).toBe(`Bearer ${TOKEN}`);
	});

	test.each([
		'https://evil.example',
		'https://probe.example.com.evil.example/v1',
		'https://probe.example.com:8443/v1',
		'http://probe.example.com/v1',
		'https://evil.example/https://probe.example.com/v1',
	])('is not sent to %s; it must be entered again', async (baseUrl) => {
		for (const result of [await test_({ baseUrl }), await reconnect({ baseUrl })]) {
			expect(result).toMatchObject({
				ok: false,
				failure: { code: 'PROPERTY_INVALID', field: 'token' },
			});
		}
		for (const property of ['project', 'token']) {
			const assisted = await owner.action(api.connections.options, {
				service: 'probe',
				authId: 'token',
				values: { baseUrl },
				property,
				connectionId,
			});
			expect(assisted).toMatchObject({ ok: false, failure: { field: 'token' } });
		}
		expect(network.sent).toEqual([]);
		expect(await test_({ baseUrl, token: NEW_TOKEN })).toMatchObject({ ok: true });
		expect(JSON.stringify(network.sent)).not.toContain(TOKEN);
	});

	test('is not sent to an address that cannot be read, nor in another way of signing in', async () => {
		const half = await owner.action(api.connections.options, {
			service: 'probe',
			authId: 'token',
			values: { baseUrl: 'https://' },
			property: 'project',
			connectionId,
		});
		expect(half).toMatchObject({ ok: false });
		expect(await test_({}, 'basic')).toMatchObject({
			ok: false,
			failure: { code: 'PROPERTY_INVALID' },
		});
		expect(network.sent).toEqual([]);
	});

	test('does not help a form for another service', async () => {
		const other = owner.action(api.connections.test, {
			service: 'prometheus',
			authId: 'bearer',
			values: { baseUrl: BASE },
			connectionId,
		});
		await expect(other).rejects.toThrow('NOT_FOUND');
		expect(network.sent).toEqual([]);
	});
});

describe('reconnect', () => {
	test('puts new credentials in place, keeps name, series and history', async () => {
		await owner.mutation(api.connections.rename, { connectionId, name: 'Our probe' });
		const before = await detail();
		expect(await reconnect({ token: NEW_TOKEN })).toEqual({ ok: true });
		const after = await detail();
		expect(after).toMatchObject({
			id: connectionId,
			name: 'Our probe',
			createdAt: before!.createdAt,
			credentials: [{ last4: 'wxyz' }],
		});
		expect(after!.series.map(({ id }) => id)).toEqual(before!.series.map(({ id }) => id));
		network.sent.length = 0;
		await test_({});
		expect(network.sent[0]!.headers.authorization).toBe(`Bearer ${NEW_TOKEN}`);
	});

	test('SEC-18 the blob that was replaced does not open when it is put back', async () => {
		const [old] = await t.run((ctx) => ctx.db.query('secrets').collect());
		await reconnect({ token: NEW_TOKEN });
		await settle(t);
		network.sent.length = 0;
		await t.run(async (ctx) => {
			const [row] = await ctx.db.query('secrets').collect();
			await ctx.db.patch(row!._id, { sealed: old!.sealed });
		});
		expect(await test_({})).toMatchObject({ ok: false, failure: { field: 'token' } });
		expect(network.sent).toEqual([]);
	});

	test('SEC-18 the blob of another connection does not open here', async () => {
		network.answer = () => who('acct-2', 'Other');
		const values = { baseUrl: BASE, token: 'tok_of_the_other_account' };
		await owner.action(api.connections.connect, { service: 'probe', authId: 'token', values });
		await settle(t);
		network.sent.length = 0;
		await t.run(async (ctx) => {
			const [mine, theirs] = await ctx.db.query('secrets').collect();
			await ctx.db.patch(mine!._id, { sealed: theirs!.sealed });
		});
		expect(await test_({})).toMatchObject({ ok: false, failure: { field: 'token' } });
		expect(network.sent).toEqual([]);
	});

	test('another external account is refused and changes nothing', async () => {
		network.answer = () => who('acct-2', 'Other');
		const before = await detail();
		expect(await reconnect({ token: NEW_TOKEN })).toMatchObject({
			ok: false,
			failure: { code: 'ACCOUNT_MISMATCH', remedy: expect.any(String) },
		});
		expect((await detail())!.credentials).toEqual(before!.credentials);
	});

	test('of two at once one wins and the other is told', async () => {
		const results = await Promise.allSettled([
			reconnect({ token: NEW_TOKEN }),
			reconnect({ token: 'tok_second_00000000_2222' }),
		]);
		expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
		await settle(t);
		expect(await test_({})).toMatchObject({ ok: true });
	});

	test('settings can change with the stored secret', async () => {
		expect(await reconnect({ project: 'blue' })).toEqual({ ok: true });
		expect(await detail()).toMatchObject({ settings: { baseUrl: `${BASE}/v1`, project: 'blue' } });
	});
});
