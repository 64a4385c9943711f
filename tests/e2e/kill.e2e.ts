import { expect, test } from '@playwright/test';
import { ownerClient } from '../support/apiClient.ts';
import {
	connectPrometheus,
	DAY_MS,
	historyDone,
	HOUR_MS,
	hoursOf,
	QUERIES,
	sampleHistory,
} from '../support/prometheusConnection.ts';
import { type RealPrometheus, startPrometheus } from '../support/realPrometheus.ts';
import { type SlowProxy, startSlowProxy } from '../support/slowProxy.ts';
import { startTributary, type Tributary } from '../support/tributary.ts';
import { createOwner, fillPrometheus, testAndConnect } from './support/steps.ts';

let prometheus: RealPrometheus;
let proxy: SlowProxy;
const servers: Tributary[] = [];

test.beforeAll(async () => {
	prometheus = await startPrometheus({ history: sampleHistory(31), scrapeSeconds: 60 });
	proxy = await startSlowProxy(prometheus.url, 0);
});

test.afterAll(async () => {
	for (const server of servers) await server.dispose();
	await proxy?.close();
	await prometheus?.stop();
});

async function fresh(): Promise<Tributary> {
	const server = await startTributary();
	servers.push(server);
	return server;
}

test('R1 killed in the middle of a backfill, the open page recovers by itself and the points are those of an undisturbed run', async ({
	page,
}) => {
	const to = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
	const from = to - 28 * DAY_MS;

	const undisturbed = await fresh();
	const reference = await ownerClient(undisturbed.origin, { isNew: true });
	const referenceId = await connectPrometheus(reference.client, proxy.host);
	await historyDone(reference.client, referenceId);
	const expected = await hoursOf(reference.client, referenceId, from, to);

	const server = await fresh();
	await createOwner(page, server.origin);
	await page.goto(`${server.origin}/integrations/prometheus`);
	await fillPrometheus(page, proxy.url, QUERIES);
	proxy.delayMs = 150;
	await testAndConnect(page, proxy.host);
	await expect(page.getByRole('heading', { name: 'Fetching history' })).toBeVisible();
	const before = proxy.requests().length;
	await expect.poll(() => proxy.requests().length - before).toBeGreaterThan(5);

	await server.kill();
	await expect(page.getByText(/not connected to the server/i)).toBeVisible();
	await expect(page.getByText('History is in', { exact: true })).toHaveCount(0);
	await server.restart();
	await expect(page.getByText(/not connected to the server/i)).toBeHidden({ timeout: 60_000 });
	await expect(page.getByText('History is in', { exact: true }).first()).toBeVisible({
		timeout: 120_000,
	});

	proxy.delayMs = 0;
	const { client } = await ownerClient(server.origin, { isNew: false });
	const connectionId = page.url().split('/').at(-1)!.split('?')[0] as typeof referenceId;
	await historyDone(client, connectionId);
	const disturbed = await hoursOf(client, connectionId, from, to);
	// The pages name series by what was typed, so only the order is theirs; the points must be the same.
	expect([...disturbed.values()]).toEqual([...expected.values()]);
	for (const { values } of disturbed.values()) {
		expect(values.filter((value) => value !== null).length).toBeGreaterThan(27 * 24);
	}
});
