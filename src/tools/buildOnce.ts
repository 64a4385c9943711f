/** Builds the pages only when something they are made of has changed since the last build. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { takeLock } from './bootstrap/lock.mjs';
import { runBin } from './childProcess.ts';
import { root } from './root.ts';

const STAMP = path.join(root, 'build/.tributary-build');
/** Not in `build/`, which a build empties. */
const LOCK = path.join(root, 'node_modules/.tributary-build.lock');
const SOURCES = [
	'src',
	'static',
	'convex/_generated',
	'package.json',
	'package-lock.json',
	'svelte.config.js',
	'vite.config.ts',
];

function* filesBelow(entry: string): Generator<string> {
	if (!existsSync(entry)) return;
	if (!statSync(entry).isDirectory()) return yield entry;
	for (const name of readdirSync(entry).sort()) yield* filesBelow(path.join(entry, name));
}

function fingerprint(): string {
	const hash = createHash('sha256');
	for (const source of SOURCES) {
		for (const file of filesBelow(path.join(root, source))) {
			hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
		}
	}
	return hash.digest('hex');
}

function isCurrent(): boolean {
	return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint();
}

/** Resolves when `build/` is current; rejects when the build fails. Several callers at once make one build. */
export async function buildOnce(): Promise<void> {
	if (isCurrent()) return;
	// Test files that need the pages run side by side, and two builds would delete each other's output.
	const release = await takeLock(LOCK, 'building the pages');
	try {
		if (isCurrent()) return;
		console.log('Building the pages (once after each change, about half a minute) …');
		const current = fingerprint();
		// A test runner's NODE_ENV would make a development build, and the stamp would hand it to `npm start`.
		const code = await runBin('vite', ['build', '--logLevel', 'warn'], { NODE_ENV: 'production' });
		if (code !== 0)
			throw new Error(`The build failed with exit code ${code}; its message is above.`);
		writeFileSync(STAMP, current);
	} finally {
		release();
	}
}
