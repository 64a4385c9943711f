/** Installs the lockfile's packages once per (package.json, lockfile, platform), with a lock between two starts. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './processes.mjs';

const STAMP = 'node_modules/.tributary-install';
const LOCK = '.tributary-install.lock';
/** An install that still holds the lock after this was killed: the slowest seen took under two minutes. */
const LOCK_STALE_MS = 15 * 60_000;
const LOCK_POLL_MS = 500;

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

/** @param {number} pid */
function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
	}
}

/** @param {string} lock */
function isStale(lock) {
	try {
		const pid = Number(readFileSync(path.join(lock, 'pid'), 'utf8'));
		return !isAlive(pid) || Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS;
	} catch {
		// The holder made the directory and has not written its id yet, or has just let go.
		return existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 10_000;
	}
}

/** mkdir is atomic on every file system, so exactly one start wins. @param {string} root */
async function takeLock(root) {
	const lock = path.join(root, LOCK);
	for (let told = false; ;) {
		try {
			mkdirSync(lock);
			writeFileSync(path.join(lock, 'pid'), String(process.pid));
			return () => rmSync(lock, { recursive: true, force: true });
		} catch (error) {
			if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
			if (isStale(lock)) {
				console.log('An earlier install was interrupted; clearing its lock.');
				rmSync(lock, { recursive: true, force: true });
				continue;
			}
			if (!told) console.log('Another start is installing packages; waiting for it.');
			told = true;
			await sleep(LOCK_POLL_MS);
		}
	}
}

/** @param {string} root */
export async function ensureInstalled(root) {
	if (isInstalled(root)) return;
	const release = await takeLock(root);
	try {
		if (isInstalled(root)) return;
		console.log('Installing packages (once, about half a minute) …');
		const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
		const code = await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, root);
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
