/**
 * Child process of the crash test: writes as fast as it can and reports, on standard output, each write that was
 * acknowledged. Arguments: file, number of writers, name of this round.
 */
import { writeSync } from 'node:fs';
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type { JsonValue, QueryJson } from '../../../src/lib/server/embedded/types.ts';

const [file, writers, round] = process.argv.slice(2) as [string, string, string];
const storage = openStorage({ file, clock: { now: () => Date.now() } });
const table = {
	tableName: 'writes',
	indexes: [
		{ indexDescriptor: 'by_writer', fields: ['writer', 'n'] },
		{ indexDescriptor: 'by_n', fields: ['n'] },
	],
	documentType: null,
};
await storage.pushSchemas(new Map([['', { tables: [table], schemaValidation: true }]]));
const counterQuery: QueryJson = {
	source: { type: 'FullTableScan', tableName: 'counter', order: null },
	operators: [{ limit: 1 }],
};

async function write(writer: string): Promise<void> {
	for (let n = 0; ; n++) {
		await storage.mutate(async (db) => {
			db.insert('', 'writes', { writer, n, text: 'x'.repeat(200) });
			const streamId = db.openStream('', counterQuery);
			const counter = db.next(streamId).value as { _id: string; count: number } | null;
			await Promise.resolve();
			if (counter) db.patch('', counter._id, { count: counter.count + 1 } as JsonValue);
			else db.insert('', 'counter', { count: 1 });
			db.rememberRequest(writer, n, 'null');
		});
		writeSync(1, `${writer} ${n}\n`);
		// Lets standard output and other writers have their turn.
		await new Promise((resolve) => setImmediate(resolve));
	}
}

await Promise.all(Array.from({ length: Number(writers) }, (_, i) => write(`${round}-${i}`)));
