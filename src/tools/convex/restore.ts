/** `npm run convex -- restore`: a backup becomes a deployment's data folder. */
import { dataFolder } from '../../lib/server/embedded/operate/dataFolder.ts';
import { restoreBackup } from '../../lib/server/embedded/operate/restore.ts';
import { CommandError, fromCaller, readFlags } from './command.ts';
import { report } from './places.ts';

export const usage = `usage: npm run convex -- restore --data <dir> --from <backup.zip> [--force]

  --data <dir>     the folder to restore into; made when missing
  --from <file>    what \`backup\` wrote
  --force          replace the deployment that is there; other files of the folder stay

No server may be running on the folder. Every file is compared with its digest before anything is
replaced; killed at any moment, the folder holds the old deployment, or the next start completes the
new one. The clock goes on after now, so that clients of the old deployment synchronise anew.`;

export async function run(args: string[]): Promise<number> {
	const { data, from, force } = readFlags('restore', {
		args,
		options: {
			data: { type: 'string' },
			from: { type: 'string' },
			force: { type: 'boolean', default: false },
		},
	});
	if (data === undefined || from === undefined) {
		throw new CommandError('BadUsage', 'Say what to restore where: --data <dir> --from <file>.');
	}
	const result = await restoreBackup(dataFolder(fromCaller(data)), fromCaller(from), { force });
	report({ status: 'done', ...result });
	return 0;
}
