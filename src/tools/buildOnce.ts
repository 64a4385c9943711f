/** Builds the pages only when something they are made of has changed since the last build. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runBin } from './childProcess.ts';
import { root } from './root.ts';

const STAMP = path.join(root, 'build/.tributary-build');
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

/** Resolves when `build/` is current; rejects when the build fails. */
export async function buildOnce(): Promise<void> {
	const current = fingerprint();
	if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === current) return;
	console.log('Building the pages (once after each change, about half a minute) …');
	const code = await runBin('vite', ['build', '--logLevel', 'warn']);
	if (code !== 0) throw new Error(`The build failed with exit code ${code}; its message is above.`);
	writeFileSync(STAMP, current);
}
