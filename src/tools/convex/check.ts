/** `npm run convex -- check`: does the data agree with itself? */
import { existingDataFolder } from '../../lib/server/embedded/operate/dataFolder.ts';
import { checkFolder } from '../../lib/server/embedded/operate/checkFolder.ts';
import { CommandError, fromCaller, readFlags } from './command.ts';
import { report } from './places.ts';

export const usage = `usage: npm run convex -- check --data <dir>

Reads everything and changes nothing; may run while the deployment serves. Documents against index
entries both ways, search indexes, ids, the clock, stored files and their digests, SQLite's own
check. Prints one line of JSON; the exit code is 1 when something is wrong.`;

export async function run(args: string[]): Promise<number> {
	const { data } = readFlags('check', { args, options: { data: { type: 'string' } } });
	if (data === undefined) throw new CommandError('BadUsage', 'Say what to check: --data <dir>.');
	const result = await checkFolder(existingDataFolder(fromCaller(data)));
	report(result);
	return result.ok ? 0 : 1;
}
