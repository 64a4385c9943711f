/** Stored files on their way in: written and flushed beside `files/` first, in place right before the COMMIT. */
import { createHash } from 'node:crypto';
import { open, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { decodeId } from '../storage/ids.ts';
import type { FileDocument } from '../functions/fileStore.ts';
import { type ComponentPath, FunctionError } from '../types.ts';
import { syncFolder } from '../storage/durableFolder.ts';
import { IMPORTING_PREFIX } from './finishRestore.ts';
import type { ImportFile } from './importSource.ts';

export interface StagedFile {
	component: ComponentPath;
	/** Without `_creationTime` when the import did not say. */
	document: Omit<FileDocument, '_creationTime'> & { _creationTime: number | null };
}

export class StagedFiles {
	readonly files: StagedFile[] = [];
	readonly #folder: string;
	readonly #target: string;
	readonly #placed: string[] = [];

	private constructor(folder: string, target: string) {
		this.#folder = folder;
		this.#target = target;
	}

	/** Throws FunctionError 'InvalidImport', also for bytes that are not those the metadata speaks of. */
	static async stage(files: readonly ImportFile[], filesFolder: string): Promise<StagedFiles> {
		await mkdir(filesFolder, { recursive: true, mode: 0o700 });
		const folder = await mkdtemp(path.join(path.dirname(filesFolder), IMPORTING_PREFIX));
		const staged = new StagedFiles(folder, filesFolder);
		try {
			for (const file of files) staged.files.push(await staged.#stageOne(file));
		} catch (error) {
			await staged.discard();
			throw error;
		}
		return staged;
	}

	/** Under the ids' names, durably. */
	async place(): Promise<void> {
		for (const { document } of this.files) {
			const target = path.join(this.#target, document._id);
			await rename(path.join(this.#folder, document._id), target);
			this.#placed.push(target);
		}
		if (this.#placed.length > 0) syncFolder(this.#target);
	}

	/** After a failure: as if nothing had been placed. */
	async discard(): Promise<void> {
		for (const file of this.#placed.splice(0)) await rm(file, { force: true });
		await this.finish();
	}

	finish(): Promise<void> {
		return rm(this.#folder, { recursive: true, force: true });
	}

	async #stageOne({ component, id, metadata, open: openBytes }: ImportFile): Promise<StagedFile> {
		const fail = (why: string) =>
			new FunctionError('InvalidImport', `The stored file ${id} ${why}.`);
		if (!decodeId(id)) throw fail('has no valid ID');
		const hash = createHash('sha256');
		let size = 0;
		const handle = await open(path.join(this.#folder, id), 'wx', 0o600).catch((error: unknown) => {
			if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fail('is there twice');
			throw error;
		});
		try {
			for await (const chunk of await openBytes()) {
				hash.update(chunk as Buffer);
				size += (chunk as Buffer).length;
				await handle.writeFile(chunk as Buffer);
			}
			await handle.sync();
		} finally {
			await handle.close();
		}
		const digest = hash.digest();
		const { sha256, contentType, _creationTime } = metadata ?? {};
		if (
			typeof sha256 === 'string' &&
			![digest.toString('base64'), digest.toString('hex')].includes(sha256)
		) {
			throw fail('does not have the SHA-256 digest that its metadata speaks of');
		}
		return {
			component,
			document: {
				_id: id,
				_creationTime: typeof _creationTime === 'number' ? _creationTime : null,
				sha256: digest.toString('base64'),
				size,
				...(typeof contentType === 'string' ? { contentType } : {}),
			},
		};
	}
}
