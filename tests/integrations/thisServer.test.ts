import { describe, expect, it } from 'vitest';
import {
	integrationRegistry,
	integrationTesters,
} from '../../src/lib/server/integrations/index.ts';
import type { ServerStats } from '../../src/lib/server/integrations/sdk/index.ts';
import { pagesOf, resumeEverywhere, testEnvironment, type Scene } from './support/environment.ts';

const stats: ServerStats = {
	instanceId: 'instance-1',
	name: 'Attic',
	version: '0.1.0',
	syncRuns: 12,
	failedSyncRuns: 1,
	pointsStored: 43_200,
	databaseBytes: 7_000_000,
	memoryBytes: 120_000_000,
	liveSubscribers: 2,
};
const endAt = Date.UTC(2026, 2, 15, 10, 30, 20);
const environment = (known: Partial<ServerStats> = {}) =>
	testEnvironment({
		now: endAt,
		serverStats: async () => ({ ...stats, ...known }),
		fetch: () => expect.fail('no request is needed'),
	});
const scene = (known: Partial<ServerStats> = {}, seriesKeys?: string[]): Scene => ({
	integration: integrationRegistry.get('this-server'),
	authId: 'none',
	values: {},
	environment: environment(known),
	ask: { range: { startAt: endAt - 60_000, endAt }, ...(seriesKeys && { seriesKeys }) },
});

describe('This server', () => {
	it('S3-12 is a snapshot: one point per metric and sync, on the minute', async () => {
		const pages = await pagesOf(scene());
		expect(pages.length).toBe(1);
		expect(
			Object.fromEntries(pages[0]!.points.map((point) => [point.seriesKey, point.value])),
		).toEqual({
			sync_runs: 12,
			failed_sync_runs: 1,
			points_stored: 43_200,
			database_size: 7_000_000,
			memory: 120_000_000,
			live_subscribers: 2,
		});
		expect(new Set(pages[0]!.points.map((point) => point.at))).toEqual(
			new Set([Date.UTC(2026, 2, 15, 10, 30)]),
		);
	});

	it('S3-11 honours the metrics asked for, and leaves out what the deployment cannot tell', async () => {
		const pages = await pagesOf(scene({ memoryBytes: null }, ['memory', 'sync_runs']));
		expect(pages[0]!.points.map((point) => point.seriesKey)).toEqual(['sync_runs']);
	});

	it('S3-16 tells which server it is, and what it cannot tell', async () => {
		const test = integrationTesters['this-server']!;
		const form = { authId: 'none', values: {} };
		expect(await test(form, environment({ databaseBytes: null }))).toMatchObject({
			ok: true,
			calls: 0,
			result: {
				account: { id: 'instance-1', name: 'Attic' },
				permissions: expect.arrayContaining([
					{ metricId: 'database_size', readable: false, reason: 'This deployment cannot tell.' },
				]),
			},
		});
		expect(await test(form, testEnvironment())).toMatchObject({
			ok: false,
			failure: { code: 'INTEGRATION_BUG' },
		});
	});

	it('S3-19 resumes after its only page with nothing', async () => {
		const { whole, resumed } = await resumeEverywhere(() => scene());
		expect(resumed).toEqual([whole]);
	});
});
