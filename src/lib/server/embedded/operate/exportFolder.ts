/** A snapshot export of a data folder, whether a server runs on it or not. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type DataFolder } from './dataFolder.ts';
import { syncFolder } from '../storage/durableFolder.ts';
import { syncFile } from './durable.ts';
import { type ExportCounts, exportZip } from './exportZip.ts';
import { holdSnapshot } from './heldFiles.ts';
import { SnapshotReader } from './snapshotReader.ts';

export interface OpenExport {
	/** Decimal nanoseconds: all that was committed up to then is in it, and nothing later. */
	ts: string;
	/** The ZIP. Ends or fails on its own; must be read or destroyed. */
	stream: Readable;
	/** Complete when the stream has ended. */
	counts: ExportCounts;
}

export interface ExportReport extends ExportCounts {
	path: string;
	ts: string;
}

/** Throws FunctionError 'StoreTooNew', 'StoreTooOld', 'NotAStore' or 'FileMissing'. */
export async function openExport(
	{ dataFile, filesFolder }: DataFolder,
	includeFiles: boolean,
): Promise<OpenExport> {
	const { snapshot, files } = includeFiles
		? await holdSnapshot(dataFile, filesFolder)
		: { snapshot: new SnapshotReader(dataFile), files: null };
	const { stream, counts } = exportZip(snapshot, files);
	stream.once('close', () => {
		snapshot.close();
		void files?.release();
	});
	return { ts: String(snapshot.ts), stream, counts };
}

/** Whole or not there at all. */
export async function exportToFile(
	folder: DataFolder,
	target: string,
	includeFiles: boolean,
): Promise<ExportReport> {
	const { ts, stream, counts } = await openExport(folder, includeFiles);
	await writeWhole(stream, target);
	return { path: target, ts, ...counts };
}

export async function writeWhole(stream: Readable, target: string): Promise<void> {
	const part = `${target}.part`;
	try {
		await pipeline(stream, createWriteStream(part, { mode: 0o600 }));
		await syncFile(part);
		await rename(part, target);
		syncFolder(path.dirname(target));
	} catch (error) {
		await rm(part, { force: true });
		throw error;
	}
}
