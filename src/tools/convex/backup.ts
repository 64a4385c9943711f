/** `npm run convex -- backup`: one committed state of a deployment in one file, while it serves. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { backupToFile } from '../../lib/server/embedded/operate/backup.ts';
import { writeWhole } from '../../lib/server/embedded/operate/exportFolder.ts';
import { CommandError, fromCaller, readFlags } from './command.ts';
import { ask, placeOf, report } from './places.ts';

export const usage = `usage: npm run convex -- backup --to <file or folder> (--data <dir> | --url <address>)

  --data <dir>       the deployment's data folder; a server may be running on it
  --url <address>    a served deployment, with CONVEX_ADMIN_KEY set
  --to <place>       the file to write, or a folder to put it into
  --include <path>   with --data: also take this file or folder of the data folder; may be repeated

Writers go on meanwhile. In it: the database with everything functions have stored, schedules and
deployment variables included, and stored files; all of one moment. NOT in it: other files of the
data folder, unless they are named with --include. For Tributary that is keys/: without the key in it
the credentials in the backup cannot be opened. Keep the file where you keep secrets.`;

const NOT_INCLUDED =
	'Only the deployment itself is in the backup. Other files of the data folder, such as keys/, are not, unless named with --include.';

export async function run(args: string[]): Promise<number> {
	const flags = readFlags('backup', {
		args,
		options: {
			data: { type: 'string' },
			url: { type: 'string' },
			to: { type: 'string' },
			include: { type: 'string', multiple: true, default: [] },
		},
	});
	if (flags.to === undefined) {
		throw new CommandError('BadUsage', 'Say where the backup goes: --to <file or folder>.');
	}
	const include = flags.include;
	const place = placeOf(flags);
	const target = fileFor(fromCaller(flags.to), `backup_${Date.now()}.zip`);
	if (place.kind === 'folder') {
		const result = await backupToFile(place.folder, target, include);
		report({ status: 'done', ...result, ...(include.length === 0 ? { note: NOT_INCLUDED } : {}) });
		return 0;
	}
	if (include.length > 0) {
		throw new CommandError('BadUsage', '--include needs --data: other files are not served.');
	}
	const response = await ask(place, '/api/operate/backup', { method: 'POST' });
	await writeWhole(Readable.fromWeb(response.body as never), target);
	report({
		status: 'done',
		path: target,
		ts: response.headers.get('x-snapshot-ts'),
		bytes: statSync(target).size,
		note: NOT_INCLUDED,
	});
	return 0;
}

/** @throws CommandError 'FileExists' */
export function fileFor(given: string, name: string): string {
	const found = statSync(given, { throwIfNoEntry: false });
	if (found?.isDirectory()) return path.join(given, name);
	if (found) throw new CommandError('FileExists', `${given} exists already. Name another file.`);
	return given;
}
