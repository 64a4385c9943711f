/** The integrity check of a whole data folder: the file against itself, and stored files against their documents. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { digestOf, FILES_TABLE, type FileDocument } from '../functions/fileStore.ts';
import { STORE_VERSION } from '../storage/storeVersion.ts';
import type { DataFolder } from './dataFolder.ts';
import { SnapshotReader } from './snapshotReader.ts';

export interface CheckReport {
	/** No problems. */
	ok: boolean;
	problems: string[];
	storeVersion: number;
	/** Decimal nanoseconds: the commit that was looked at. */
	ts: string;
	tables: number;
	documents: number;
	indexEntries: number;
	storedFiles: number;
}

/** Enough to see what kind of damage it is. */
const MAX_FILE_PROBLEMS = 50;

/**
 * Reads everything, changes nothing. May run beside a server: a file that came or went in between is looked at again in a
 * newer snapshot before it counts. Throws FunctionError 'StoreTooNew', 'StoreTooOld' or 'NotAStore'.
 */
export async function checkFolder(folder: DataFolder): Promise<CheckReport> {
	const snapshot = new SnapshotReader(folder.dataFile);
	try {
		const { problems, documents, indexEntries } = snapshot.checkIntegrity();
		const files = await filesOf(snapshot);
		const suspects = await suspectFiles(folder, files);
		if (suspects.size > 0) await confirm(folder, suspects);
		problems.push(...[...suspects.values()].slice(0, MAX_FILE_PROBLEMS));
		return {
			ok: problems.length === 0,
			problems,
			storeVersion: STORE_VERSION,
			ts: String(snapshot.ts),
			tables: snapshot.catalog.tables.size,
			documents,
			indexEntries,
			storedFiles: files.size,
		};
	} finally {
		snapshot.close();
	}
}

/** Drops what a newer snapshot and the folder agree about. */
async function confirm(folder: DataFolder, suspects: Map<string, string>): Promise<void> {
	const newer = new SnapshotReader(folder.dataFile);
	try {
		const again = await suspectFiles(folder, await filesOf(newer));
		for (const id of suspects.keys()) if (!again.has(id)) suspects.delete(id);
	} finally {
		newer.close();
	}
}

async function filesOf(snapshot: SnapshotReader): Promise<Map<string, FileDocument>> {
	const files = new Map<string, FileDocument>();
	for (const table of snapshot.catalog.tables.values()) {
		if (table.name !== FILES_TABLE) continue;
		for await (const batch of snapshot.batches(table)) {
			for (const file of batch as unknown as FileDocument[]) files.set(file._id, file);
		}
	}
	return files;
}

/** What is wrong, by id. */
async function suspectFiles(
	{ filesFolder }: DataFolder,
	documents: ReadonlyMap<string, FileDocument>,
): Promise<Map<string, string>> {
	const suspects = new Map<string, string>();
	for (const document of documents.values()) {
		const { _id, size } = document;
		const file = path.join(filesFolder, _id);
		const found = await stat(file).catch(() => null);
		if (!found) suspects.set(_id, `the stored file ${_id} has a document but no bytes`);
		else if (found.size !== size) {
			suspects.set(
				_id,
				`the stored file ${_id} has ${found.size} bytes, its document says ${size}`,
			);
		} else if (!digestOf(document).equals(await digestOfBytes(file))) {
			suspects.set(_id, `the stored file ${_id} does not have the digest its document says`);
		}
	}
	const entries = await readdir(filesFolder, { withFileTypes: true }).catch(() => []);
	for (const entry of entries) {
		if (entry.isFile() && !documents.has(entry.name)) {
			suspects.set(entry.name, `the file ${entry.name} belongs to no document`);
		}
	}
	return suspects;
}

async function digestOfBytes(file: string): Promise<Buffer> {
	const hash = createHash('sha256');
	await pipeline(createReadStream(file), hash);
	return hash.digest();
}
