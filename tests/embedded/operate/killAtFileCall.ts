/**
 * Child process of the restore test: restores a backup over a deployment and kills itself before the n-th call that
 * renames or removes something. Arguments: data folder, backup, n. Prints "done" when it got through alive.
 */
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dataFolder } from '../../../src/lib/server/embedded/operate/dataFolder.ts';

const [folder, backup, last] = process.argv.slice(2) as [string, string, string];
let left = Number(last);

function counted<Args extends unknown[], Result>(call: (...args: Args) => Result) {
	return (...args: Args): Result => {
		left -= 1;
		if (left === 0) process.kill(process.pid, 'SIGKILL');
		return call(...args);
	};
}

fs.renameSync = counted(fs.renameSync);
fs.rmSync = counted(fs.rmSync);
fsPromises.rename = counted(fsPromises.rename);
syncBuiltinESMExports();
const { restoreBackup } = await import('../../../src/lib/server/embedded/operate/restore.ts');
await restoreBackup(dataFolder(folder), backup, { force: true });
console.log('done');
