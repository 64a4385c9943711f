/**
 * SIGKILL at instants by chance and at named points, with official clients that go on. TRIBUTARY_KILLS = how many
 * (default 24, the release gate runs 200), TRIBUTARY_SEED repeats a run.
 */
import {
	copyFileSync,
	cpSync,
	existsSync,
	mkdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { all, changeableFixture, newDisk, runChild, type Disk } from './harness.ts';
import { fileProblems, ledgerProblems, problemsOf } from './invariants.ts';
import { KillClients } from './killClients.ts';
import { KILL_POINTS, type KillPoint } from './killPoints.ts';
import { seededRandom } from './powerRun.ts';
import { readStore } from './readStore.ts';

const KILLS = Number(process.env.TRIBUTARY_KILLS ?? KILL_POINTS.length);
const SEED = Number(process.env.TRIBUTARY_SEED ?? Date.now() % 1_000_000);
/** A point that was not reached by then is given up, and the victim killed at that instant. */
const PATIENCE_MS = 30_000;
/** Where a trigger falls is drawn by lot, and may lie behind all that this victim does. */
const TRIES = 3;

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}

/** As it would be found by somebody who copies what a killed process has left. */
async function inspect(disk: Disk, acknowledged: string[]): Promise<string[]> {
	if (!existsSync(path.join(disk.dataDir, 'convex.sqlite'))) return [];
	const copy = path.join(path.dirname(disk.root), 'copy');
	rmSync(copy, { recursive: true, force: true });
	mkdirSync(copy);
	for (const name of ['convex.sqlite', 'convex.sqlite-wal']) {
		const file = path.join(disk.dataDir, name);
		if (existsSync(file)) copyFileSync(file, path.join(copy, name));
	}
	const { everything, problems } = await readStore(copy);
	return [
		...problems,
		...problemsOf(everything),
		...ledgerProblems(everything, acknowledged),
		...fileProblems(disk.dataDir, everything.files, false),
	];
}

interface KillReport {
	kills: number;
	/** How often each point was where the victim died. */
	reached: Map<string, number>;
	acknowledged: number;
	problems: string[];
}

async function killRun(points: KillPoint[], sabotage?: string): Promise<KillReport> {
	const random = seededRandom(SEED);
	const disk = newDisk();
	const functionsDir = changeableFixture();
	const port = await freePort();
	const clients = new KillClients(`http://127.0.0.1:${port}`, 3);
	const report: KillReport = { kills: 0, reached: new Map(), acknowledged: 0, problems: [] };
	const victim = () =>
		runChild<string>('killVictim.ts', { dataDir: disk.dataDir, functionsDir, port }, disk, {
			sabotage,
		});
	const queue = [...points];
	const misses = new Map<KillPoint, number>();
	for (let point = queue.shift(); point; point = queue.shift()) {
		if (point.changesSchema) toggleIndex(functionsDir);
		const trigger = point.trigger?.(random);
		if (trigger && point.atStart) disk.control.arm(trigger);
		const child = victim();
		const isUp = !(await child.lines().next()).done;
		if (isUp) {
			if (trigger && !point.atStart) disk.control.arm(trigger);
			clients.work(point.work);
			const patience = trigger ? PATIENCE_MS : 50 + random() * 600;
			const timer = setTimeout(() => child.process.kill('SIGKILL'), patience);
			await child.ended;
			clearTimeout(timer);
		}
		clients.work(null);
		const end = await child.ended;
		if (end !== 'SIGKILL') report.problems.push(`${point.name}: the victim ended with ${end}`);
		if (!trigger || disk.control.fired > 0) {
			report.reached.set(point.name, (report.reached.get(point.name) ?? 0) + 1);
		} else {
			const missed = (misses.get(point) ?? 0) + 1;
			misses.set(point, missed);
			if (missed < TRIES && !report.reached.has(point.name)) queue.push(point);
		}
		disk.control.clear();
		report.kills++;
		const problems = await inspect(disk, [...clients.acknowledged.keys()]);
		report.problems.push(...problems.map((text) => `kill ${report.kills}, ${point.name}: ${text}`));
		if (problems.length > 0) break;
	}
	const child = victim();
	const lines = child.lines();
	await lines.next();
	await clients.finish();
	await jobsDone(disk);
	child.process.kill('SIGTERM');
	await all(lines);
	const { everything } = await readStore(disk.dataDir);
	const ran = new Set(everything.mutationRuns);
	const missed = [...clients.acknowledged].filter(
		([op, kind]) => kind === 'withMutationJob' && !ran.has(op),
	);
	report.problems.push(
		...(await inspect(disk, [...clients.acknowledged.keys()])),
		...missed.map(([op]) => `LOST: the scheduled mutation of ${op} has not run`),
		...clients.failures.map((text) => `a client was told: ${text}`),
	);
	report.acknowledged = clients.acknowledged.size;
	return report;
}

/** The server is up: what was scheduled ends by itself. */
async function jobsDone(disk: Disk): Promise<void> {
	for (;;) {
		const copy = path.join(path.dirname(disk.root), 'jobs');
		rmSync(copy, { recursive: true, force: true });
		cpSync(disk.dataDir, copy, {
			recursive: true,
			filter: (file) => !/functions|files|-shm$|\.lock/.test(path.basename(file)),
		});
		const { everything } = await readStore(copy);
		if (everything.jobs.every(({ state }) => state !== 'pending' && state !== 'inProgress')) return;
		await sleep(100);
	}
}

function toggleIndex(functionsDir: string): void {
	const file = path.join(functionsDir, 'schema.ts');
	const text = readFileSync(file, 'utf8');
	const added = `.index('by_n_and_padding', ['n', 'padding'])`;
	writeFileSync(
		file,
		text.includes(added)
			? text.replace(added, '')
			: text.replace(`.index('by_op'`, `${added}.index('by_op'`),
	);
}

const named = (...parts: string[]): KillPoint[] =>
	parts.map((part) => KILL_POINTS.find(({ name }) => name.startsWith(part))!);

describe('R1 E3-4 SIGKILL', () => {
	test('loses nothing acknowledged, doubles nothing, runs jobs once', async () => {
		const points = Array.from({ length: KILLS }, (_, i) => KILL_POINTS[i % KILL_POINTS.length]!);
		const report = await killRun(points);
		const reached = [...report.reached.values()].reduce((sum, n) => sum + n, 0);
		console.log(
			`kills: seed ${SEED}, ${report.kills} kills, ${reached} at their point, ${report.acknowledged} acknowledged, ` +
				`${report.problems.length} lost, doubled or wrong\n${[...report.reached].map(([name, n]) => `  ${n} × ${name}`).join('\n')}`,
		);
		expect(report.problems).toEqual([]);
		expect(report.kills).toBeGreaterThanOrEqual(KILLS);
		const unreached = points.map(({ name }) => name).filter((name) => !report.reached.has(name));
		expect(unreached).toEqual([]);
	}, 3_600_000);

	test('control: a server that answers before COMMIT is found out', async () => {
		// Killed while it takes a file, when several others were acknowledged. What a kill interrupts in COMMIT is written.
		const [point] = named('file renamed');
		const trigger = () => ({ ...point!.trigger!(() => 0), at: 8 });
		const { problems } = await killRun([{ ...point!, trigger }], 'sabotageEarlyAnswer.ts');
		expect(problems.some((text) => text.includes('LOST'))).toBe(true);
	}, 120_000);

	test('control: a server that forgets what it has answered is found out', async () => {
		const after = named('after COMMIT');
		const { problems } = await killRun([...after, ...after, ...after], 'sabotageForgetful.ts');
		expect(problems.some((text) => text.includes('is there twice'))).toBe(true);
	}, 120_000);
});
