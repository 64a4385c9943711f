/** Turns esbuild's failures into PushErrors that name the file and what to do. */
import path from 'node:path';
import type { BuildFailure, Message } from 'esbuild';
import { isNodeBuiltin } from './bundleShims.ts';
import { toPosix } from './entryPoints.ts';
import { PushError } from './pushError.ts';

/** Beyond this the first errors say it all. */
const MAX_ERRORS_SHOWN = 5;

/** @param rebuild bundles one entry point alone: tells which of them leads to the offending import */
export async function explainBuildFailure(
	error: unknown,
	folder: string,
	files: string[],
	rebuild: (file: string) => Promise<unknown>,
): Promise<Error> {
	if (!isBuildFailure(error)) return error instanceof Error ? error : new Error(String(error));
	const first = error.errors[0]!;
	const builtin = /^Could not resolve "([^"]+)"/.exec(first.text)?.[1];
	if (builtin !== undefined && isNodeBuiltin(builtin)) {
		const entry = await findFailingEntry(files, builtin, rebuild);
		return explainBuiltin(builtin, first, folder, entry);
	}
	const shown = error.errors.slice(0, MAX_ERRORS_SHOWN).map((message) => format(message, folder));
	return new PushError('BundleFailed', fileOf(first, folder), shown.join('\n'));
}

function explainBuiltin(
	builtin: string,
	message: Message,
	folder: string,
	entry: string | null,
): PushError {
	const at = fileOf(message, folder);
	const module = entry === null ? at : toPosix(path.relative(folder, entry));
	const by = module === at || at === null ? 'It' : `It reaches ${at}, which`;
	// Then the words of the official CLI.
	return new PushError(
		'NodeBuiltinWithoutUseNode',
		module,
		`${by} imports "${builtin}", which only exists in Node. It looks like you are using Node APIs from a file without the ` +
			'"use node" directive. Split out actions using Node.js APIs like this into a new file only containing actions that ' +
			'uses "use node" so these actions will run in a Node.js environment.',
	);
}

async function findFailingEntry(
	files: string[],
	builtin: string,
	rebuild: (file: string) => Promise<unknown>,
): Promise<string | null> {
	for (const file of files) {
		try {
			await rebuild(file);
		} catch (error) {
			if (!isBuildFailure(error)) continue;
			if (error.errors.some(({ text }) => text.startsWith(`Could not resolve "${builtin}"`)))
				return file;
		}
	}
	return null;
}

function fileOf(message: Message, folder: string): string | null {
	if (!message.location) return null;
	return toPosix(path.relative(folder, path.resolve(folder, message.location.file)));
}

function format(message: Message, folder: string): string {
	const { location, text } = message;
	return location
		? `${text} (${fileOf(message, folder)}:${location.line}:${location.column + 1})`
		: text;
}

function isBuildFailure(error: unknown): error is BuildFailure {
	return (
		error instanceof Error &&
		Array.isArray((error as BuildFailure).errors) &&
		(error as BuildFailure).errors.length > 0
	);
}
