/**
 * Child process of the backup test: several writers as fast as they can, with stored files that come and go. Prints each
 * acknowledged write as `<writer> <n> <ts>`. Arguments: data folder, number of writers.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { dataFolder } from '../../../src/lib/server/embedded/operate/dataFolder.ts';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type { DbSession, JsonValue } from '../../../src/lib/server/embedded/types.ts';

const [folder, writers] = process.argv.slice(2) as [string, string];
const { dataFile, filesFolder } = dataFolder(folder);
const storage = openStorage({ file: dataFile, clock: { now: () => Date.now() } });
mkdirSync(filesFolder, { recursive: true });
await storage.pushSchemas(
	new Map([
		[
			'',
			{
				schemaValidation: true,
				tables: [
					{
						tableName: 'writes',
						indexes: [{ indexDescriptor: 'by_writer', fields: ['writer', 'n'] }],
						documentType: null,
					},
				],
			},
		],
	]),
);

function storeFile(db: DbSession, text: string): string {
	const bytes = Buffer.from(text);
	const sha256 = createHash('sha256').update(bytes).digest('hex');
	const id = db.systemInsert('', '_storage', { sha256, size: bytes.length });
	writeFileSync(path.join(filesFolder, id), bytes);
	return id;
}

async function write(writer: string): Promise<void> {
	let previousFile: string | null = null;
	for (let n = 0; ; n++) {
		const { value: file, ts } = await storage.mutate(async (db) => {
			db.insert('', 'writes', { writer, n, ts: { $commitTs: null } as JsonValue });
			const counters = db.openStream('', {
				source: { type: 'FullTableScan', tableName: 'counter', order: null },
				operators: [{ limit: 1 }],
			});
			const counter = db.next(counters).value as { _id: string; count: number } | null;
			if (counter) db.patch('', counter._id, { count: counter.count + 1 });
			else db.insert('', 'counter', { count: 1 });
			if (previousFile) db.systemRemove('', previousFile);
			return storeFile(db, `${writer} ${n}`);
		});
		if (previousFile) rmSync(path.join(filesFolder, previousFile));
		previousFile = file;
		writeSync(1, `${writer} ${n} ${ts}\n`);
		await new Promise((resolve) => setImmediate(resolve));
	}
}

await Promise.all(Array.from({ length: Number(writers) }, (_, i) => write(`w${i}`)));
