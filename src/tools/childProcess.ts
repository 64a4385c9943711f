import path from 'node:path';
import { run as runProcess } from './bootstrap/processes.mjs';
import { root } from './root.ts';

/** Runs a package's command with this Node and resolves to its exit code. */
export function runBin(
	bin: string,
	args: string[],
	env: Record<string, string> = {},
): Promise<number> {
	return runProcess(
		process.execPath,
		[path.join(root, 'node_modules/.bin', bin), ...args],
		root,
		env,
	);
}

/** Runs one of our TypeScript files with this Node and resolves to its exit code. */
export function runFile(
	file: string,
	args: string[] = [],
	env: Record<string, string> = {},
): Promise<number> {
	return runProcess(process.execPath, [path.join(root, file), ...args], root, env);
}
