/**
 * The stored files of one snapshot, held fast while they are copied. A file that is deleted meanwhile must stay readable,
 * so each gets a second name (a hard link, which costs no space) in a folder of its own beside the first.
 */
import { createReadStream, type ReadStream } from 'node:fs';
import { constants, copyFile, link, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { findTable, type TableInfo } from '../storage/catalog.ts';
import { FILES_TABLE, type FileDocument } from '../functions/fileStore.ts';
import { FunctionError } from '../types.ts';
import { HOLD_PREFIX } from './dataFolder.ts';
import { SnapshotReader } from './snapshotReader.ts';

/** Left by a process that was killed; nobody reads a snapshot for this long. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;
/** A file can vanish between the snapshot and its second name; each new snapshot only misses what is newer still. */
const MAX_ATTEMPTS = 8;

export class HeldFiles {
	/** Below it, every file has its id as name. */
	readonly folder: string;
	readonly #files: Map<number, FileDocument[]>;

	constructor(folder: string, files: Map<number, FileDocument[]>) {
		this.folder = folder;
		this.#files = files;
	}

	of(storageTable: TableInfo): FileDocument[] {
		return this.#files.get(storageTable.number) ?? [];
	}

	get all(): FileDocument[] {
		return [...this.#files.values()].flat();
	}

	open(id: string): ReadStream {
		return createReadStream(path.join(this.folder, id));
	}

	release(): Promise<void> {
		return rm(this.folder, { recursive: true, force: true });
	}
}

/**
 * A snapshot together with all its files. The caller closes the one and releases the other. Throws FunctionError
 * 'FileMissing' when a document has no bytes, which `check` tells more about.
 */
export async function holdSnapshot(
	dataFile: string,
	filesFolder: string,
): Promise<{ snapshot: SnapshotReader; files: HeldFiles }> {
	const parent = path.dirname(filesFolder);
	await mkdir(parent, { recursive: true });
	await removeAbandoned(parent);
	const folder = await mkdtemp(path.join(parent, HOLD_PREFIX));
	let missing = '';
	try {
		for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
			const snapshot = new SnapshotReader(dataFile);
			try {
				const files = new Map<number, FileDocument[]>();
				missing = '';
				for (const component of new Set(
					[...snapshot.catalog.tables.values()].map((t) => t.component),
				)) {
					const table = findTable(snapshot.catalog, component, FILES_TABLE);
					if (!table) continue;
					const held: FileDocument[] = [];
					for await (const batch of snapshot.batches(table)) {
						for (const file of batch as unknown as FileDocument[]) {
							held.push(file);
							if (!(await hold(filesFolder, folder, file._id))) missing = file._id;
						}
					}
					files.set(table.number, held);
				}
				if (missing === '') return { snapshot, files: new HeldFiles(folder, files) };
			} catch (error) {
				snapshot.close();
				throw error;
			}
			snapshot.close();
		}
		throw new FunctionError(
			'FileMissing',
			`The stored file ${missing} has a document but no bytes in ${filesFolder}. Run the check command, which lists all ` +
				'such files; delete their documents, or put the bytes back from a backup.',
		);
	} catch (error) {
		await rm(folder, { recursive: true, force: true });
		throw error;
	}
}

/** False: there is no such file. */
async function hold(from: string, to: string, id: string): Promise<boolean> {
	const source = path.join(from, id);
	const target = path.join(to, id);
	try {
		await link(source, target).catch((error: unknown) => {
			const { code } = error as NodeJS.ErrnoException;
			if (code === 'EEXIST') return;
			if (code === 'ENOENT') throw error;
			// A file system without hard links.
			return copyFile(source, target, constants.COPYFILE_FICLONE);
		});
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
		throw error;
	}
	return true;
}

async function removeAbandoned(parent: string): Promise<void> {
	for (const name of await readdir(parent)) {
		if (!name.startsWith(HOLD_PREFIX)) continue;
		const folder = path.join(parent, name);
		const found = await stat(folder).catch(() => null);
		if (found && Date.now() - found.mtimeMs > ABANDONED_MS) {
			await rm(folder, { recursive: true, force: true });
		}
	}
}
