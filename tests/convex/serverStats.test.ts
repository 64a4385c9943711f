import './env.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import type { Id } from '../../convex/_generated/dataModel.js';
import { readCounts, readProcessStats } from '../../convex/connecting/serverStats.ts';
import { settle, startWithOwner, type Person, type Server } from './harness.ts';
import { json, stubNetwork, type Network } from './network.ts';

const URL_OF_STATS = 'http://127.0.0.1:4321/api/embedded/stats/secret';
const form = { service: 'this-server', authId: 'none', values: {} };

let t: Server;
let owner: Person;
let network: Network;

beforeEach(async () => {
	({ t, owner } = await startWithOwner());
	network = stubNetwork();
});

afterEach(async () => {
	await settle(t);
	delete process.env.EMBEDDED_STATS_URL;
	vi.unstubAllGlobals();
});

describe('this server', () => {
	test('is connected without credentials and gives its numbers in the first sync', async () => {
		process.env.EMBEDDED_STATS_URL = URL_OF_STATS;
		network.answer = () =>
			json({ databaseBytes: 4096, memoryBytes: 1e8, sockets: 3, version: '0.1.0' });
		const result = await owner.action(api.connections.connect, form);
		expect(result).toMatchObject({ ok: true });
		await settle(t);
		const { connectionId } = result as { connectionId: Id<'connections'> };
		const detail = await owner.query(api.connections.get, { connectionId });
		const values = Object.fromEntries(detail!.series.map(({ key, lastValue }) => [key, lastValue]));
		expect(values).toMatchObject({ database_size: 4096, memory: 1e8, live_subscribers: 3 });
		expect(network.sent.every(({ url }) => url === URL_OF_STATS)).toBe(true);
	});

	test('says nothing of a process it cannot ask, and does not fail', async () => {
		const nothing = {
			version: 'unknown',
			databaseBytes: null,
			memoryBytes: null,
			liveSubscribers: null,
		};
		expect(await readProcessStats()).toEqual(nothing);
		process.env.EMBEDDED_STATS_URL = URL_OF_STATS;
		for (const answer of [
			() => json('text'),
			() => json({ databaseBytes: 'many', sockets: null }),
			() => new Response('<html>'),
			() => Promise.reject(new TypeError('fetch failed')),
		]) {
			network.answer = answer;
			expect(await readProcessStats()).toEqual(nothing);
		}
		expect(await owner.action(api.connections.test, form)).toMatchObject({ ok: true });
	});

	test('counts runs that are long gone', async () => {
		const { workspace } = await owner.query(api.viewer.me, {});
		const result = await owner.action(api.connections.connect, form);
		await settle(t);
		const counts = () => t.run((ctx) => readCounts(ctx, workspace.id));
		const before = await counts();
		expect(before.syncRuns).toBe(1);
		expect(before.pointsStored).toBeGreaterThan(0);
		const { connectionId } = result as { connectionId: Id<'connections'> };
		await owner.mutation(api.connections.remove, { connectionId, keepPoints: false });
		await settle(t);
		expect(await counts()).toMatchObject({ syncRuns: 1, pointsStored: 0 });
	});
});
