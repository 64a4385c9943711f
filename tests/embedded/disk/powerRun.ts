/**
 * Child process of the power-loss suite, under the shim: several clients at once, scheduled functions, files, a schema
 * push in between, a clean stop and another start. Each acknowledgement goes to the ledger.
 */
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { startApp, type App, type OpResult } from './app.ts';

export interface PowerRun {
	dataDir: string;
	/** A copy of the fixture that may be changed. */
	functionsDir: string;
	ledger: string;
	/** Operations per client and phase. */
	operations: number;
	seed: number;
}

export type LedgerLine = { op: string; file?: boolean } | { phase: string };

const CLIENTS = 4;

/** Deterministic, good enough to choose by: mulberry32. */
export function seededRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

function operation(app: App, op: string, random: () => number): Promise<OpResult> {
	const choice = random();
	const bytes = Math.floor(random() * 3_000);
	if (choice < 0.4) return app.mutate('write', op, { bytes });
	if (choice < 0.6) return app.mutate('withMutationJob', op, { bytes });
	if (choice < 0.75) return app.mutate('withActionJob', op, { bytes });
	if (choice < 0.9) {
		return app.upload(op, new TextEncoder().encode(op.repeat(1 + Math.floor(random() * 900))));
	}
	return app.mutate('detach', op);
}

async function main(run: PowerRun): Promise<void> {
	const ledger = openSync(run.ledger, 'a');
	const note = (line: LedgerLine) => void writeSync(ledger, `${JSON.stringify(line)}\n`);
	const random = seededRandom(run.seed);
	let app = await startApp(run.dataDir, { functionsDir: run.functionsDir });
	note({ phase: 'started' });
	for (const phase of ['first', 'second', 'third']) {
		if (phase === 'second') {
			const file = path.join(run.functionsDir, 'schema.ts');
			writeFileSync(
				file,
				readFileSync(file, 'utf8').replace(`.index('by_op'`, `.index('by_n', ['n']).index('by_op'`),
			);
			await app.deployment.push();
		}
		if (phase === 'third') {
			await app.close();
			app = await startApp(run.dataDir, { functionsDir: run.functionsDir });
		}
		note({ phase });
		await Promise.all(
			Array.from({ length: CLIENTS }, async (_, client) => {
				for (let i = 0; i < run.operations; i++) {
					const op = `${phase}-${client}-${i}`;
					const result = await operation(app, op, random);
					if (!result.ok) throw new Error(`${op}: ${result.message}`);
					note({ op });
				}
			}),
		);
	}
	await app.close();
}

if (process.argv[2]) await main(JSON.parse(process.argv[2]) as PowerRun);
