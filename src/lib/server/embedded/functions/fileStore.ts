/** File storage: bytes as files in the data folder, one `_storage` document each in the component's database. */
import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { readdirSync, rmSync, unlinkSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { DiskFailure, isDiskError } from '../storage/diskFailure.ts';
import { makeFolder, syncFolder } from '../storage/durableFolder.ts';
import type { FunctionTransaction } from './execution.ts';
import { FunctionError, type ComponentPath, type Storage } from '../types.ts';

export const FILES_TABLE = '_storage';

/** The document as user code reads it with `db.system.get`. */
export interface FileDocument {
	_id: string;
	_creationTime: number;
	/** Base64, as real deployments keep it; `getMetadata` alone gives hex. Older stores hold hex: read it by `digestOf`. */
	sha256: string;
	/** Bytes. */
	size: number;
	contentType?: string;
}

/** The SHA-256 digest of a stored file. */
export function digestOf({ sha256 }: Pick<FileDocument, 'sha256'>): Buffer {
	return Buffer.from(sha256, /^[0-9a-f]{64}$/.test(sha256) ? 'hex' : 'base64');
}

/** Written and flushed, not yet owned by a document. */
export interface StagedFile {
	file: string;
	document: { sha256: string; size: number; contentType?: string };
}

/** As real deployments: an upload URL works for an hour. */
const UPLOAD_TOKEN_MS = 60 * 60 * 1000;
/** 128 bits of the signature: nobody guesses a file's address. */
const SIGNATURE_BYTES = 16;
const INCOMING = 'incoming';

export class FileStore {
	private readonly folder: string;
	private readonly secret: Buffer;
	private readonly apiUrl: string;

	constructor(folder: string, apiUrl: string, storage: Storage) {
		this.folder = folder;
		this.apiUrl = apiUrl;
		const stored = storage.getMeta('filesKey');
		this.secret = stored ? Buffer.from(stored, 'base64') : randomBytes(32);
		if (!stored) storage.setMeta('filesKey', this.secret.toString('base64'));
		// Whatever lies there was being written when the process ended.
		rmSync(path.join(folder, INCOMING), { recursive: true, force: true });
		makeFolder(path.join(folder, INCOMING));
	}

	/**
	 * Writes and fsyncs, so that a document never exists without its bytes.
	 * @throws FunctionError 'DigestMismatch', 'DiskFull', 'DiskFailed'
	 */
	async stage(
		bytes: Uint8Array,
		contentType: string | null,
		sha256: string | null,
	): Promise<StagedFile> {
		const digest = createHash('sha256').update(bytes).digest();
		if (
			sha256 !== null &&
			sha256 !== digest.toString('base64') &&
			sha256 !== digest.toString('hex')
		) {
			throw new FunctionError(
				'DigestMismatch',
				'The file does not have the SHA-256 digest it was announced with. Upload it again.',
			);
		}
		const file = path.join(this.folder, INCOMING, randomUUID());
		try {
			const handle = await open(file, 'wx', 0o600);
			try {
				await handle.writeFile(bytes);
				await handle.sync();
			} finally {
				await handle.close();
			}
		} catch (error) {
			await rm(file, { force: true }).catch(() => {});
			throw isDiskError(error) ? new DiskFailure(error) : error;
		}
		return {
			file,
			document: {
				sha256: digest.toString('base64'),
				size: bytes.byteLength,
				...(contentType ? { contentType } : {}),
			},
		};
	}

	/**
	 * Gives the staged bytes to a new document. A process that ends in between leaves a file that `sweep` removes.
	 * @throws FunctionError 'DiskFull', 'DiskFailed'
	 */
	async adopt(
		transaction: FunctionTransaction,
		component: ComponentPath,
		staged: StagedFile,
	): Promise<string> {
		const id = transaction.session.systemInsert(component, FILES_TABLE, staged.document);
		const file = this.pathOf(id);
		transaction.afterLoss.push(() => rmSync(file, { force: true }));
		try {
			await rename(staged.file, file);
			// Before the document is durable its file's name must be.
			syncFolder(this.folder);
		} catch (error) {
			await rm(staged.file, { force: true }).catch(() => {});
			throw isDiskError(error) ? new DiskFailure(error) : error;
		}
		return id;
	}

	find(
		transaction: FunctionTransaction,
		component: ComponentPath,
		id: string,
	): FileDocument | null {
		return transaction.session.get(component, id, {
			table: FILES_TABLE,
			isSystem: true,
		}) as unknown as FileDocument | null;
	}

	remove(transaction: FunctionTransaction, component: ComponentPath, id: string): void {
		if (!this.find(transaction, component, id)) {
			throw new FunctionError('FileNotFound', `storage id ${id} not found`);
		}
		transaction.session.systemRemove(component, id);
		transaction.afterCommit.push(() => rmSync(this.pathOf(id), { force: true }));
	}

	read(id: string): Promise<Buffer> {
		return readFile(this.pathOf(id));
	}

	pathOf(id: string): string {
		// Ids are base32 by the time a document was found for them; anything else must not become a path.
		if (!/^[0-9a-z]+$/.test(id)) throw new FunctionError('FileNotFound', 'There is no such file.');
		return path.join(this.folder, id);
	}

	url(component: ComponentPath, id: string): string {
		const query = component === '' ? '' : `?component=${encodeURIComponent(component)}`;
		return `${this.apiUrl}/api/storage/${id}.${this.sign(`file|${component}|${id}`)}${query}`;
	}

	/** The document id in a file's address, null when the address was not made here. */
	idOfAddress(address: string, component: ComponentPath): string | null {
		const [id = '', signature = ''] = address.split('.');
		return this.isSigned(`file|${component}|${id}`, signature) ? id : null;
	}

	uploadUrl(component: ComponentPath, nowMs: number): string {
		const payload = Buffer.from(JSON.stringify([component, nowMs + UPLOAD_TOKEN_MS])).toString(
			'base64url',
		);
		return `${this.apiUrl}/api/storage/upload?token=${payload}.${this.sign(`upload|${payload}`)}`;
	}

	/** @throws FunctionError 'StorageTokenInvalid', 'StorageTokenExpired': Convex's codes */
	componentOfToken(token: string, nowMs: number): ComponentPath {
		const [payload = '', signature = ''] = token.split('.');
		if (this.isSigned(`upload|${payload}`, signature)) {
			const [component, validUntilMs] = JSON.parse(
				Buffer.from(payload, 'base64url').toString(),
			) as [ComponentPath, number];
			if (nowMs < validUntilMs) return component;
			throw new FunctionError(
				'StorageTokenExpired',
				'This upload address is older than an hour. Ask for a new one and upload again.',
			);
		}
		throw new FunctionError(
			'StorageTokenInvalid',
			'This is no upload address of this deployment. Ask for one with generateUploadUrl().',
		);
	}

	/** Removes files that no document owns: of transactions that failed, or of a crash between commit and removal. */
	sweep(isOwned: (id: string) => boolean): void {
		for (const name of readdirSync(this.folder)) {
			if (name !== INCOMING && !isOwned(name)) unlinkSync(path.join(this.folder, name));
		}
	}

	private sign(text: string): string {
		const mac = createHmac('sha256', this.secret).update(text).digest();
		return mac.subarray(0, SIGNATURE_BYTES).toString('base64url');
	}

	private isSigned(text: string, signature: string): boolean {
		const expected = Buffer.from(this.sign(text));
		const given = Buffer.from(signature);
		return expected.length === given.length && timingSafeEqual(expected, given);
	}
}
