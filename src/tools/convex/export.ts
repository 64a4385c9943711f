/** `npm run convex -- export`: the tables as the ZIP that `npx convex import` accepts. */
import { statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { exportToFile, writeWhole } from '../../lib/server/embedded/operate/exportFolder.ts';
import { fileFor } from './backup.ts';
import { CommandError, fromCaller, readFlags } from './command.ts';
import { ask, placeOf, report } from './places.ts';

export const usage = `usage: npm run convex -- export --path <file or folder> (--data <dir> | --url <address>) [flags]

  --data <dir>             the deployment's data folder; a server may be running on it
  --url <address>          a served deployment, with CONVEX_ADMIN_KEY set
  --path <place>           the file to write, or a folder to put it into
  --include-file-storage   stored files too

One moment of all tables, components included; IDs are kept. Scheduled functions and deployment
variables are not in it, as with Convex: to move a whole deployment of this kind, use \`backup\`.`;

export async function run(args: string[]): Promise<number> {
	const flags = readFlags('export', {
		args,
		options: {
			data: { type: 'string' },
			url: { type: 'string' },
			path: { type: 'string' },
			'include-file-storage': { type: 'boolean', default: false },
		},
	});
	if (flags.path === undefined) {
		throw new CommandError('BadUsage', 'Say where the export goes: --path <file or folder>.');
	}
	const place = placeOf(flags);
	const target = fileFor(fromCaller(flags.path), `snapshot_${Date.now()}.zip`);
	const includeFiles = flags['include-file-storage'];
	if (place.kind === 'folder') {
		report({ status: 'done', ...(await exportToFile(place.folder, target, includeFiles)) });
		return 0;
	}
	const response = await ask(place, `/api/operate/export?includeStorage=${includeFiles}`, {
		method: 'POST',
	});
	await writeWhole(Readable.fromWeb(response.body as never), target);
	const ts = response.headers.get('x-snapshot-ts');
	report({ status: 'done', path: target, ts, bytes: statSync(target).size });
	return 0;
}
