/**
 * R13: seeded scripts of mutations, subscriptions, sign-ins, pushes and restarts, while messages are lost, doubled,
 * swapped and held back and sockets are cut. LIVE_SEEDS: how many scripts (default: as many as fit the time CI has);
 * LIVE_SEED: where to begin, to repeat one.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './machine.ts';
import { script, type Step } from './script.ts';
import type { Fault } from './wire.ts';
import { openWorld, type World } from './world.ts';

const FIRST = Number(process.env.LIVE_SEED ?? 1);
const SEEDS = Number(process.env.LIVE_SEEDS ?? 40);

let world: World;
beforeAll(async () => {
	world = await openWorld();
});
afterAll(() => world?.close());

test(
	`R13 ${SEEDS} scripts: no promise of the protocol is broken`,
	async () => {
		for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
			const [one] = fc.sample(script, { numRuns: 1, seed });
			const violations = await run(world, one!);
			expect(violations, `LIVE_SEED=${seed} LIVE_SEEDS=1: ${JSON.stringify(one)}`).toEqual([]);
		}
		expect(world.served.deployment.stats().sockets).toBeLessThan(10);
	},
	Math.max(240_000, SEEDS * 5_000),
);

/** Each kind of message there is, several times, in both directions. */
const story = (who: number): Step[] => [
	{ do: 'transfer', who, from: 0, to: 1, amount: 5 },
	{ do: 'wait', ms: 3 },
	{ do: 'signIn', who, user: 0 },
	{ do: 'subscribe', who, what: 4 },
	{ do: 'transfer', who, from: 1, to: 2, amount: 3 },
	{ do: 'turn' },
	{ do: 'refuse', who },
	{ do: 'unsubscribe', who, what: 1 },
	{ do: 'transfer', who, from: 2, to: 0, amount: 2 },
	{ do: 'wait', ms: 3 },
	{ do: 'subscribe', who, what: 1 },
	{ do: 'signOut', who },
	{ do: 'transfer', who, from: 0, to: 1, amount: 1 },
];
const MESSAGES = 12;
const NETWORK: Fault['kind'][] = ['hold', 'cut', 'halfOpen'];
const ANY: Fault['kind'][] = [...NETWORK, 'drop', 'double', 'swap'];

test.each([
	['the official client', 0, NETWORK],
	['a client at message level', 1, ANY],
] as const)(
	'R13 %s survives each fault at each message of a story, in both directions',
	async (_, who, kinds) => {
		for (const direction of ['in', 'out'] as const) {
			for (const kind of kinds) {
				for (let at = 0; at < MESSAGES; at++) {
					const faults: Fault[][][] = [[], [], []];
					faults[who] = [[{ direction, at, kind }]];
					const violations = await run(world, { steps: story(who), faults });
					expect(violations, `${kind} of message ${at} ${direction}`).toEqual([]);
				}
			}
		}
	},
	240_000,
);
