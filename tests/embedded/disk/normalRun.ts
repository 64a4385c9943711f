/** Child process of the power-loss suite, under the shim: the store alone, with synchronous=NORMAL. */
import { openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../../../src/lib/server/embedded/storage/durableFolder.ts';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';

const WRITES = 300;
/** Several checkpoints within the run: one comes every 1,000 pages. */
const PADDING_BYTES = 16_000;

const { dataDir, ledger } = JSON.parse(process.argv[2]!) as { dataDir: string; ledger: string };
makeFolder(dataDir);
const notes = openSync(ledger, 'a');
const storage = openStorage({
	file: path.join(dataDir, 'convex.sqlite'),
	clock: { now: () => Date.now() },
	synchronous: 'NORMAL',
});
for (let n = 1; n <= WRITES; n++) {
	const op = `op${n}`;
	await storage.mutate(async (session) => {
		session.insert('', 'ops', { op, n, padding: 'x'.repeat(PADDING_BYTES) });
	});
	writeSync(notes, `${JSON.stringify({ op })}\n`);
}
await storage.close();
