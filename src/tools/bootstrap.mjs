/**
 * `npm start`, `npm test`, … on a fresh machine: install what the lockfile pins, then run the target with the pinned
 * Node. Plain JavaScript with Node 20 built-ins only, because it runs before anything is installed.
 *
 * usage: bootstrap.mjs <target> [args…]     target: a file of ./targets, or `run <bin> [args…]` for a package's command
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './bootstrap/install.mjs';
import { pinnedNode, run } from './bootstrap/processes.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const [target = 'start', ...args] = process.argv.slice(2);
/** The folder src/server.ts turns to by itself. Known from the outset, Node need not even load its TypeScript reader. */
const startEnv = { NODE_COMPILE_CACHE: path.join(root, 'node_modules/.cache/compiled') };

try {
	await ensureInstalled(root);
	const node = pinnedNode(root);
	if (target === 'run') {
		const [bin, ...rest] = args;
		if (!bin) throw new Error('Name the command to run: bootstrap.mjs run <command> [arguments]');
		process.exitCode = await run(node, [path.join(root, 'node_modules/.bin', bin), ...rest], root);
	} else {
		const file = path.join(root, 'src/tools/targets', `${target}.ts`);
		if (!existsSync(file)) throw new Error(`There is no target "${target}" in src/tools/targets.`);
		// What people name is relative to where they are.
		const cwd = target === 'convex' ? process.cwd() : root;
		process.exitCode = await run(node, [file, ...args], cwd, target === 'start' ? startEnv : {});
	}
} catch (error) {
	console.error(`\n${error instanceof Error ? error.message : error}`);
	process.exitCode = 1;
}
