/** Where the commands that look after data find it: in a folder, or at a served deployment. */
import { CommandError, fromCaller } from './command.ts';
import {
	existingDataFolder,
	type DataFolder,
} from '../../lib/server/embedded/operate/dataFolder.ts';

export type Place =
	{ kind: 'folder'; folder: DataFolder } | { kind: 'served'; url: string; adminKey: string };

/** `--data` or `--url`, one of them. @throws CommandError, FunctionError 'NoSuchStore' */
export function placeOf(flags: { data?: string; url?: string }): Place {
	if ((flags.data === undefined) === (flags.url === undefined)) {
		throw new CommandError('BadUsage', 'Say which deployment: --data <dir>, or --url <address>.');
	}
	if (flags.data !== undefined) {
		return { kind: 'folder', folder: existingDataFolder(fromCaller(flags.data)) };
	}
	const adminKey = process.env.CONVEX_ADMIN_KEY;
	if (!adminKey) {
		throw new CommandError(
			'NoAdminKey',
			'Set CONVEX_ADMIN_KEY to the admin key of the deployment.',
		);
	}
	if (!URL.canParse(flags.url!)) {
		throw new CommandError(
			'BadUsage',
			`"${flags.url}" is not an address, e.g. http://127.0.0.1:3210.`,
		);
	}
	return { kind: 'served', url: new URL(flags.url!).origin, adminKey };
}

/** The answer of an administrators' endpoint. Throws CommandError with the deployment's own code and sentence. */
export async function ask(
	place: Place & { kind: 'served' },
	path: string,
	request: RequestInit & { duplex?: 'half' } = {},
): Promise<Response> {
	let response: Response;
	try {
		response = await fetch(place.url + path, {
			...request,
			headers: { ...request.headers, authorization: `Convex ${place.adminKey}` },
		});
	} catch (error) {
		const { cause, message } = error as Error;
		const why = cause instanceof Error ? cause.message : message;
		throw new CommandError('Unreachable', `${place.url} does not answer: ${why}.`);
	}
	if (response.ok) return response;
	const text = await response.text();
	let refusal: { code?: string; message?: string } = {};
	try {
		refusal = JSON.parse(text) as typeof refusal;
	} catch {
		// Not one of our answers; its status says enough.
	}
	throw new CommandError(
		refusal.code ?? 'Refused',
		refusal.message ?? `${place.url}${path} answered ${response.status}.`,
	);
}

/** One line of JSON for programs, on standard output. */
export function report(result: object): void {
	console.log(JSON.stringify(result));
}
