/** Which folder holds the functions: the one given, or the one its `convex.json` names. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { CommandError } from './command.ts';

const DEFAULT_FOLDER = 'convex';

/** @param given absolute; a project's root or the functions' folder itself. @throws CommandError */
export function functionsFolder(given: string): string {
	if (!statSync(given, { throwIfNoEntry: false })?.isDirectory()) {
		throw new CommandError(
			'NoFunctions',
			`There is no folder ${given}. Name one with --functions.`,
		);
	}
	const configured = readConfigured(path.join(given, 'convex.json'));
	if (configured !== null) {
		const folder = path.resolve(given, configured);
		if (existsSync(folder)) return folder;
		throw new CommandError('NoFunctions', `convex.json names ${configured}, which does not exist.`);
	}
	const nested = path.join(given, DEFAULT_FOLDER);
	// A functions' folder may have modules in a folder of that name; a project's root has a manifest.
	const isProject = existsSync(path.join(given, 'package.json')) && existsSync(nested);
	return isProject || isOnlyHolder(given, nested) ? nested : given;
}

function readConfigured(file: string): string | null {
	if (!existsSync(file)) return null;
	try {
		const { functions } = JSON.parse(readFileSync(file, 'utf8')) as { functions?: unknown };
		return typeof functions === 'string' ? functions : null;
	} catch {
		throw new CommandError('BadConvexJson', `${file} is not JSON.`);
	}
}

/** A root without a manifest: it has no `_generated` nor schema of its own, but its `convex` has. */
function isOnlyHolder(given: string, nested: string): boolean {
	const marks = ['_generated', 'schema.ts', 'schema.js', 'convex.config.ts', 'tsconfig.json'];
	const looksLikeFunctions = (folder: string) =>
		marks.some((mark) => existsSync(path.join(folder, mark)));
	return existsSync(nested) && looksLikeFunctions(nested) && !looksLikeFunctions(given);
}
