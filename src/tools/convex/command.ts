/** What every command of `npm run convex` has in common: its shape, its flags, how it fails. */
import path from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { root } from '../root.ts';

export interface Command {
	/** Printed by `--help`. */
	usage: string;
	/** Resolves to the exit code. Throws CommandError for what its user can mend. */
	run(args: string[]): Promise<number>;
}

/** Printed as one line of JSON on standard error; the process ends with 1. */
export class CommandError extends Error {
	readonly code: string;
	constructor(code: string, message: string) {
		super(message);
		this.name = 'CommandError';
		this.code = code;
	}
}

/** The flags of a command that takes nothing else. @throws CommandError 'BadUsage' */
export function readFlags<const T extends ParseArgsConfig>(
	command: string,
	config: T,
): ReturnType<typeof parseArgs<T>>['values'] {
	return readArguments(command, config).values;
}

/** Flags, and what stands between them. @throws CommandError 'BadUsage' */
export function readArguments<const T extends ParseArgsConfig>(
	command: string,
	config: T,
): ReturnType<typeof parseArgs<T>> {
	try {
		return parseArgs(config);
	} catch (error) {
		const [sentence] = (error as Error).message.split('. ');
		throw new CommandError(
			'BadUsage',
			`${sentence}. \`npm run convex -- ${command} --help\` shows what it takes.`,
		);
	}
}

/** npm runs scripts in the package's folder; what people type is relative to where they are. */
export function fromCaller(given: string): string {
	const { INIT_CWD, npm_package_json } = process.env;
	const isOurScript =
		process.cwd() === root && npm_package_json === path.join(root, 'package.json');
	return path.resolve(isOurScript && INIT_CWD ? INIT_CWD : process.cwd(), given);
}
