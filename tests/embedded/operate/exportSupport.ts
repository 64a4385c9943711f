/** Data folders to export from and import into, without functions. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { openPromise } from 'yauzl';
import {
	dataFolder,
	type DataFolder,
} from '../../../src/lib/server/embedded/operate/dataFolder.ts';
import { exportToFile } from '../../../src/lib/server/embedded/operate/exportFolder.ts';
import {
	importFile,
	type ImportReport,
	type ImportRequest,
} from '../../../src/lib/server/embedded/operate/importFile.ts';
import type { SqliteStorage } from '../../../src/lib/server/embedded/storage/storage.ts';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { openTestStorage, temporaryFolder } from '../storage/helpers.ts';

export interface OpenFolder extends DataFolder {
	storage: SqliteStorage;
}

export function openFolder(): OpenFolder {
	const folder = dataFolder(temporaryFolder());
	return { ...folder, storage: openTestStorage({ file: folder.dataFile }) };
}

export async function exportTo(folder: DataFolder, includeFiles = false): Promise<string> {
	const target = path.join(temporaryFolder(), `${randomBytes(4).toString('hex')}.zip`);
	await exportToFile(folder, target, includeFiles);
	return target;
}

export function importFrom(
	into: OpenFolder,
	file: string,
	options: Partial<ImportRequest> = {},
): Promise<ImportReport> {
	return importFile(into.storage, {
		path: file,
		format: 'zip',
		mode: 'requireEmpty',
		filesFolder: into.filesFolder,
		...options,
	});
}

/** Entry by entry, as text. */
export async function unzip(file: string): Promise<Record<string, string>> {
	const zip = await openPromise(file);
	const entries: Record<string, string> = {};
	for await (const entry of zip.eachEntry()) {
		const chunks: Buffer[] = [];
		for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
		entries[entry.fileName] = Buffer.concat(chunks).toString();
	}
	return entries;
}

export function int64(value: bigint): JsonValue {
	const bytes = Buffer.alloc(8);
	bytes.writeBigInt64LE(value);
	return { $integer: bytes.toString('base64') };
}

export function float(value: number): JsonValue {
	const bytes = Buffer.alloc(8);
	bytes.writeDoubleLE(value);
	return { $float: bytes.toString('base64') };
}
