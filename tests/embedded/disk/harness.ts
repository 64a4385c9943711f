/** Folders and children of the disk suites. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach } from 'vitest';
import { FIXTURE } from './app.ts';
import { DiskControl, shimEnv, type ShimFiles } from './shim.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
export const whenDone = (cleanup: () => unknown): void => void cleanups.push(cleanup);

export function temporaryFolder(): string {
	const folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'embedded-disk-'));
	whenDone(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** Inside node_modules, so that `convex/server` resolves as in a project. */
export function changeableFixture(): string {
	const modules = path.join(import.meta.dirname, '..', '..', '..', 'node_modules');
	const folder = mkdtempSync(path.join(modules, '.embedded-disk-'));
	whenDone(() => rmSync(folder, { recursive: true, force: true }));
	cpSync(FIXTURE, folder, { recursive: true });
	return folder;
}

export interface Disk {
	/** The disk: everything below is the shim's. */
	root: string;
	dataDir: string;
	log: string;
	ledger: string;
	control: DiskControl;
}

export function newDisk(): Disk {
	const folder = temporaryFolder();
	const root = path.join(folder, 'disk');
	mkdirSync(root);
	const control = new DiskControl(path.join(folder, 'control'));
	whenDone(() => control.close());
	return {
		root,
		dataDir: path.join(root, 'data'),
		log: path.join(folder, 'log'),
		ledger: path.join(folder, 'ledger'),
		control,
	};
}

export interface Child<T> {
	process: ChildProcess;
	/** What it printed, one JSON value per line, until it ended. Rejects when it ended badly without being killed. */
	lines(): AsyncGenerator<T>;
	/** Signal or exit code. */
	ended: Promise<NodeJS.Signals | number>;
}

/** Runs a module of this folder under the shim. */
export function runChild<T>(
	module: string,
	args: unknown,
	disk: Disk,
	{ isRecorded = false, sabotage }: { isRecorded?: boolean; sabotage?: string } = {},
): Child<T> {
	const files: ShimFiles = { root: disk.root, control: disk.control.file };
	if (isRecorded) Object.assign(files, { log: disk.log, ledger: disk.ledger });
	const at = (name: string) => path.join(import.meta.dirname, name);
	const child = spawn(
		process.execPath,
		[...(sabotage ? ['--import', at(sabotage)] : []), at(module), JSON.stringify(args)],
		{ stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...shimEnv(files) } },
	);
	let complaints = '';
	child.stderr.on('data', (text) => (complaints += String(text)));
	const ended = new Promise<NodeJS.Signals | number>((resolve) =>
		child.on('close', (code, signal) => resolve(signal ?? code ?? -1)),
	);
	whenDone(async () => {
		child.kill('SIGKILL');
		await ended;
	});
	return {
		process: child,
		ended,
		async *lines() {
			for await (const line of createInterface({ input: child.stdout }))
				yield JSON.parse(line) as T;
			const end = await ended;
			if (end !== 0 && end !== 'SIGKILL')
				throw new Error(`${module} ended with ${end}: ${complaints}`);
		},
	};
}

export async function all<T>(lines: AsyncGenerator<T>): Promise<T[]> {
	const found: T[] = [];
	for await (const line of lines) found.push(line);
	return found;
}
