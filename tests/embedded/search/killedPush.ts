/** Pushes a schema with search indexes over the documents of `file`; says when it begins. Killed by its parent. */
import { openStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import { posts, textIndex } from './support.ts';

const storage = openStorage({ file: process.argv[2]!, clock: { now: () => Date.now() } });
process.send!('pushing');
await storage.pushSchemas(
	new Map([
		[
			'',
			posts({
				searchIndexes: [textIndex()],
				vectorIndexes: [
					{ indexDescriptor: 'near', vectorField: 'vector', dimensions: 2, filterFields: [] },
				],
			}),
		],
	]),
);
process.send!('done');
await storage.close();
