/** `npm run check`: generated files are current, types hold, lint and format are clean. No tests are run. */
import { runBin, runFile } from '../childProcess.ts';

/** Each step: what a failing one is called, and how to run it. */
const STEPS: [name: string, run: () => Promise<number>][] = [
	['generated service list', () => runFile('src/tools/generateServices.ts', ['--check'])],
	['integration roadmap', () => runFile('src/tools/roadmap.ts', ['--check'])],
	['Convex codegen', () => runFile('src/tools/codegen.ts', ['--check'])],
	[
		'types of pages and server',
		async () =>
			(await runBin('svelte-kit', ['sync'])) ||
			runBin('svelte-check', ['--threshold', 'error', '--output', 'human']),
	],
	['lint', () => runBin('eslint', ['.', '--max-warnings', '0'])],
	['format', () => runBin('prettier', ['--check', '--log-level', 'warn', '.'])],
];

/** Names of the steps that failed; every step runs, so that one start shows everything there is to mend. */
export async function runChecks(): Promise<string[]> {
	const failed: string[] = [];
	for (const [name, run] of STEPS) {
		console.log(`check: ${name}`);
		if ((await run()) !== 0) failed.push(name);
	}
	return failed;
}

if (import.meta.main) {
	const failed = await runChecks();
	for (const name of failed) console.error(`check failed: ${name}`);
	process.exitCode = failed.length === 0 ? 0 : 1;
}
