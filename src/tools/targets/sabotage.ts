/**
 * `npm run sabotage [-- <name or suite>…]`: plants each known bug in a copy of the working tree and requires that the
 * suite it belongs to turns red by the test that is there to find it.
 *
 *   --sample <n> [--seed <text>]   only n quick plants of n folders, chosen by the seed, which is printed
 *   --after-green                  the suites were green a moment ago: do not run them unplanted first
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
	applyPlant,
	type Plant,
	plantedFile,
	suiteFile,
} from '../../../tests/embedded/sabotage/plant.ts';
import { PLANTS } from '../../../tests/embedded/sabotage/plants.ts';
import { type FailedTest, runSuite, type SuiteRun } from '../sabotage/suiteRun.ts';
import { createWorkingCopy } from '../sabotage/workingCopy.ts';

/** Suites start servers and threads of their own. */
const AT_ONCE = 2;

interface Verdict {
	plant: Plant;
	/** null: found as it must be. */
	problem: string | null;
	seconds: number;
}

const { values: flags, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		sample: { type: 'string' },
		seed: { type: 'string' },
		'after-green': { type: 'boolean', default: false },
	},
});

function chosenPlants(): Plant[] {
	const named = PLANTS.filter(
		({ name, suite }) =>
			positionals.length === 0 ||
			positionals.some((wanted) => wanted === name || `${suite}/`.startsWith(`${wanted}/`)),
	);
	if (named.length === 0) throw new Error(`No plant is called ${positionals.join(' or ')}.`);
	if (flags.sample === undefined) return named;
	const seed = flags.seed ?? String(Date.now());
	console.log(`sabotage: a sample of ${flags.sample}, seed ${seed}`);
	const rank = ({ name }: Plant) => createHash('sha256').update(`${seed} ${name}`).digest('hex');
	const folders = new Set<string>();
	return named
		.filter(({ isSlow }) => !isSlow)
		.sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
		.filter(({ suite }) => !folders.has(folderOf(suite)) && folders.add(folderOf(suite)))
		.slice(0, Number(flags.sample));
}

function folderOf(suite: string): string {
	return suite.slice(0, suite.indexOf('/'));
}

/** Per suite, the run without a bug. */
const unplanted = new Map<string, Promise<SuiteRun>>();

function runUnplanted(copy: string, suite: string): Promise<SuiteRun> {
	let run = unplanted.get(suite);
	if (!run) unplanted.set(suite, (run = runSuite(copy, suiteFile(suite))));
	return run;
}

async function judge(copy: string, plant: Plant): Promise<Verdict> {
	const { suite } = plant;
	const file = path.join(copy, plantedFile(plant));
	const sound = readFileSync(file, 'utf8');
	const planted = applyPlant(plant, sound);
	if (!flags['after-green']) {
		const run = await runUnplanted(copy, suite);
		if (!run.isGreen) {
			const why = run.trouble ?? listed(run.failed);
			return { plant, problem: `not green without the bug: ${why}`, seconds: run.seconds };
		}
	}
	writeFileSync(file, planted);
	try {
		const run = await runSuite(copy, suiteFile(suite));
		return { plant, problem: problemOf(plant, run), seconds: run.seconds };
	} finally {
		writeFileSync(file, sound);
	}
}

function problemOf(plant: Plant, run: SuiteRun): string | null {
	if (run.trouble !== null) return `no test ran: ${run.trouble}`;
	if (run.failed.length === 0) return 'GREEN: no test finds the bug';
	if (run.failed.some(({ name }) => name.includes(plant.red))) return null;
	return `red, but not by "${plant.red}": ${listed(run.failed)}`;
}

function listed(failed: FailedTest[]): string {
	return failed.map(({ name, reason }) => `\n       - ${name}: ${reason}`).join('');
}

const copies: string[] = [];
process.on('exit', () => {
	for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const plants = chosenPlants();
const queue = [...plants];
const verdicts: Verdict[] = [];

async function work(copy: string): Promise<void> {
	for (let plant = queue.shift(); plant; plant = queue.shift()) {
		const verdict = await judge(copy, plant);
		verdicts.push(verdict);
		const mark = verdict.problem === null ? 'found ' : 'MISSED';
		const time = `${verdict.seconds.toFixed(1)} s`.padStart(8);
		console.log(`${mark} ${time}  ${plant.suite.padEnd(30)} ${plant.name}`);
		if (verdict.problem !== null) console.log(`       ${verdict.problem}`);
	}
}

for (let i = 0; i < Math.min(AT_ONCE, plants.length); i++) copies.push(createWorkingCopy());
await Promise.all(copies.map(work));

const missed = verdicts.filter(({ problem }) => problem !== null);
console.log(
	`\nsabotage: ${verdicts.length - missed.length} bugs found, ${missed.length} missed, in ${new Set(plants.map(({ suite }) => suite)).size} suites`,
);
process.exitCode = missed.length === 0 ? 0 : 1;
