/** `npm run convex -- <command>`: serve a folder of Convex functions, and look after its data. */
import { CommandError, type Command } from '../convex/command.ts';

/** In the order `help` lists them. Loaded when asked for: most need what the others do not. */
const COMMANDS: Record<string, { about: string; load: () => Promise<Command> }> = {
	serve: {
		about: 'run a folder of functions',
		load: () => import('../convex/serve.ts'),
	},
	run: {
		about: 'call a function of a served deployment',
		load: () => import('../convex/run.ts'),
	},
	data: {
		about: 'list tables, print documents',
		load: () => import('../convex/data.ts'),
	},
	logs: {
		about: 'follow the functions that run',
		load: () => import('../convex/logs.ts'),
	},
	env: {
		about: 'list, set and remove deployment variables',
		load: () => import('../convex/env.ts'),
	},
	export: {
		about: 'the tables as the ZIP that npx convex import accepts',
		load: () => import('../convex/export.ts'),
	},
	import: {
		about: 'an export, or one table’s file, into a deployment',
		load: () => import('../convex/import.ts'),
	},
	backup: {
		about: 'the whole deployment in one file, while it serves',
		load: () => import('../convex/backup.ts'),
	},
	restore: {
		about: 'a backup becomes a data folder',
		load: () => import('../convex/restore.ts'),
	},
	check: {
		about: 'does the data agree with itself?',
		load: () => import('../convex/check.ts'),
	},
};

export function helpText(): string {
	const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
	return [
		'usage: npm run convex -- <command> [flags]',
		'',
		...Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`),
		'',
		'`npm run convex -- <command> --help` says more about one. With `npm run --silent`, npm itself prints nothing.',
	].join('\n');
}

async function main(name: string | undefined, args: string[]): Promise<number> {
	if (name === undefined || ['help', '--help', '-h'].includes(name)) {
		console.log(helpText());
		return name === undefined ? 1 : 0;
	}
	const command = Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]!.load() : null;
	if (!command) {
		const known = Object.keys(COMMANDS).join(', ');
		throw new CommandError('UnknownCommand', `There is no command "${name}". There are: ${known}.`);
	}
	if (args.includes('--help') || args.includes('-h')) {
		console.log(command.usage);
		return 0;
	}
	return command.run(args);
}

try {
	const [name, ...args] = process.argv.slice(2);
	const code = await main(name, args);
	// Whatever still lies around (idle connections, timers) is not worth waiting for.
	process.exit(code);
} catch (error) {
	const { code, message } = error as { code?: unknown; message?: unknown };
	const known = typeof code === 'string' ? code : 'Failed';
	console.error(JSON.stringify({ status: 'failed', code: known, message: String(message) }));
	process.exit(1);
}
