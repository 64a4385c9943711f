/** A backup put into a data folder: verified first, then in place at one stroke. */
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { syncFolder } from '../storage/durableFolder.ts';
import { isJsonObject } from '../storage/jsonValues.ts';
import { lockFile, openSqlite } from '../storage/sqlite.ts';
import { migrateStore } from '../storage/storeVersion.ts';
import { FunctionError, type JsonValue } from '../types.ts';
import { BACKUP_FORMAT, type BackupManifest, MANIFEST } from './backup.ts';
import { DATA_FILE, type DataFolder, FILES_FOLDER_NAME } from './dataFolder.ts';
import { syncFile } from './durable.ts';
import { finishRestore, INCLUDED, RESTORED, RESTORING_PREFIX } from './finishRestore.ts';
import { textOf } from './textLines.ts';

export interface RestoreReport {
	/** Decimal nanoseconds: the state is of then … */
	ts: string;
	/** … and the deployment's clock goes on from here: no client has seen anything later. */
	clock: string;
	storedFiles: number;
	included: string[];
}

export interface RestoreOptions {
	/** Replace the deployment that is there. What is not a deployment's own stays. */
	force?: boolean;
	/** Milliseconds since the epoch. */
	now?: () => number;
}

const NS_PER_MS = 1_000_000n;
const MAX_MANIFEST_CHARS = 512 * 1024 * 1024;
/** With its journal: no data of anybody. */
const LOCK = `${DATA_FILE}.lock`;

/**
 * Throws FunctionError 'InvalidBackup', 'FolderNotEmpty', 'StoreInUse', 'StoreTooNew'; then nothing has changed. Killed at
 * any moment, the folder holds the old deployment, or the next start completes the new one.
 */
export async function restoreBackup(
	folder: DataFolder,
	backup: string,
	{ force = false, now = Date.now }: RestoreOptions = {},
): Promise<RestoreReport> {
	const zip = await openPromise(backup, { autoClose: false }).catch((error: unknown) => {
		throw invalid(`it is not a ZIP file that can be read (${(error as Error).message})`);
	});
	try {
		const entries = new Map<string, Entry>();
		for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
		const manifest = await readManifest(zip, entries);
		await mkdir(folder.folder, { recursive: true, mode: 0o700 });
		const lock = lockFile(path.join(folder.folder, LOCK));
		if (!lock) {
			throw new FunctionError(
				'StoreInUse',
				`A server is running on ${folder.folder}. Stop it first, or restore into another folder. Nothing was changed.`,
			);
		}
		try {
			finishRestore(folder.folder, DATA_FILE);
			refuseFilled(folder, force);
			return await place(folder, zip, entries, manifest, now);
		} finally {
			lock.release();
		}
	} finally {
		zip.close();
	}
}

async function place(
	folder: DataFolder,
	zip: ZipFile,
	entries: ReadonlyMap<string, Entry>,
	manifest: BackupManifest,
	now: () => number,
): Promise<RestoreReport> {
	const staging = await mkdtemp(path.join(folder.folder, RESTORING_PREFIX));
	try {
		const folders = new Set([staging, path.join(staging, FILES_FOLDER_NAME)]);
		await mkdir(path.join(staging, FILES_FOLDER_NAME), { mode: 0o700 });
		for (const { name, size, sha256 } of manifest.files) {
			const target = path.join(staging, name);
			await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
			folders.add(path.dirname(target));
			await extract(zip, entries.get(name)!, target, { size, sha256 });
		}
		const clock = setClock(folder, path.join(staging, DATA_FILE), now);
		await syncFile(path.join(staging, DATA_FILE));
		for (const one of folders) syncFolder(one);
		await rename(staging, path.join(folder.folder, RESTORED));
		syncFolder(folder.folder);
		finishRestore(folder.folder, DATA_FILE);
		const below = (prefix: string) =>
			manifest.files.map(({ name }) => name).filter((name) => name.startsWith(`${prefix}/`));
		return {
			ts: manifest.ts,
			clock: String(clock),
			storedFiles: below(FILES_FOLDER_NAME).length,
			included: below(INCLUDED).map((name) => name.slice(INCLUDED.length + 1)),
		};
	} catch (error) {
		await rm(staging, { recursive: true, force: true });
		throw error;
	}
}

/** Past now, past the backup, and past all that the deployment which is replaced has handed out. */
function setClock(folder: DataFolder, file: string, now: () => number): bigint {
	const candidates = [BigInt(Math.floor(now())) * NS_PER_MS];
	if (existsSync(folder.dataFile)) candidates.push(readTs(folder.dataFile) ?? 0n);
	const database = openSqlite(file);
	try {
		migrateStore(database);
		const own = database.prepare(`SELECT value FROM meta WHERE key = 'ts'`).get();
		candidates.push(BigInt((own as { value: string }).value));
		const clock = candidates.reduce((a, b) => (a > b ? a : b)) + 1n;
		database.prepare(`UPDATE meta SET value = ? WHERE key = 'ts'`).run(String(clock));
		return clock;
	} finally {
		// The last connection carries the log into the file and removes it.
		database.close();
	}
}

/** null: not readable; then it cannot have served anybody of late. */
function readTs(file: string): bigint | null {
	try {
		const database = openSqlite(file, { readOnly: true });
		try {
			const row = database.prepare(`SELECT value FROM meta WHERE key = 'ts'`).get();
			return BigInt((row as { value: string }).value);
		} finally {
			database.close();
		}
	} catch {
		return null;
	}
}

function refuseFilled(folder: DataFolder, force: boolean): void {
	if (force) return;
	const found = readdirSync(folder.folder).filter((name) => !name.startsWith(LOCK));
	if (found.length === 0) return;
	throw new FunctionError(
		'FolderNotEmpty',
		`${folder.folder} is not empty (${found.slice(0, 5).join(', ')}). Restore into an empty folder, or replace the ` +
			'deployment that is there with --force. Nothing was changed.',
	);
}

async function extract(
	zip: ZipFile,
	entry: Entry,
	target: string,
	expected: { size: number; sha256: string },
): Promise<void> {
	const hash = createHash('sha256');
	let size = 0;
	try {
		await pipeline(
			await zip.openReadStreamPromise(entry),
			async function* (chunks: AsyncIterable<Buffer>) {
				for await (const chunk of chunks) {
					hash.update(chunk);
					size += chunk.length;
					yield chunk;
				}
			},
			createWriteStream(target, { mode: 0o600, flags: 'wx' }),
		);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).syscall) throw error;
		throw invalid(`${entry.fileName} cannot be read (${(error as Error).message})`);
	}
	if (size !== expected.size || hash.digest('hex') !== expected.sha256) {
		throw invalid(`${entry.fileName} is not what the manifest says`);
	}
	await syncFile(target);
}

async function readManifest(
	zip: ZipFile,
	entries: ReadonlyMap<string, Entry>,
): Promise<BackupManifest> {
	const entry = entries.get(MANIFEST);
	if (!entry) throw invalid(`it has no ${MANIFEST}, so it is not a backup or not a whole one`);
	let manifest: JsonValue;
	try {
		const stream = await zip.openReadStreamPromise(entry);
		manifest = JSON.parse(await textOf(stream, MAX_MANIFEST_CHARS, 'The manifest is too long.'));
	} catch (error) {
		throw invalid(`its manifest cannot be read (${(error as Error).message})`);
	}
	if (
		!isJsonObject(manifest) ||
		manifest.format !== BACKUP_FORMAT ||
		manifest.formatVersion !== 1
	) {
		throw invalid('it was not written by this program, or by a newer version of it');
	}
	const { files } = manifest as unknown as BackupManifest;
	const names = new Set(files.map(({ name }) => name));
	for (const name of [...names, ...entries.keys()]) {
		if (name !== MANIFEST && (!isPlaceable(name) || !names.has(name) || !entries.has(name))) {
			throw invalid(`its manifest and its content disagree about ${name}`);
		}
	}
	if (!names.has(DATA_FILE)) throw invalid(`it has no ${DATA_FILE}`);
	return manifest as unknown as BackupManifest;
}

/** Nothing may land outside the folder, or where the restore itself works. */
function isPlaceable(name: string): boolean {
	if (name === DATA_FILE) return true;
	const [top, ...rest] = name.split('/');
	if (top === FILES_FOLDER_NAME) return rest.length === 1 && /^[0-9a-z]+$/.test(rest[0]!);
	const isClean = rest.every(
		(part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\\'),
	);
	return top === INCLUDED && rest.length > 0 && isClean;
}

function invalid(why: string): FunctionError {
	return new FunctionError(
		'InvalidBackup',
		`The backup cannot be used: ${why}. Take another one. Nothing was changed.`,
	);
}
