/**
 * Power cuts by model: every write of a real run is recorded, then the disk is rebuilt as a cut at many points could
 * have left it, and opened. `TRIBUTARY_POWER_CUTS` = number of points (default 150); `TRIBUTARY_SEED` repeats a run.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startApp, type App } from './app.ts';
import { DiskModel, type Loss } from './diskModel.ts';
import {
	all,
	changeableFixture,
	newDisk,
	runChild,
	temporaryFolder,
	type Disk,
} from './harness.ts';
import { fileProblems, ledgerProblems, problemsOf } from './invariants.ts';
import { seededRandom, type LedgerLine, type PowerRun } from './powerRun.ts';
import { readStore } from './readStore.ts';
import { readLog, type LogEntry } from './writeLog.ts';

const POINTS = Number(process.env.TRIBUTARY_POWER_CUTS ?? 150);
/** A start takes a second or so. */
const STARTS = Math.ceil(POINTS / 50);
const SEED = Number(process.env.TRIBUTARY_SEED ?? Date.now() % 1_000_000);

async function record(
	disk: Disk,
	operations: number,
	functionsDir = changeableFixture(),
): Promise<LogEntry[]> {
	const run: PowerRun = {
		dataDir: disk.dataDir,
		functionsDir,
		ledger: disk.ledger,
		operations,
		seed: SEED,
	};
	await all(runChild('powerRun.ts', run, disk, { isRecorded: true }).lines());
	return readLog(disk.log);
}

/** Right before and after every flush, and some in between. */
function cutPoints(
	entries: LogEntry[],
	from: number,
	most: number,
	random: () => number,
): Set<number> {
	const borders = entries.flatMap(({ type }, i) =>
		type === 'sync' && i >= from ? [i, i + 1] : [],
	);
	const others = entries.flatMap((_, i) => (i >= from ? [i] : []));
	const points = new Set<number>([entries.length]);
	const size = Math.min(most, others.length);
	while (points.size < size) {
		const pool = random() < 0.6 && borders.length > 0 ? borders : others;
		points.add(pool[Math.floor(random() * pool.length)]!);
	}
	return points;
}

/** What was scheduled before the cut runs after it. */
async function jobsEnd(app: App): Promise<void> {
	for (;;) {
		const { jobs } = await app.everything();
		if (jobs.every(({ state }) => state !== 'pending' && state !== 'inProgress')) return;
		await sleep(20);
	}
}

interface Cuts {
	states: number;
	acknowledged: number;
	problems: string[];
}

/** `at`: how many entries there were before the cut. */
type Check = (folder: string, acknowledged: string[], at: number) => Promise<string[]>;

async function cutEverywhere(entries: LogEntry[], check: Check, most = POINTS): Promise<Cuts> {
	const random = seededRandom(SEED + 1);
	const cuts: Cuts = { states: 0, acknowledged: 0, problems: [] };
	const model = new DiskModel();
	const acknowledged: string[] = [];
	// Before the first acknowledgement nothing is promised.
	const from = entries.findIndex(({ type }) => type === 'ledger');
	const points = cutPoints(entries, from, most, random);
	const losses: Loss[] = ['everything', 'nothing', { random }, { random }];
	const folder = temporaryFolder();
	for (let at = 0; at <= entries.length; at++) {
		if (points.has(at)) {
			for (const [i, loss] of losses.entries()) {
				const target = path.join(folder, 'cut');
				model.materialize(target, loss);
				const problems = await check(path.join(target, 'data'), acknowledged, at).catch(
					(error: unknown) => [`does not open: ${String(error)}`],
				);
				cuts.states++;
				cuts.problems.push(
					...problems.map((text) => `entry ${at} of ${entries.length}, loss ${i}: ${text}`),
				);
				rmSync(target, { recursive: true, force: true });
			}
		}
		const entry = entries[at];
		if (!entry) break;
		model.apply(entry);
		if (entry.type !== 'ledger') continue;
		const line = JSON.parse(entry.text) as LedgerLine;
		if ('op' in line) acknowledged.push(line.op);
	}
	cuts.acknowledged = acknowledged.length;
	return cuts;
}

async function storeProblems(dataDir: string, acknowledged: string[]): Promise<string[]> {
	const { everything, problems } = await readStore(dataDir);
	return [
		...problems,
		...problemsOf(everything),
		...ledgerProblems(everything, acknowledged),
		...fileProblems(dataDir, everything.files, false),
	];
}

describe('R9 E3-4 a power cut', () => {
	test('loses nothing that was acknowledged, at any point, and leaves nothing half done', async () => {
		const entries = await record(newDisk(), 8);
		const cuts = await cutEverywhere(entries, storeProblems);
		console.log(
			`power cuts: seed ${SEED}, ${entries.length} entries, ${cuts.states} states, ${cuts.acknowledged} acknowledged, ` +
				`${cuts.problems.length} problems`,
		);
		expect(cuts.problems.slice(0, 10)).toEqual([]);
		expect(cuts.acknowledged).toBe(96);
		expect(cuts.states).toBeGreaterThan(100);
	}, 300_000);

	test('leaves a folder that a server starts on, with its files, bundles and jobs', async () => {
		const disk = newDisk();
		const functionsDir = changeableFixture();
		const entries = await record(disk, 2, functionsDir);
		const cuts = await cutEverywhere(
			entries,
			async (dataDir, acknowledged) => {
				// What the run left is where the bundles of this folder are looked for.
				const app = await startApp(dataDir, { functionsDir });
				try {
					await jobsEnd(app);
					const everything = await app.everything();
					return [
						...problemsOf(everything),
						...ledgerProblems(everything, acknowledged),
						...fileProblems(dataDir, everything.files, true),
					];
				} finally {
					await app.close();
				}
			},
			STARTS,
		);
		expect(cuts.problems.slice(0, 10)).toEqual([]);
	}, 300_000);

	test('with synchronous=NORMAL takes at most what came since the last checkpoint', async () => {
		const disk = newDisk();
		const { dataDir, ledger } = disk;
		await all(runChild('normalRun.ts', { dataDir, ledger }, disk, { isRecorded: true }).lines());
		const entries = readLog(disk.log);
		// A checkpoint begins by flushing the log: what was acknowledged before that is safe.
		const logs = new Set<number>();
		let sinceStart = 0;
		let checkpoints = 0;
		const safeAt = [0];
		for (const entry of entries) {
			if (entry.type === 'open' && entry.path.endsWith('-wal')) logs.add(entry.handle);
			if (entry.type === 'ledger') sinceStart++;
			const isFlush = entry.type === 'sync' && logs.has(entry.handle);
			if (isFlush) checkpoints++;
			safeAt.push(isFlush ? sinceStart : safeAt.at(-1)!);
		}
		expect(checkpoints).toBeGreaterThan(1);
		let lost = 0;
		const cuts = await cutEverywhere(entries, async (folder, acknowledged, at) => {
			const { everything, problems } = await readStore(folder);
			lost += Math.max(0, acknowledged.length - everything.ops.length);
			return [
				...problems,
				...problemsOf(everything),
				...ledgerProblems(everything, acknowledged.slice(0, safeAt[at])),
			];
		});
		expect(cuts.problems.slice(0, 10)).toEqual([]);
		// Without a loss this would not have told NORMAL from FULL.
		expect(lost).toBeGreaterThan(0);
	}, 300_000);

	test('control: with a disk that ignores fsync, losses are found', async () => {
		const disk = newDisk();
		disk.control.forgetSync();
		const cuts = await cutEverywhere(await record(disk, 3), storeProblems);
		expect(cuts.problems.some((text) => /LOST|does not open/.test(text))).toBe(true);
	}, 300_000);
});
