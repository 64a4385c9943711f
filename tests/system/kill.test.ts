import type { ConvexHttpClient } from 'convex/browser';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import type { Id } from '../../convex/_generated/dataModel.js';
import { buildOnce } from '../../src/tools/buildOnce.ts';
import { ownerClient } from '../support/apiClient.ts';
import {
	connectPrometheus,
	DAY_MS,
	historyDone,
	HOUR_MS,
	hoursOf,
	sampleHistory,
} from '../support/prometheusConnection.ts';
import { type RealPrometheus, startPrometheus } from '../support/realPrometheus.ts';
import { type SlowProxy, startSlowProxy } from '../support/slowProxy.ts';
import { startTributary, type Tributary } from '../support/tributary.ts';
import { until } from '../support/waiting.ts';

const KILLS = 20;
const SEED = Number(process.env.TRIBUTARY_SEED ?? 7);

/** A linear congruential generator is random enough for instants, and the printed seed brings a run back. */
function randomInstants(seed: number) {
	let state = seed;
	return (limitMs: number) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return (state / 4294967296) * limitMs;
	};
}

let prometheus: RealPrometheus;
let proxy: SlowProxy;
const servers: Tributary[] = [];

beforeAll(async () => {
	await buildOnce();
	prometheus = await startPrometheus({ history: sampleHistory(31), scrapeSeconds: 60 });
	proxy = await startSlowProxy(prometheus.url, 0);
}, 180_000);

afterAll(async () => {
	for (const server of servers) await server.dispose();
	await proxy?.close();
	await prometheus?.stop();
});

async function freshServer() {
	const server = await startTributary();
	servers.push(server);
	const { client } = await ownerClient(server.origin, { isNew: true });
	return { server, client };
}

/** One person's writes: each acknowledged name must still be there after whatever happens next. */
async function renameUntilCut(
	client: ConvexHttpClient,
	connectionId: Id<'connections'>,
	acknowledged: string[],
	round: number,
) {
	for (let i = 0; ; i++) {
		const name = `Round ${round} write ${i}`;
		try {
			await client.mutation(api.connections.rename, { connectionId, name });
		} catch {
			// The server died under this write: it may or may not have happened, the earlier ones must have.
			return name;
		}
		acknowledged.push(name);
	}
}

const pagesOf = async (client: ConvexHttpClient, connectionId: Id<'connections'>) =>
	(await client.query(api.connections.progress, { connectionId }))?.pages ?? 0;

async function aPageLater(client: ConvexHttpClient, connectionId: Id<'connections'>) {
	const before = await pagesOf(client, connectionId);
	await until('another page', async () => (await pagesOf(client, connectionId)) > before, 30_000);
}

it(`R1 ${KILLS} kills at random instants lose no acknowledged write and leave exactly the undisturbed points`, async () => {
	const to = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
	const from = to - 28 * DAY_MS;

	const undisturbed = await freshServer();
	const referenceId = await connectPrometheus(undisturbed.client, proxy.host);
	await historyDone(undisturbed.client, referenceId);
	const reference = await hoursOf(undisturbed.client, referenceId, from, to);
	await undisturbed.server.stop();
	for (const [key, { values }] of reference) {
		expect(values.filter((value) => value !== null).length, key).toBeGreaterThan(27 * 24);
	}

	const { server, client } = await freshServer();
	proxy.delayMs = 120;
	const connectionId = await connectPrometheus(client, proxy.host);
	const random = randomInstants(SEED);
	const acknowledged: string[] = [];
	let pagesSeen = 0;
	for (let round = 0; round < KILLS; round++) {
		const writes = renameUntilCut(client, connectionId, acknowledged, round);
		// Every other kill waits for a page first, so that kills fall into the fetching itself and not only into starts.
		if (round % 2) await aPageLater(client, connectionId);
		await sleep(random(900));
		await server.kill();
		const unsure = await writes;
		await server.restart();
		const after = await client.query(api.connections.get, { connectionId });
		expect([acknowledged.at(-1), unsure], `seed ${SEED}, kill ${round}`).toContain(after!.name);
		acknowledged.push(after!.name);
		pagesSeen = Math.max(pagesSeen, await pagesOf(client, connectionId));
	}
	expect(pagesSeen, 'the kills fell into a running backfill').toBeGreaterThan(0);

	proxy.delayMs = 0;
	await historyDone(client, connectionId, 300_000);
	const disturbed = await hoursOf(client, connectionId, from, to);
	expect(disturbed).toEqual(reference);
	console.log(
		`kills ${KILLS}, seed ${SEED}, acknowledged writes ${acknowledged.length}, requests ${proxy.requests().length}`,
	);
}, 600_000);
