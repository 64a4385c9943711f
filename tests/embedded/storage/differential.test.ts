/**
 * The store against a naive model. `FUZZ_OPERATIONS` sets how many operations are played at least (default 10,000),
 * `FUZZ_SEED` repeats a run: a failure prints its seed and the smallest program that still fails.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DbSession } from '../../../src/lib/server/embedded/types.ts';
import { played, playProgram, programs, type Sabotage } from './differentialPlay.ts';

const OPERATIONS = Number(process.env.FUZZ_OPERATIONS ?? 10_000);
const SEED = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) };
const RUNS_AT_ONCE = 50;

test(
	'E3-4 sessions agree with a naive model: overlays, ranges, filters, pages, roll-backs, counts',
	async () => {
		const before = played.operations;
		let round = 0;
		while (played.operations - before < OPERATIONS) {
			const seed = SEED.seed === undefined ? {} : { seed: SEED.seed + round++ };
			await fc.assert(
				fc.asyncProperty(programs, (program) => playProgram(program)),
				{ numRuns: RUNS_AT_ONCE, ...seed },
			);
		}
		console.log(`compared ${played.operations - before} operations`);
	},
	60_000 + OPERATIONS * 20,
);

/** A session with one method replaced. */
const instead =
	<Name extends keyof DbSession>(name: Name, bug: (db: DbSession) => DbSession[Name]): Sabotage =>
	(db) => {
		const method = bug(db);
		return new Proxy(db, {
			get(target, key) {
				if (key === name) return method;
				const value = Reflect.get(target, key) as unknown;
				return typeof value === 'function' ? (value.bind(target) as unknown) : value;
			},
		});
	};

const BUGS: [string, Sabotage][] = [
	[
		'an exclusive bound that includes',
		instead('openStream', (db) => (component, json) => {
			const text = JSON.stringify(json).replaceAll('"type":"Gt"', '"type":"Gte"');
			return db.openStream(component, JSON.parse(text) as typeof json);
		}),
	],
	[
		'a sub-transaction that is kept when it is rolled back',
		instead('rollbackSub', (db) => () => db.commitSub()),
	],
	[
		'a patch that cannot remove fields',
		instead('patch', (db) => (component, id, value, ...rest) => {
			const kept = Object.entries(value as object).filter(
				([, field]) => !(typeof field === 'object' && field !== null && '$undefined' in field),
			);
			return db.patch(component, id, Object.fromEntries(kept), ...rest);
		}),
	],
	['a count that forgets the transaction’s own writes', instead('count', () => () => 0)],
	[
		'pages that lose their first row when they continue',
		instead('page', (db) => (component, request) => {
			const result = db.page(component, request);
			return request.cursor === null ? result : { ...result, page: result.page.slice(1) };
		}),
	],
];

test.each(BUGS)(
	'E3-4 a planted bug is found and shrunk: %s',
	async (_what, sabotage) => {
		const report = await fc.check(
			fc.asyncProperty(programs, (program) => playProgram(program, sabotage)),
			{ numRuns: 500 },
		);
		expect(report.failed).toBe(true);
		const [[mutations]] = report.counterexample!;
		const steps = mutations.flatMap(({ operations }) => operations);
		expect(steps.length).toBeLessThanOrEqual(8);
	},
	120_000,
);
