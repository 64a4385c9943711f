/** What makes files and their names survive a power cut. */
import { open } from 'node:fs/promises';

export async function syncFile(file: string): Promise<void> {
	const handle = await open(file, 'r+');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** The names in a folder: of files made, renamed or removed there. */
export async function syncFolder(folder: string): Promise<void> {
	// Windows keeps names durable by itself and cannot open folders.
	if (process.platform === 'win32') return;
	const handle = await open(folder, 'r');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
