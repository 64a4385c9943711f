/**
 * `npm test`: everything. `npm test -- -t S3-04` runs only the tests whose names match, in every runner.
 * Installs what the tests need (a browser, Prometheus) where this machine allows it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildOnce } from '../buildOnce.ts';
import { runBin, runFile } from '../childProcess.ts';
import { needChromium } from '../needs/chromium.ts';
import { needProgram } from '../needs/debianPackage.ts';
import { runChecks } from './check.ts';

interface Counts {
	passed: number;
	failed: number;
	skipped: number;
}

/** Planted bugs tried at the end of every run, from as many folders: about 20 s. */
const SABOTAGE_SAMPLE = 6;

const reports = mkdtempSync(path.join(tmpdir(), 'tributary-tests-'));

function readReport<T>(name: string): T | null {
	try {
		return JSON.parse(readFileSync(path.join(reports, name), 'utf8')) as T;
	} catch {
		return null;
	}
}

function vitestCounts(): Counts {
	type Report = { numPassedTests: number; numFailedTests: number; numPendingTests: number };
	const report = readReport<Report>('vitest.json');
	if (!report) return { passed: 0, failed: 1, skipped: 0 };
	return {
		passed: report.numPassedTests,
		failed: report.numFailedTests,
		skipped: report.numPendingTests,
	};
}

function playwrightCounts(): Counts {
	const stats = readReport<{
		stats: { expected: number; unexpected: number; flaky: number; skipped: number };
	}>('playwright.json')?.stats;
	if (!stats) return { passed: 0, failed: 1, skipped: 0 };
	// A test that only passes on a second try is a failure: retries are off, so `flaky` should be 0 anyway.
	return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
}

const args = process.argv.slice(2);
const filterAt = args.findIndex((arg) => arg === '-t' || arg === '--testNamePattern');
const filter = filterAt >= 0 ? args[filterAt + 1] : undefined;

process.env.CHROMIUM_PATH = needChromium();
needProgram(['prometheus'], 'prometheus');
needProgram(['prometheus-node-exporter'], 'prometheus-node-exporter');

const failedChecks = filter ? [] : await runChecks();

const vitestCode = await runBin('vitest', [
	'run',
	...(filter ? ['-t', filter, '--passWithNoTests'] : []),
	'--reporter=default',
	'--reporter=json',
	`--outputFile.json=${path.join(reports, 'vitest.json')}`,
]);
const unit = vitestCounts();

// Green tests are worth what they find: a few planted bugs each time, all of them by `npm run sabotage`.
if (!filter && vitestCode === 0) {
	const sample = ['--sample', String(SABOTAGE_SAMPLE), '--after-green'];
	if ((await runFile('src/tools/targets/sabotage.ts', sample)) !== 0) failedChecks.push('sabotage');
}

await buildOnce();
const playwrightCode = await runBin(
	'playwright',
	[
		'test',
		'--project=e2e',
		...(filter ? ['-g', filter, '--pass-with-no-tests'] : []),
		'--reporter=list,json',
	],
	{ PLAYWRIGHT_JSON_OUTPUT_NAME: path.join(reports, 'playwright.json') },
);
const browser = playwrightCounts();
rmSync(reports, { recursive: true, force: true });

for (const name of failedChecks) console.error(`check failed: ${name}`);
const failed = unit.failed + browser.failed + failedChecks.length;
console.log(
	`\n${unit.passed + browser.passed} passed, ${failed} failed, ${unit.skipped + browser.skipped} skipped`,
);
process.exitCode = failed > 0 || vitestCode !== 0 || playwrightCode !== 0 ? 1 : 0;
