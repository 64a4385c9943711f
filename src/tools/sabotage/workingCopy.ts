import {
	cpSync,
	linkSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../root.ts';

/** What a test run makes or does not look at. `.svelte-kit` comes along: tsconfig.json extends a file of it. */
const LEFT_OUT = new Set(['node_modules', '.git', 'build', 'data', 'test-results', '.shots']);

/**
 * A copy of the working tree in a folder of its own, uncommitted changes included; the caller removes it.
 * `node_modules` is real folders of hard links, so that whatever looks for packages beside the sources finds them
 * there; on another disk it is a symbolic link.
 */
export function createWorkingCopy(): string {
	const copy = mkdtempSync(path.join(tmpdir(), 'tributary-sabotage-'));
	for (const entry of readdirSync(root)) {
		if (LEFT_OUT.has(entry) || entry.endsWith('.lock')) continue;
		const target = path.join(copy, entry);
		cpSync(path.join(root, entry), target, { recursive: true, verbatimSymlinks: true });
	}
	const modules = path.join(root, 'node_modules');
	const target = path.join(copy, 'node_modules');
	try {
		linkTree(modules, target, isPackage);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
		rmSync(target, { recursive: true, force: true });
		symlinkSync(modules, target);
	}
	return copy;
}

/** Other folders with a dot are caches and what tests put there: written to, so not to be shared. */
function isPackage(folder: string): boolean {
	return !folder.startsWith('.') || folder === '.bin';
}

function linkTree(from: string, to: string, isWanted: (folder: string) => boolean): void {
	mkdirSync(to);
	for (const entry of readdirSync(from, { withFileTypes: true })) {
		const source = path.join(from, entry.name);
		const target = path.join(to, entry.name);
		if (!entry.isDirectory()) linkSync(source, target);
		else if (isWanted(entry.name)) linkTree(source, target, () => true);
	}
}
