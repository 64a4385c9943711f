import type { ConvexHttpClient } from 'convex/browser';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { api } from '../../convex/_generated/api.js';
import type { Id } from '../../convex/_generated/dataModel.js';
import { buildOnce } from '../../src/tools/buildOnce.ts';
import {
	busyRepository,
	startFakeGitHub,
	type FakeGitHub,
} from '../integrations/support/githubServer.ts';
import {
	startFakePrometheus,
	type FakePrometheus,
} from '../integrations/support/prometheusServer.ts';
import { ownerClient } from '../support/apiClient.ts';
import { filesBelow, findSecrets, secretsIn } from '../support/dataFiles.ts';
import {
	hangUp,
	hugeBody,
	refusal,
	stall,
	truncatedJson,
	webPage,
	type Fault,
} from '../support/faults.ts';
import { DAY_MS } from '../support/prometheusConnection.ts';
import { newestRun, pointsOf, quiet, summaryOf, syncOnce } from '../support/syncRuns.ts';
import { startTributary, type Tributary } from '../support/tributary.ts';
import { until } from '../support/waiting.ts';

const SECRET = 'canary-sync-5Tn8Rb2Yh6Wq3Jc9';
const REPOSITORY = 'acme/shop';

let server: Tributary;
let client: ConvexHttpClient;
let prometheus: FakePrometheus;
let github: FakeGitHub;

beforeAll(async () => {
	await buildOnce();
	server = await startTributary();
	({ client } = await ownerClient(server.origin, { isNew: true }));
	prometheus = await startFakePrometheus();
	github = await startFakeGitHub();
	for (const { host } of [prometheus, github])
		await client.mutation(api.egress.allowHost, { host });
}, 240_000);

afterAll(async () => {
	await prometheus?.close();
	await github?.close();
	await server?.dispose();
});

async function connect(service: string, authId: string, values: Record<string, unknown>) {
	const ask = { service, authId, values: values as never };
	const result = await client.action(api.connections.connect, ask);
	if (!result.ok) throw new Error(JSON.stringify(result.failure));
	return result.connectionId as Id<'connections'>;
}

/** The failure is a sentence about what to do, and gives nothing away. */
function expectHelpful(failure: { message: string } | null, says: RegExp) {
	expect(failure?.message).toMatch(/^\S.{20,}\.$/);
	expect(failure?.message).toMatch(says);
	expect(secretsIn(JSON.stringify(failure), [SECRET])).toEqual([]);
}

describe('a Prometheus that fails', () => {
	let connectionId: Id<'connections'>;
	const form = () => ({
		baseUrl: prometheus.url,
		token: SECRET,
		queries: ['orders', 'visitors'].map((id) => ({ id, name: id, query: id, unit: 'count' })),
	});
	const failWith = (fault: Fault) => {
		prometheus.fault = (hit, response) => {
			fault(hit, response);
			return true;
		};
	};
	const pages = () => prometheus.hits.filter(({ url }) => url.includes('/query_range'));

	beforeAll(() => {
		for (const [i, name] of ['orders', 'visitors'].entries())
			prometheus.queries.set(name, [{ valueAt: (at) => String((at / 60_000) % (97 + i)) }]);
	});

	beforeEach(async () => {
		prometheus.fault = () => false;
		if (connectionId) await recovered();
	});

	/** A run that waits is given up, and a new one succeeds: what a test before left behind is gone. */
	async function recovered() {
		await client.mutation(api.connections.pause, { connectionId });
		await client.mutation(api.connections.resume, { connectionId });
		expect(await quiet(client, connectionId)).toMatchObject({ state: 'succeeded' });
	}

	it('in the middle of the history keeps every page before and nothing of the page itself', async () => {
		let release: (() => void) | undefined;
		prometheus.fault = (hit, response) => {
			if (pages().length !== 11) return false;
			release = () => truncatedJson(hit, response);
			return true;
		};
		connectionId = await connect('prometheus', 'bearer', form());
		await until('the eleventh page is asked for', () => release !== undefined);
		const before = await pointsOf(client, connectionId, 31);
		expect(before.points).toBeGreaterThan(9 * 1000);
		release!();
		const failed = await quiet(client, connectionId);
		expect(failed).toMatchObject({ state: 'failed', pages: 10, kind: 'backfill' });
		expect(failed.failure).toMatchObject({ code: 'INVALID_RESPONSE', remedy: 'retry' });
		expectHelpful(failed.failure, /Try again/);
		expect(await pointsOf(client, connectionId, 31)).toEqual(before);

		// The next run goes on there: each page is fetched once, only the failed one twice.
		const run = await syncOnce(client, connectionId);
		expect(run).toMatchObject({ state: 'succeeded', kind: 'backfill', failure: null });
		const urls = pages().map(({ url }) => url);
		expect(urls.length - new Set(urls).size).toBe(1);
		const { hours } = await pointsOf(client, connectionId, 29);
		for (const { values } of hours.values()) expect(values.slice(0, 28 * 24)).not.toContain(null);
	}, 120_000);

	const ends: {
		kind: string;
		fault: Fault;
		code: string;
		says: RegExp;
		state?: string;
		isLasting?: boolean;
	}[] = [
		{ kind: 'a web page', fault: webPage, code: 'NOT_AN_API', says: /Check the address/ },
		{
			kind: '403',
			fault: refusal(403),
			code: 'PERMISSION_MISSING',
			says: /Add/,
			state: 'needsReauth',
			isLasting: true,
		},
		{ kind: '404', fault: refusal(404), code: 'NOT_FOUND', says: /Check/, isLasting: true },
		{ kind: '500', fault: refusal(500), code: 'SERVICE_ERROR', says: /try again/ },
		{ kind: 'truncated JSON', fault: truncatedJson, code: 'INVALID_RESPONSE', says: /Try again/ },
		{ kind: 'a broken connection', fault: hangUp, code: 'CONNECTION_RESET', says: /Try again/ },
		{
			kind: '200 MB',
			fault: hugeBody({ bytes: 0 }, false),
			code: 'RESPONSE_TOO_LARGE',
			says: /Check/,
			isLasting: true,
		},
		{ kind: 'a stalled answer', fault: stall, code: 'TIMEOUT', says: /Try again/ },
	];
	it.each(ends)(
		'with $kind: the run says so, no point changes, and the next one recovers',
		async (one) => {
			const { fault, code, says, state = 'failed', isLasting } = one;
			failWith(fault);
			await quiet(client, connectionId);
			const before = await pointsOf(client, connectionId, 31);
			const run = await syncOnce(client, connectionId);
			expect(run).toMatchObject({ state, kind: 'refresh', points: 0, failure: { code } });
			expectHelpful(run.failure, says);
			const summary = await summaryOf(client, connectionId);
			expect(summary.failure).toEqual(run.failure);
			// What time may heal is given a few tries before the connection as a whole counts as failing.
			if (isLasting) expect(summary.healthText).toContain(run.failure!.message);
			expect(await pointsOf(client, connectionId, 31)).toEqual(before);

			prometheus.fault = () => false;
			expect(await syncOnce(client, connectionId)).toMatchObject({ state: 'succeeded' });
			expect(await summaryOf(client, connectionId)).toMatchObject({
				failure: null,
				health: 'fresh',
			});
		},
		60_000,
	);

	it('with 429 and Retry-After: waits as long as asked, says so, and goes on by itself', async () => {
		await quiet(client, connectionId);
		const before = await pointsOf(client, connectionId, 31);
		let refusedAt = 0;
		prometheus.fault = (hit, response) => {
			if (refusedAt > 0) return false;
			refusedAt = Date.now();
			refusal(429, { 'retry-after': '3' })(hit, response);
			return true;
		};
		await client.mutation(api.connections.syncNow, { connectionId });
		const waiting = await until('the run waits', async () => {
			const run = await newestRun(client, connectionId);
			return run.state === 'waiting' ? run : false;
		});
		const asked = prometheus.hits.length;
		const progress = await client.query(api.connections.progress, { connectionId });
		expect(progress).toMatchObject({ state: 'waiting', waitReason: expect.stringMatching(/wait/) });
		expect(progress!.waitUntil).toBeGreaterThanOrEqual(refusedAt + 3000);
		expect(await pointsOf(client, connectionId, 31)).toEqual(before);
		expect(await summaryOf(client, connectionId)).toMatchObject({
			health: 'waiting',
			failure: null,
		});
		const run = await until('the same run ends', async () => {
			const newest = await newestRun(client, connectionId);
			return newest.endedAt !== null && newest;
		});
		expect(run).toMatchObject({ id: waiting.id, state: 'succeeded' });
		expect(run.endedAt).toBeGreaterThanOrEqual(refusedAt + 3000);
		expect(prometheus.hits.length).toBeGreaterThan(asked);
	}, 60_000);

	it('with 429 and no Retry-After: chooses a wait of its own, never a hot loop', async () => {
		failWith(refusal(429));
		await quiet(client, connectionId);
		const asked = prometheus.hits.length;
		const run = await syncOnce(client, connectionId);
		expect(run.state).toBe('waiting');
		const progress = await client.query(api.connections.progress, { connectionId });
		expect(progress!.waitUntil).toBeGreaterThan(Date.now() + 1000);
		expect(progress!.waitUntil).toBeLessThan(Date.now() + 60_000);
		expect(prometheus.hits.length).toBe(asked + 1);
	}, 60_000);

	it('S3-17 with one query that became invalid: that series says so, the other goes on', async () => {
		await quiet(client, connectionId);
		const before = await pointsOf(client, connectionId, 31);
		prometheus.queries.set('visitors', { error: `1:1: parse error near ${SECRET}` });
		const run = await syncOnce(client, connectionId);
		expect(run).toMatchObject({ state: 'succeeded', failure: { code: 'QUERY_INVALID' } });
		expectHelpful(run.failure, /"visitors".*Correct/);
		const after = await pointsOf(client, connectionId, 31);
		expect(after.hours.get('visitors')).toEqual(before.hours.get('visitors'));
		const { groups } = await client.query(api.metrics.overview, { rangeDays: 7, compare: false });
		const failures = groups.flatMap(({ cards }) =>
			cards.map((card) => [card.name, card.failure?.code]),
		);
		expect(Object.fromEntries(failures)).toEqual({ orders: undefined, visitors: 'QUERY_INVALID' });
	}, 60_000);

	it('with 401: asks for new credentials and calls nobody until it has them', async () => {
		prometheus.queries.set('visitors', prometheus.queries.get('orders')!);
		failWith(refusal(401));
		await quiet(client, connectionId);
		const before = await pointsOf(client, connectionId, 31);
		const run = await syncOnce(client, connectionId);
		expect(run).toMatchObject({ state: 'needsReauth', failure: { code: 'AUTH_REJECTED' } });
		expectHelpful(run.failure, /enter new ones/);
		expect(await pointsOf(client, connectionId, 31)).toEqual(before);
		expect(await summaryOf(client, connectionId)).toMatchObject({
			health: 'needsReauth',
			nextSyncAt: null,
		});
		prometheus.fault = () => false;
		const values = { ...form(), token: `${SECRET}-2` };
		expect(
			await client.action(api.connections.reconnect, { connectionId, authId: 'bearer', values }),
		).toEqual({ ok: true });
		expect(await quiet(client, connectionId)).toMatchObject({ state: 'succeeded' });
		expect(prometheus.hits.at(-1)!.headers.authorization).toBe(`Bearer ${SECRET}-2`);
	}, 60_000);
});

describe('a GitHub token that loses a scope', () => {
	let connectionId: Id<'connections'>;
	const forbidden: Fault = (hit, response) =>
		refusal(403, { 'x-accepted-github-permissions': 'pull_requests=read' })(hit, response);

	it('on the way: names the permission, keeps what was read, and the rest goes on', async () => {
		github.token = SECRET;
		github.repositories.set(REPOSITORY, busyRepository(Math.floor(Date.now() / DAY_MS) * DAY_MS));
		github.fault = (hit, response) => {
			if (!/\/pulls\?.*state=closed.*page=2/.test(hit.url)) return false;
			forbidden(hit, response);
			return true;
		};
		connectionId = await connect('github', 'token', {
			baseUrl: github.url,
			token: SECRET,
			repositories: [REPOSITORY],
		});
		const run = await quiet(client, connectionId);
		expect(run).toMatchObject({ state: 'succeeded', failure: { code: 'PERMISSION_MISSING' } });
		expectHelpful(run.failure, /Add the permission "pull_requests: read"/);
		const { hours } = await pointsOf(client, connectionId, 60);
		const counted = (id: string) =>
			hours.get(`${id}:${REPOSITORY}`)!.values.filter((value) => value !== null).length;
		expect(counted('merged_pull_requests')).toBeGreaterThan(0);
		expect(counted('release_downloads')).toBeGreaterThan(0);
		const { groups } = await client.query(api.metrics.overview, { rangeDays: 30, compare: false });
		const cards = groups
			.flatMap((group) => group.cards)
			.filter((card) => card.service === 'github');
		const failing = cards.filter((card) => card.failure !== null).map((card) => card.name);
		expect(failing).toEqual(['Merged pull requests']);
	}, 120_000);

	it('altogether: the connection says so, nothing changes, and it is looked at again later', async () => {
		github.fault = (hit, response) => {
			forbidden(hit, response);
			return true;
		};
		const before = await pointsOf(client, connectionId, 60);
		const run = await syncOnce(client, connectionId);
		expect(run).toMatchObject({ state: 'needsReauth', failure: { code: 'PERMISSION_MISSING' } });
		expectHelpful(run.failure, /permission/);
		expect(await pointsOf(client, connectionId, 60)).toEqual(before);
		const summary = await summaryOf(client, connectionId);
		expect(summary.nextSyncAt).toBeGreaterThan(Date.now() + 3_600_000);
		github.fault = () => false;
		expect(await syncOnce(client, connectionId)).toMatchObject({
			state: 'succeeded',
			failure: null,
		});
	}, 60_000);
});

describe('SEC-17 the secrets of connections', () => {
	const PASSWORD = 'canary-basic-9Gd4Xp7Vm1Kf6Zs2';
	const secrets = [SECRET, PASSWORD];

	it('are sent to the service they are for', async () => {
		// Another name of the same server is another account.
		const host = prometheus.host.replace('127.0.0.1', 'localhost');
		await client.mutation(api.egress.allowHost, { host });
		prometheus.fault = () => false;
		const connectionId = await connect('prometheus', 'basic', {
			baseUrl: `http://${host}`,
			username: 'reader',
			password: PASSWORD,
			queries: [{ id: 'orders', name: 'orders', query: 'orders', unit: 'count' }],
		});
		expect(await quiet(client, connectionId)).toMatchObject({ state: 'succeeded' });
		const pair = Buffer.from(`reader:${PASSWORD}`).toString('base64');
		expect(prometheus.hits.at(-1)!.headers.authorization).toBe(`Basic ${pair}`);
		expect(JSON.stringify(github.hits)).toContain(SECRET);
	}, 60_000);

	it('are in no file of the data, running or stopped, and in no line of the log', async () => {
		const expectNone = () => {
			// What is stored openly is found: the search looks in the right place.
			expect(findSecrets(server.dataDir, ['visitors', REPOSITORY])).not.toEqual([]);
			expect(findSecrets(server.dataDir, secrets)).toEqual([]);
			expect(secretsIn(server.output(), secrets)).toEqual([]);
		};
		expect(filesBelow(server.dataDir).some((file) => file.endsWith('-wal'))).toBe(true);
		expectNone();
		await server.stop();
		expectNone();
	});
});
