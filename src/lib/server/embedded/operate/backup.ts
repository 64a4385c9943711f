/**
 * A backup: one committed state of a deployment in one ZIP file, taken while it serves. The data file as SQLite pages
 * (replay records, schedules and secrets of the deployment included), the stored files, and a manifest at the end that
 * says how long and of which digest each of them must be.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { STORE_VERSION } from '../storage/storeVersion.ts';
import { FunctionError } from '../types.ts';
import { DATA_FILE, type DataFolder, FILES_FOLDER_NAME } from './dataFolder.ts';
import { INCLUDED } from './finishRestore.ts';
import { writeWhole } from './exportFolder.ts';
import { holdSnapshot } from './heldFiles.ts';

export const MANIFEST = 'manifest.json';
export const BACKUP_FORMAT = 'convex-embedded-backup';

export interface BackedUpFile {
	/** As in the ZIP. */
	name: string;
	/** Bytes. */
	size: number;
	/** Hex. */
	sha256: string;
}

export interface BackupManifest {
	format: typeof BACKUP_FORMAT;
	formatVersion: 1;
	storeVersion: number;
	/** Decimal nanoseconds: all that was committed up to then is in it, and nothing later. */
	ts: string;
	/** ISO 8601. */
	createdAt: string;
	files: BackedUpFile[];
}

export interface OpenBackup {
	ts: string;
	/** The ZIP; must be read or destroyed. */
	stream: Readable;
	/** Complete when the stream has ended. */
	manifest: BackupManifest;
}

export interface BackupReport {
	path: string;
	ts: string;
	storedFiles: number;
	/** Of everything in it, not compressed. */
	bytes: number;
	included: string[];
}

/**
 * `include`: files and folders below the data folder that are not the deployment's own, e.g. `keys`; they are copied as
 * they are found. Throws what `holdSnapshot` throws, and FunctionError 'NoSuchFile'.
 */
export async function openBackup(
	folder: DataFolder,
	include: readonly string[] = [],
): Promise<OpenBackup> {
	const included = (await Promise.all(include.map((one) => filesBelow(folder, one)))).flat();
	const { snapshot, files } = await holdSnapshot(folder.dataFile, folder.filesFolder);
	const ts = String(snapshot.ts);
	const copy = path.join(files.folder, DATA_FILE);
	try {
		await snapshot.copyTo(copy);
		await chmod(copy, 0o600);
	} catch (error) {
		await files.release();
		throw error;
	} finally {
		// From here on the log may be started afresh, however slowly the copy is read.
		snapshot.close();
	}
	const manifest: BackupManifest = {
		format: BACKUP_FORMAT,
		formatVersion: 1,
		storeVersion: STORE_VERSION,
		ts,
		createdAt: new Date().toISOString(),
		files: [],
	};
	const zip = new ZipFile();
	const failed = (error: unknown) => (zip.outputStream as Readable).destroy(error as Error);
	zip.on('error', failed);
	const add = (name: string, source: string, compress: boolean) => {
		zip.addReadStreamLazy(name, { mode: 0o100600, compress }, (done) => {
			const stream = Readable.from(digested(name, source, manifest), { objectMode: false });
			stream.on('error', failed);
			done(null, stream);
		});
	};
	add(DATA_FILE, copy, true);
	for (const { _id } of files.all) {
		add(`${FILES_FOLDER_NAME}/${_id}`, path.join(files.folder, _id), false);
	}
	for (const name of included) add(`${INCLUDED}/${name}`, path.join(folder.folder, name), true);
	// Lazily: its turn comes when all the others have been read.
	zip.addReadStreamLazy(MANIFEST, { mode: 0o100600 }, (done) => {
		done(null, Readable.from([`${JSON.stringify(manifest, null, '\t')}\n`], { objectMode: false }));
	});
	zip.end();
	const stream = zip.outputStream as Readable;
	stream.once('close', () => void files.release());
	return { ts, stream, manifest };
}

/** Whole or not there at all. */
export async function backupToFile(
	folder: DataFolder,
	target: string,
	include: readonly string[] = [],
): Promise<BackupReport> {
	const { ts, stream, manifest } = await openBackup(folder, include);
	await writeWhole(stream, target);
	return {
		path: target,
		ts,
		storedFiles: manifest.files.filter(({ name }) => name.startsWith(`${FILES_FOLDER_NAME}/`))
			.length,
		bytes: manifest.files.reduce((sum, { size }) => sum + size, 0),
		included: [...include],
	};
}

async function* digested(
	name: string,
	source: string,
	manifest: BackupManifest,
): AsyncGenerator<Buffer> {
	const hash = createHash('sha256');
	let size = 0;
	for await (const chunk of createReadStream(source)) {
		hash.update(chunk as Buffer);
		size += (chunk as Buffer).length;
		yield chunk as Buffer;
	}
	manifest.files.push({ name, size, sha256: hash.digest('hex') });
}

/** Paths below the data folder, with slashes. */
async function filesBelow(folder: DataFolder, given: string): Promise<string[]> {
	const relative = path.relative(folder.folder, path.resolve(folder.folder, given));
	const isOwn = [DATA_FILE, FILES_FOLDER_NAME].some((own) => relative.startsWith(own));
	if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative) || isOwn) {
		throw new FunctionError(
			'NoSuchFile',
			`"${given}" cannot be included: name a file or folder below ${folder.folder} that is not the deployment's own.`,
		);
	}
	const found = await stat(path.join(folder.folder, relative)).catch(() => null);
	if (!found) {
		throw new FunctionError(
			'NoSuchFile',
			`There is no ${relative} in ${folder.folder} to include.`,
		);
	}
	if (found.isFile()) return [relative.split(path.sep).join('/')];
	const entries = await readdir(path.join(folder.folder, relative), {
		recursive: true,
		withFileTypes: true,
	});
	return entries
		.filter((entry) => entry.isFile())
		.map((entry) => path.relative(folder.folder, path.join(entry.parentPath, entry.name)))
		.map((name) => name.split(path.sep).join('/'));
}
