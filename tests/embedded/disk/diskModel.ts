/**
 * A disk as POSIX allows it to be: what was not flushed may be there after a power cut or not, block by block, in any
 * order; names are there once their folder was flushed. What a failed flush was to write may be gone for good.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LogEntry } from './writeLog.ts';

/** Disks write sectors whole; memory pages are what the kernel writes at once. */
const SECTOR_BYTES = 512;

type Change = { offset: number; data: Buffer } | { length: number };

class Content {
	#buffer = Buffer.alloc(0);
	length = 0;

	get bytes(): Buffer {
		return this.#buffer.subarray(0, this.length);
	}

	copy(): Content {
		const copy = new Content();
		copy.#buffer = Buffer.from(this.bytes);
		copy.length = this.length;
		return copy;
	}

	apply(change: Change): void {
		if ('length' in change) return this.#resize(change.length);
		const { offset, data } = change;
		if (offset + data.length > this.length) this.#resize(offset + data.length);
		data.copy(this.#buffer, offset);
	}

	#resize(length: number): void {
		if (length > this.#buffer.length) {
			const larger = Buffer.alloc(length * 2);
			this.bytes.copy(larger);
			this.#buffer = larger;
		} else if (length < this.length) this.#buffer.fill(0, length, this.length);
		this.length = length;
	}
}

class DiskFile {
	readonly isFolder: boolean;
	/** What is on the platter. */
	durable = new Content();
	/** Since the last flush, in order. */
	pending: Change[] = [];
	/** For folders: names as they are, and as they are on the platter. */
	names = new Map<string, DiskFile>();
	durableNames = new Map<string, DiskFile>();
	/** For folders, in order. */
	pendingNames: { name: string; file: DiskFile | null }[] = [];
	constructor(isFolder: boolean) {
		this.isFolder = isFolder;
	}
}

/** What becomes of what was not flushed. */
export type Loss = 'everything' | 'nothing' | { random: () => number };

export class DiskModel {
	readonly #root = new DiskFile(true);
	readonly #handles = new Map<number, DiskFile>();

	apply(entry: LogEntry): void {
		switch (entry.type) {
			case 'open': {
				let file = this.#find(entry.path);
				if (!file) this.#name(entry.path, (file = new DiskFile(false)));
				if (entry.isTruncated) file.pending.push({ length: 0 });
				this.#handles.set(entry.handle, file);
				return;
			}
			case 'write':
				this.#handles.get(entry.handle)!.pending.push(entry);
				return;
			case 'truncate':
				this.#handles.get(entry.handle)!.pending.push(entry);
				return;
			case 'sync': {
				const file = this.#handles.get(entry.handle)!;
				// The kernel forgets what it could not write: a later flush succeeds without it.
				if (!entry.hasFailed) for (const change of file.pending) file.durable.apply(change);
				file.pending.length = 0;
				if (entry.hasFailed) return;
				for (const { name, file: target } of file.pendingNames.splice(0)) {
					setName(file.durableNames, name, target);
				}
				return;
			}
			case 'mkdir':
				return this.#name(entry.path, new DiskFile(true));
			case 'unlink':
				return this.#name(entry.path, null);
			case 'rename': {
				const file = this.#find(entry.path);
				this.#name(entry.to, file);
				return this.#name(entry.path, null);
			}
			case 'ledger':
		}
	}

	/** Writes what is left after a power cut at this point into an empty folder. */
	materialize(target: string, loss: Loss): void {
		this.#materialize(this.#root, target, loss);
	}

	#materialize(folder: DiskFile, target: string, loss: Loss): void {
		mkdirSync(target, { recursive: true });
		const names = new Map(folder.durableNames);
		for (const { name, file } of folder.pendingNames) {
			if (isKept(loss)) setName(names, name, file);
		}
		for (const [name, file] of names) {
			const at = path.join(target, name);
			if (file.isFolder) this.#materialize(file, at, loss);
			else writeFileSync(at, contentOf(file, loss));
		}
	}

	#find(name: string): DiskFile | null {
		let at: DiskFile | undefined = this.#root;
		for (const part of name.split('/').filter(Boolean)) at = at?.names.get(part);
		return at ?? null;
	}

	#name(name: string, file: DiskFile | null): void {
		const folder = this.#find(path.dirname(name) === '.' ? '' : path.dirname(name))!;
		const own = path.basename(name);
		setName(folder.names, own, file);
		folder.pendingNames.push({ name: own, file });
	}
}

function setName(names: Map<string, DiskFile>, name: string, file: DiskFile | null): void {
	if (file) names.set(name, file);
	else names.delete(name);
}

function isKept(loss: Loss): boolean {
	return typeof loss === 'object' ? loss.random() < 0.5 : loss === 'nothing';
}

function contentOf(file: DiskFile, loss: Loss): Buffer {
	if (loss === 'everything' || file.pending.length === 0) return file.durable.bytes;
	const content = file.durable.copy();
	for (const change of file.pending) {
		if ('length' in change) {
			if (isKept(loss)) content.apply(change);
			continue;
		}
		// Each sector by itself: a write is not atomic.
		const { offset, data } = change;
		const size = offset + data.length;
		for (let start = offset; start < size;) {
			const end = Math.min(size, (Math.floor(start / SECTOR_BYTES) + 1) * SECTOR_BYTES);
			const part = data.subarray(start - offset, end - offset);
			if (isKept(loss)) content.apply({ offset: start, data: part });
			start = end;
		}
	}
	return content.bytes;
}
