/** Names in a folder survive a power failure only once the folder itself was flushed; files' own fsync is not enough. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';

/** Makes the names in `folder` durable: after creating, renaming or removing files there. */
export function syncFolder(folder: string): void {
	// Windows has no such call; NTFS journals names.
	if (process.platform === 'win32') return;
	const descriptor = openSync(folder, 'r');
	try {
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
}

/** Creates the folder, and those above it, so that they are there after a power failure. */
export function makeFolder(folder: string, mode = 0o700): void {
	if (existsSync(folder)) return;
	const parent = path.dirname(folder);
	makeFolder(parent, mode);
	mkdirSync(folder, { mode, recursive: true });
	syncFolder(parent);
}
