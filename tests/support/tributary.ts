/** A Tributary of one's own: the real server as a child process on a free port with a temporary data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../src/tools/root.ts';

export interface Tributary {
	origin: string;
	dataDir: string;
	/** Of the process that runs now. */
	pid(): number;
	/** Everything the process wrote, for assertions about the log. */
	output(): string;
	/** SIGKILL: no chance to tidy up. */
	kill(): Promise<void>;
	/** SIGTERM; resolves to the exit code. */
	stop(): Promise<number | null>;
	/** Starts again on the same port and data. */
	restart(): Promise<void>;
	/** Stops and deletes the data. */
	dispose(): Promise<void>;
}

const READY = /Tributary is ready at\s+(\S+)/;
const START_LIMIT_MS = 60_000;

function started(child: ChildProcess, log: string[]): Promise<string> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(
			() => reject(new Error(`The server did not start:\n${log.join('')}`)),
			START_LIMIT_MS,
		);
		const look = (chunk: Buffer) => {
			log.push(chunk.toString());
			const ready = READY.exec(log.join(''));
			if (!ready) return;
			clearTimeout(timer);
			resolve(ready[1]!);
		};
		child.stdout!.on('data', look);
		child.stderr!.on('data', look);
		child.once('exit', (code) => {
			clearTimeout(timer);
			reject(new Error(`The server ended with code ${code}:\n${log.join('')}`));
		});
	});
}

function exited(child: ChildProcess): Promise<number | null> {
	if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
	return new Promise((resolve) => child.once('exit', resolve));
}

/** `env` adds to the environment, e.g. HOST. Needs a current build. */
export async function startTributary(env: Record<string, string> = {}): Promise<Tributary> {
	const dataDir = mkdtempSync(path.join(tmpdir(), 'tributary-data-'));
	const history: string[] = [];
	let child: ChildProcess;
	let port = '0';
	const isExpected = new WeakSet<ChildProcess>();

	async function start() {
		const log: string[] = [];
		child = spawn(process.execPath, [path.join(root, 'src/server.ts')], {
			cwd: root,
			env: { ...process.env, ORIGIN: '', PORT: port, TRIBUTARY_DATA: dataDir, ...env },
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		child.stdout!.on('data', (chunk: Buffer) => history.push(chunk.toString()));
		child.stderr!.on('data', (chunk: Buffer) => history.push(chunk.toString()));
		const origin = await started(child, log);
		const mine = child;
		mine.once('exit', (code, signal) => {
			if (isExpected.has(mine)) return;
			// Whatever the test says next is a consequence: the cause is in here.
			console.error(`The server ended by itself (${code ?? signal}):\n${log.join('')}`);
		});
		port = new URL(origin).port;
		return origin;
	}

	const origin = await start().catch((error: unknown) => {
		rmSync(dataDir, { recursive: true, force: true });
		throw error;
	});
	return {
		origin,
		dataDir,
		pid: () => child.pid!,
		output: () => history.join(''),
		async kill() {
			isExpected.add(child);
			child.kill('SIGKILL');
			await exited(child);
		},
		async stop() {
			isExpected.add(child);
			child.kill('SIGTERM');
			return exited(child);
		},
		async restart() {
			await start();
		},
		async dispose() {
			isExpected.add(child);
			child.kill('SIGKILL');
			await exited(child);
			rmSync(dataDir, { recursive: true, force: true });
		},
	};
}
