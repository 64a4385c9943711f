/** Installs the lockfile's packages once per (package.json, lockfile, platform), with a lock between two starts. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { takeLock } from './lock.mjs';
import { run } from './processes.mjs';

const STAMP = 'node_modules/.tributary-install';
const LOCK = '.tributary-install.lock';

/** What decides which packages lie in node_modules; a changed script does not. @param {string} root */
function fingerprint(root) {
	const { dependencies, devDependencies, optionalDependencies, overrides, allowScripts } =
		JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
	return createHash('sha256')
		.update(`${process.platform}-${process.arch}`)
		.update(
			JSON.stringify([
				dependencies,
				devDependencies,
				optionalDependencies,
				overrides,
				allowScripts,
			]),
		)
		.update(readFileSync(path.join(root, 'package-lock.json')))
		.digest('hex');
}

/** @param {string} root */
function isInstalled(root) {
	const stamp = path.join(root, STAMP);
	return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root);
}

/** @param {string} root */
export async function ensureInstalled(root) {
	if (isInstalled(root)) return;
	const release = await takeLock(path.join(root, LOCK), 'installing packages');
	try {
		if (isInstalled(root)) return;
		console.error('Installing packages (once, about half a minute) …');
		const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
		const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
		// What a target prints may be read by a program: nothing else goes to standard output.
		const code = await run(npm, args, root, {}, ['inherit', 2, 'inherit']);
		if (code !== 0) {
			throw new Error(
				`npm ci failed with exit code ${code}. Its own message is above; fix that and start again.`,
			);
		}
		mkdirSync(path.join(root, 'node_modules'), { recursive: true });
		writeFileSync(path.join(root, STAMP), fingerprint(root));
	} finally {
		release();
	}
}
