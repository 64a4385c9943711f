/**
 * The end of a restore, which a crash may interrupt anywhere: the next start of anything on the folder does it again.
 * Everything new lies complete and flushed in `restored/` before that name exists; what was there before counts until
 * then, and not any more after.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { syncFolder } from '../storage/durableFolder.ts';
import { FILES_FOLDER_NAME } from './dataFolder.ts';

/** Below it: the data file, `files/`, and `included/` with what else came along. */
export const RESTORED = 'restored';
export const INCLUDED = 'included';
/** What was being written when a process ended, before it counted. Whoever has the lock may delete it. */
export const RESTORING_PREFIX = 'restoring-';
export const IMPORTING_PREFIX = 'import-';

/** Call it with the folder's lock. Does nothing when no restore was interrupted. */
export function finishRestore(folder: string, dataFile: string): void {
	for (const name of readdirSync(folder)) {
		if (!name.startsWith(RESTORING_PREFIX) && !name.startsWith(IMPORTING_PREFIX)) continue;
		rmSync(path.join(folder, name), { recursive: true, force: true });
	}
	const restored = path.join(folder, RESTORED);
	if (!existsSync(restored)) return;
	const newFile = path.join(restored, dataFile);
	if (existsSync(newFile)) {
		// A log of the old file must never be replayed into the new one.
		for (const suffix of ['-wal', '-shm']) {
			rmSync(path.join(folder, dataFile + suffix), { force: true });
		}
		syncFolder(folder);
		renameSync(newFile, path.join(folder, dataFile));
	}
	replaceFolder(path.join(restored, FILES_FOLDER_NAME), path.join(folder, FILES_FOLDER_NAME));
	const included = path.join(restored, INCLUDED);
	if (existsSync(included)) moveInto(included, folder);
	syncFolder(folder);
	rmSync(restored, { recursive: true, force: true });
	syncFolder(folder);
}

function replaceFolder(from: string, to: string): void {
	if (!existsSync(from)) return;
	rmSync(to, { recursive: true, force: true });
	renameSync(from, to);
}

/** File by file: a folder keeps what else is in it. */
function moveInto(from: string, to: string): void {
	mkdirSync(to, { recursive: true, mode: 0o700 });
	for (const entry of readdirSync(from, { withFileTypes: true })) {
		const source = path.join(from, entry.name);
		const target = path.join(to, entry.name);
		if (entry.isDirectory()) moveInto(source, target);
		else renameSync(source, target);
	}
	syncFolder(to);
}
