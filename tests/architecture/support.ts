import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../src/tools/root.ts';

/** Every file git knows or would add, relative to the repository, forward slashes. */
export function repositoryFiles(): string[] {
	const output = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
		cwd: root,
		encoding: 'utf8',
		maxBuffer: 64 * 1024 * 1024,
	});
	return output.split('\n').filter((file) => file && existsSync(path.join(root, file)));
}

export function readText(file: string): string {
	return readFileSync(path.join(root, file), 'utf8');
}

const IMPORT =
	/(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:[^'"();]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Module specifiers a file imports or re-exports, statically or by import(). Type-only ones included. */
export function importsOf(file: string): string[] {
	const text = readText(file);
	const source = file.endsWith('.svelte')
		? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('\n')
		: text;
	return [...source.matchAll(IMPORT)].map((match) => (match[1] ?? match[2])!);
}

/** Repository path a specifier leads to, or the bare specifier of a package or built-in. */
export function resolveImport(file: string, specifier: string): string {
	if (specifier.startsWith('$lib/')) return `src/lib/${specifier.slice(5)}`;
	if (specifier.startsWith('$convex/')) return `convex/${specifier.slice(8)}`;
	if (!specifier.startsWith('.')) return specifier;
	return path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
}
