import { expect, test, vi } from 'vitest';
import { bytesInUse, live, plain, soon } from './liveHarness.ts';
import { PlainSocket } from './plainSocket.ts';

const CLIENTS = 1_000;
/** Each client follows one query that all follow, and one of these. */
const GROUPS = 10;
const ROUNDS = 3;
const MEBIBYTE = 1024 * 1024;

test('R12 1,000 clients cut at once: each distinct query is computed once at most, nothing stays stale', async () => {
	const { origin, deployment } = await live();
	const writer = await plain(origin);
	writer.modify();
	let clients: PlainSocket[] = [];
	const arrive = async () => {
		clients = await Promise.all(
			Array.from({ length: CLIENTS }, async (_, index) => {
				const client = await PlainSocket.open(origin);
				client.modify(
					...[0, 1 + (index % GROUPS)].map((n, queryId) => ({
						type: 'Add',
						queryId,
						udfPath: 'cells:get',
						args: [{ n }],
					})),
				);
				return client;
			}),
		);
	};
	const shows = (all: string, group: (n: number) => string | null) =>
		soon(() =>
			expect(
				clients.filter(
					({ values }, index) =>
						values.get(0) === all && values.get(1) === group(1 + (index % GROUPS)),
				).length,
			).toBe(CLIENTS),
		);
	const write = async (n: number, value: string) => {
		const requestId = writer.mutate('cells:set', { n, value });
		await soon(() =>
			expect(writer.of('MutationResponse').some((m) => m.requestId === requestId)).toBe(true),
		);
	};
	const { runner } = deployment;
	const runQueries = runner.runQueries.bind(runner);
	let areAllBack: Promise<unknown> = Promise.resolve();
	// Nothing is answered before everybody has asked, so that nobody finds the answer ready by luck.
	const evaluate = vi.spyOn(runner, 'runQueries').mockImplementation(async (calls) => {
		await areAllBack;
		return runQueries(calls);
	});
	const evaluated = () =>
		evaluate.mock.calls.flatMap(([calls]) => calls.map((call) => JSON.stringify(call.args)));

	await write(0, 'start');
	await arrive();
	await shows('start', () => null);
	const used: number[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		for (const client of clients) client.socket.terminate();
		// Some of what they follow changes while they are away.
		await write(0, `all-${round}`);
		await write(3, `three-${round}`);
		await soon(() => expect(deployment.stats().subscribers).toBe(0));
		evaluate.mockClear();
		areAllBack = soon(() => expect(deployment.stats().subscribers).toBe(2 * CLIENTS));
		await arrive();
		await shows(`all-${round}`, (n) => (n === 3 ? `three-${round}` : null));
		const asked = evaluated();
		expect(asked.length).toBe(new Set(asked).size);
		expect(asked.length).toBeLessThanOrEqual(GROUPS + 1);
		await soon(() => expect(deployment.stats().sockets).toBe(CLIENTS + 1));
		expect(deployment.stats().subscribers).toBe(2 * CLIENTS);
		used.push(await bytesInUse());
	}
	// The same people in the same rooms: what a round costs is given back.
	expect(used.at(-1)! - used[0]!).toBeLessThan(8 * MEBIBYTE);
	for (const client of clients) client.socket.terminate();
	await soon(() => expect(deployment.stats()).toMatchObject({ sockets: 1, subscribers: 0 }));
	const full = used.at(-1)!;
	clients = [];
	expect(await bytesInUse()).toBeLessThan(full);
}, 240_000);
