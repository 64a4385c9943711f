/** A lock between processes: whoever makes the directory holds it. Node 20 built-ins only, like all of this folder. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A holder that is still there after this hangs: the slowest install seen took under two minutes. */
const STALE_MS = 15 * 60_000;
const POLL_MS = 500;

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
		return !isAlive(pid) || Date.now() - statSync(lock).mtimeMs > STALE_MS;
	} catch {
		// The holder made the directory and has not written its id yet, or has just let go.
		return existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 10_000;
	}
}

/**
 * Waits until the lock is free and takes it; mkdir is atomic on every file system, so exactly one process wins.
 * @param {string} lock path of the directory that is the lock
 * @param {string} work what its holders do, e.g. "installing packages"
 * @returns {Promise<() => void>} gives it back
 */
export async function takeLock(lock, work) {
	for (let told = false; ;) {
		try {
			mkdirSync(lock);
			writeFileSync(path.join(lock, 'pid'), String(process.pid));
			return () => rmSync(lock, { recursive: true, force: true });
		} catch (error) {
			if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
			if (isStale(lock)) {
				console.error(`Another process was interrupted while ${work}; clearing its lock.`);
				rmSync(lock, { recursive: true, force: true });
				continue;
			}
			if (!told) console.error(`Another process is ${work}; waiting for it.`);
			told = true;
			await sleep(POLL_MS);
		}
	}
}
