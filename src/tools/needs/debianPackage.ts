/** Finds a program the tests need, or installs its Debian package when this is a machine where root may. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

let hasUpdated = false;

/** Absolute path of the first of `names` on PATH, or null. */
export function findOnPath(names: string[]): string | null {
	for (const name of names) {
		for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
			const file = path.join(folder, name);
			if (existsSync(file)) return file;
		}
	}
	return null;
}

function canInstall(): boolean {
	return process.getuid?.() === 0 && findOnPath(['apt-get']) !== null;
}

/** Installs one package; false when this machine does not let us or the package manager fails. */
export function installPackage(name: string): boolean {
	if (!canInstall()) return false;
	console.log(`Installing the package ${name} for the tests …`);
	const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
	if (!hasUpdated) {
		spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
		hasUpdated = true;
	}
	try {
		// The lock timeout lets two installs on one machine take turns.
		const options = ['-o', 'DPkg::Lock::Timeout=120', '-y', '-qq', '--no-install-recommends'];
		execFileSync('apt-get', ['install', ...options, name], {
			env,
			stdio: ['ignore', 'ignore', 'inherit'],
		});
		return true;
	} catch {
		return false;
	}
}

/** Path of a program from a Debian package, installed if need be. Throws with the command a person can run. */
export function needProgram(names: string[], packageName: string): string {
	const found = findOnPath(names) ?? (installPackage(packageName) ? findOnPath(names) : null);
	if (found) return found;
	throw new Error(
		`The tests need ${names[0]}, which is not on this machine. Install it with: apt-get install ${packageName}`,
	);
}
