/** Commands that the official CLI has already: it is pointed at a deployment and run as it is. */
import path from 'node:path';
import { run as runProcess } from '../bootstrap/processes.mjs';
import { root } from '../root.ts';
import { CommandError, fromCaller } from './command.ts';

const DEFAULT_URL = 'http://127.0.0.1:3210';
/** Their values are paths, and the CLI does not run where its caller is. */
const PATH_FLAGS = new Set(['--from-file']);

export const TARGET_FLAGS = `  --url <url>         of the deployment; default $CONVEX_URL, else ${DEFAULT_URL}
  --admin-key <key>   default $CONVEX_ADMIN_KEY
Everything else is handed to the official CLI, see https://docs.convex.dev/cli.`;

/** @throws CommandError before the CLI is started, which would try again for long */
export async function runOfficial(command: string, args: string[]): Promise<number> {
	const rest: string[] = [];
	let url = process.env.CONVEX_URL || DEFAULT_URL;
	let adminKey = process.env.CONVEX_ADMIN_KEY;
	for (let i = 0; i < args.length; i++) {
		const [flag, inline] = splitFlag(args[i]!);
		const value = () => inline ?? args[++i] ?? '';
		if (flag === '--url') url = value();
		else if (flag === '--admin-key') adminKey = value();
		else if (PATH_FLAGS.has(flag)) rest.push(flag, fromCaller(value()));
		else rest.push(args[i]!);
	}
	if (!adminKey) {
		throw new CommandError('NoAdminKey', 'Set CONVEX_ADMIN_KEY to the key of the deployment.');
	}
	await checkKey(url, adminKey);
	const bin = path.join(root, 'node_modules/.bin/convex');
	// Our own folder: the CLI wants a package.json that names convex.
	return runProcess(process.execPath, [bin, command, ...rest], root, {
		// Not as arguments, which every user of the machine can read.
		CONVEX_SELF_HOSTED_URL: url,
		CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
		CONVEX_DEPLOYMENT: '',
		CONVEX_DEPLOY_KEY: '',
		// It then reports no crashes over the network.
		CI: '1',
	});
}

function splitFlag(text: string): [flag: string, inline: string | undefined] {
	const equals = text.startsWith('--') ? text.indexOf('=') : -1;
	return equals === -1 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}

async function checkKey(url: string, adminKey: string): Promise<void> {
	let response: Response;
	try {
		response = await fetch(new URL('/api/check_admin_key', url), {
			headers: { authorization: `Convex ${adminKey}` },
		});
	} catch (error) {
		const { cause, message } = error as Error;
		const why = cause instanceof Error ? cause.message : message;
		throw new CommandError('Unreachable', `${url} does not answer: ${why}. Is it served?`);
	}
	// A real deployment of before this endpoint answers 404.
	if (response.ok || response.status === 404) return;
	const { code, message } = (await response.json().catch(() => ({}))) as Record<string, string>;
	throw new CommandError(code ?? 'Refused', message ?? `${url} answered ${response.status}.`);
}
