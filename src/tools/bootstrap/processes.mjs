/** Which Node runs us, and a child process whose signals and exit code are ours. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** better-sqlite3 13 crashes below 22, undici 8 needs 22.19, and TypeScript runs unbuilt from 22.18 on. */
const MINIMUM = { major: 22, minor: 19 };

/** The Node of the lockfile (Linux x64), else the one that runs this script if it is new enough. @param {string} root */
export function pinnedNode(root) {
	const local = path.join(root, 'node_modules/.bin/node');
	if (existsSync(local)) return local;
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	if (major > MINIMUM.major || (major === MINIMUM.major && minor >= MINIMUM.minor))
		return process.execPath;
	throw new Error(
		`Tributary needs Node ${MINIMUM.major}.${MINIMUM.minor} or newer on this platform; this is Node ${process.versions.node}. Install the current LTS release and start again.`,
	);
}

/**
 * Runs to the end and resolves to the exit code. SIGINT and SIGTERM go to the child, which stops in its own time.
 * @param {string} command @param {string[]} args @param {string} cwd @param {Record<string, string>} [env]
 * @param {import('node:child_process').StdioOptions} [stdio]
 * @returns {Promise<number>}
 */
export function run(command, args, cwd, env = {}, stdio = 'inherit') {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { cwd, stdio, env: { ...process.env, ...env } });
		/** @param {NodeJS.Signals} signal */
		const forward = (signal) => child.kill(signal);
		process.on('SIGINT', forward);
		process.on('SIGTERM', forward);
		child.on('error', reject);
		child.on('exit', (code, signal) => {
			process.off('SIGINT', forward);
			process.off('SIGTERM', forward);
			resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1));
		});
	});
}
