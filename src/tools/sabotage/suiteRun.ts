import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

/** A planted bug may make a suite wait for ever; none that is green takes nearly as long. */
const MAX_RUN_MS = 10 * 60_000;

export interface FailedTest {
	/** In full, groups included. */
	name: string;
	/** The first line of why. */
	reason: string;
}

export interface SuiteRun {
	failed: FailedTest[];
	passed: number;
	/** Every file loaded, something ran, nothing failed, and Vitest ended with 0. */
	isGreen: boolean;
	/** Why there are no tests to speak of (the file did not load, the run was cut), or null. */
	trouble: string | null;
	seconds: number;
}

interface Report {
	testResults: {
		message: string;
		assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
	}[];
}

/** Runs one test file of a working copy. */
export async function runSuite(copy: string, file: string): Promise<SuiteRun> {
	const report = path.join(copy, 'sabotage-report.json');
	rmSync(report, { force: true });
	const started = performance.now();
	const vitest = path.join(copy, 'node_modules/vitest/vitest.mjs');
	const args = ['run', '--project', 'embedded', '--reporter=json', `--outputFile=${report}`, file];
	const { code, output } = await runQuietly([vitest, ...args], copy);
	const seconds = (performance.now() - started) / 1000;
	const files = readReport(report)?.testResults ?? [];
	const tests = files.flatMap(({ assertionResults }) => assertionResults);
	const failed = tests
		.filter(({ status }) => status === 'failed')
		.map(({ fullName, failureMessages: [message = ''] }) => ({
			name: fullName,
			reason: message.split('\n', 1)[0]!,
		}));
	const passed = tests.filter(({ status }) => status === 'passed').length;
	const isGreen = code === 0 && failed.length === 0 && passed > 0;
	const trouble =
		tests.length > 0 ? null : files.map(({ message }) => message).join('\n') || output;
	return { failed, passed, isGreen, trouble, seconds };
}

function readReport(file: string): Report | null {
	try {
		return JSON.parse(readFileSync(file, 'utf8')) as Report;
	} catch {
		return null;
	}
}

function runQuietly(args: string[], cwd: string): Promise<{ code: number | null; output: string }> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, args, {
			cwd,
			stdio: ['ignore', 'pipe', 'pipe'],
			timeout: MAX_RUN_MS,
		});
		let output = '';
		const keep = (chunk: Buffer) => (output = (output + String(chunk)).slice(-4_000));
		child.stdout.on('data', keep);
		child.stderr.on('data', keep);
		child.on('error', reject);
		child.on('close', (code) => resolve({ code, output }));
	});
}
