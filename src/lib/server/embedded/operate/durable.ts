/** What makes a file's content survive a power cut. Its name is `durableFolder.ts`'s business. */
import { open } from 'node:fs/promises';

export async function syncFile(file: string): Promise<void> {
	const handle = await open(file, 'r+');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
