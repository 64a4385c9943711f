import './env.ts';
import './probe.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import type { Id } from '../../convex/_generated/dataModel.js';
import { components } from '../../convex/lib/components.ts';
import { refusalOf, settle, startWithOwner, type Person, type Server } from './harness.ts';
import { json, stubNetwork, type Network } from './network.ts';
import { argsFor, call, publicFunctions } from './publicFunctions.ts';

const TOKEN = 'tok_canary_0123456789abcd';
const values = { baseUrl: 'https://probe.example.com', token: TOKEN };

let network: Network;
let t: Server;
let owner: Person;
let connectionId: Id<'connections'>;

beforeEach(async () => {
	({ t, owner } = await startWithOwner());
	network = stubNetwork();
	const result = await owner.action(api.connections.connect, {
		service: 'probe',
		authId: 'token',
		values,
	});
	if (!result.ok) throw new Error(result.failure.code);
	connectionId = result.connectionId;
	await settle(t);
});

afterEach(async () => {
	await settle(t);
	vi.unstubAllGlobals();
});

const get = () => owner.query(api.connections.get, { connectionId });
const events = async () =>
	(await owner.query(api.connections.audit, { connectionId })).map(({ event }) => event).reverse();
const count = (table: 'secrets' | 'connections' | 'syncRuns' | 'series' | 'syncStates') =>
	t.run(async (ctx) => (await ctx.db.query(table).collect()).length);

describe('a connection', () => {
	test('SEC-16 no public function returns the secret, sealed or plain, to its owner', async () => {
		const [secret] = await t.run((ctx) => ctx.db.query('secrets').collect());
		const ids = { connections: connectionId };
		const [series] = (await get())!.series;
		const run = (await get())!.lastRun!;
		const known = {
			connectionId,
			seriesId: series!.id,
			runId: run.id,
			service: 'probe',
			authId: 'token',
			values: {},
			property: 'project',
			from: Date.now() - 86_400_000,
			to: Date.now(),
			paginationOpts: { numItems: 10, cursor: null },
		};
		const forbidden = [TOKEN, secret!.sealed, secret!.sealed.split('.')[2]!];
		let asked = 0;
		for (const fn of publicFunctions) {
			if (fn.kind === 'mutation' || fn.name === 'connections.connect') continue;
			network.answer = ({ url }) =>
				url.endsWith('/projects') ? json(['blue']) : json({ id: 'acct-1', name: 'Acme' });
			const outcome = await call(owner, fn, argsFor(fn, known, ids)).catch((error: unknown) =>
				String(error),
			);
			for (const text of forbidden) expect(JSON.stringify(outcome)).not.toContain(text);
			asked++;
		}
		expect(asked).toBeGreaterThan(15);
		// The control: the secret was opened and used, so it could have leaked.
		expect(JSON.stringify(network.sent)).toContain(TOKEN);
	});

	test('is renamed, paused and resumed, and says who did it', async () => {
		await owner.mutation(api.connections.rename, { connectionId, name: '  Our probe ' });
		expect((await get())!.name).toBe('Our probe');
		await owner.mutation(api.connections.pause, { connectionId });
		expect((await get())!.health).toBe('paused');
		await owner.mutation(api.connections.resume, { connectionId });
		await settle(t);
		expect((await get())!.health).not.toBe('paused');
		expect(await events()).toEqual([
			'connection.connected',
			'connection.renamed',
			'connection.paused',
			'connection.resumed',
		]);
		const entries = await owner.query(api.connections.audit, { connectionId });
		expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set(['Ada Owner']));
		expect(JSON.stringify(entries)).not.toContain(TOKEN);
	});

	test('needs a name of sensible length', async () => {
		for (const name of ['', '   ', 'x'.repeat(81)]) {
			expect(
				await refusalOf(owner.mutation(api.connections.rename, { connectionId, name })),
			).toMatchObject({ code: 'VALIDATION', fields: { name: expect.any(String) } });
		}
	});

	test('SEC-67 asking for a sync a hundred times starts one run', async () => {
		const before = await count('syncRuns');
		await Promise.all(
			Array.from({ length: 100 }, () => owner.mutation(api.connections.syncNow, { connectionId })),
		);
		expect(await count('syncRuns')).toBe(before + 1);
		await settle(t);
		expect((await events()).filter((one) => one === 'connection.syncRequested')).toHaveLength(1);
	});

	test.each([true, false])(
		'goes with its secrets at once (points kept: %s)',
		async (keepPoints) => {
			const impact = await owner.query(api.connections.removalImpact, { connectionId });
			expect(impact).toMatchObject({ metrics: 2, runs: 1 });
			await owner.mutation(api.connections.remove, { connectionId, keepPoints });
			expect(await count('secrets')).toBe(0);
			expect(await count('connections')).toBe(0);
			expect(await count('syncStates')).toBe(0);
			expect(await get()).toBeNull();
			expect(await owner.query(api.connections.list, {})).toEqual([]);
			await settle(t);
			expect(await count('series')).toBe(keepPoints ? 2 : 0);
			expect(await count('syncRuns')).toBe(0);
			expect(
				await refusalOf(owner.mutation(api.connections.syncNow, { connectionId })),
			).toMatchObject({ code: 'NOT_FOUND' });
		},
	);

	test('counts in the catalogue', async () => {
		const probe = (await owner.query(api.integrations.list, {})).find(({ id }) => id === 'probe');
		expect(probe).toMatchObject({ connectedCount: 1, worstHealth: expect.any(String) });
		const { connections } = await owner.query(api.integrations.get, { service: 'probe' });
		expect(connections).toMatchObject([{ id: connectionId, name: 'Acme' }]);
	});
});

describe('allowed hosts', () => {
	test('are normalised, listed with who allowed them, and audited', async () => {
		await owner.mutation(api.egress.allowHost, { host: ' LOCALHOST:9090 ' });
		await owner.mutation(api.egress.allowHost, { host: 'localhost:9090' });
		expect(await owner.query(api.egress.list, {})).toMatchObject([
			{ host: 'localhost:9090', allowedBy: 'Ada Owner' },
		]);
		await owner.mutation(api.egress.revokeHost, { host: 'localhost:9090' });
		expect(await owner.query(api.egress.list, {})).toEqual([]);
		const log = await t.run((ctx) => ctx.db.query('auditLog').collect());
		expect(log.filter(({ event }) => event.startsWith('egress')).map(({ text }) => text)).toEqual([
			'Allowed requests to localhost:9090.',
			'Stopped allowing requests to localhost:9090.',
		]);
	});

	test.each([
		'127.0.0.1',
		'http://127.0.0.1:9090',
		'a:b',
		'',
		'*:80',
		'127.0.0.1:9090/path',
		'169.254.169.254:80',
	])('SEC-6 SEC-14 %s cannot be allowed', async (host) => {
		expect(await refusalOf(owner.mutation(api.egress.allowHost, { host }))).toMatchObject({
			code: 'VALIDATION',
		});
		expect(await owner.query(api.egress.list, {})).toEqual([]);
	});
});

describe('the workspace', () => {
	test('is renamed and moved to another zone by its owner', async () => {
		await owner.mutation(api.viewer.updateWorkspace, {
			name: ' Acme GmbH ',
			timeZone: 'Asia/Tokyo',
		});
		expect((await owner.query(api.viewer.me, {})).workspace).toMatchObject({
			name: 'Acme GmbH',
			timeZone: 'Asia/Tokyo',
		});
		expect(
			await refusalOf(owner.mutation(api.viewer.updateWorkspace, { timeZone: "'; drop table" })),
		).toMatchObject({ code: 'VALIDATION', fields: { timeZone: expect.any(String) } });
	});

	test("follows the owner's new name, and shuts out a user who is deleted", async () => {
		const { user } = await owner.query(api.viewer.me, {});
		const where = [{ field: '_id' as const, value: user.id }];
		await t.run((ctx) =>
			ctx.runMutation(components.betterAuth.adapter.updateOne, {
				input: { model: 'user', where, update: { name: 'Ada L.' } },
				onUpdateHandle: 'function://;auth:onUpdate',
			}),
		);
		expect((await owner.query(api.viewer.me, {})).user.name).toBe('Ada L.');
		await t.run((ctx) =>
			ctx.runMutation(components.betterAuth.adapter.deleteOne, {
				input: { model: 'user', where },
				onDeleteHandle: 'function://;auth:onDelete',
			}),
		);
		expect(await refusalOf(owner.query(api.viewer.me, {}))).toMatchObject({
			code: 'UNAUTHENTICATED',
		});
	});
});
