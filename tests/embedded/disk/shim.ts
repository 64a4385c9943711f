/** Builds the shim that stands between a process and its disk, and steers it. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
	closeSync,
	mkdirSync,
	openSync,
	readFileSync,
	readSync,
	renameSync,
	existsSync,
	writeFileSync,
	writeSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { findOnPath, installPackage, needProgram } from '../../../src/tools/needs/debianPackage.ts';

const SOURCE = path.join(import.meta.dirname, 'diskShim.c');

/** Path of the shared object, built once per source. Throws, with the command that installs it, without a compiler. */
export function buildShim(): string {
	const hash = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
	const folder = path.join(tmpdir(), 'tributary-disk-shim');
	const file = path.join(folder, `${hash}.so`);
	if (existsSync(file)) return file;
	mkdirSync(folder, { recursive: true });
	const fresh = path.join(folder, `${hash}.${process.pid}`);
	if (findOnPath(['gcc']) === null) installPackage('libc6-dev');
	const gcc = needProgram(['gcc'], 'gcc');
	execFileSync(gcc, ['-shared', '-fPIC', '-O2', '-Wall', '-o', fresh, SOURCE, '-ldl', '-lpthread']);
	renameSync(fresh, file);
	return file;
}

/** Calls the shim can tell apart; as in diskShim.c. */
export const OPS = { write: 1, sync: 2, truncate: 4, rename: 8, unlink: 16, create: 32, mkdir: 64 };
export type Op = keyof typeof OPS;

const MODES = { off: 0, fail: 1, killBefore: 2, killAfter: 3, killTorn: 4 };
const FIELDS = {
	mode: 0,
	ops: 4,
	countdown: 8,
	error: 12,
	lasting: 16,
	fired: 20,
	seen: 24,
	forgetSync: 28,
	torn: 32,
};
const FILTER_OFFSET = 36;
const SIZE_BYTES = 128;

export interface Trigger {
	mode: keyof typeof MODES;
	ops: Op[];
	/** The first matching call is 1. */
	at: number;
	/** Part of the path, or with '$' at its end how the path ends; '' for any file. */
	file?: string;
	error?: 'ENOSPC' | 'EIO';
	/** Fails from there on, until cleared. */
	isLasting?: boolean;
	/** A failing write leaves its first half. */
	isTorn?: boolean;
}

/** One file, mapped by the shim: what is written here holds from the next call on. */
export class DiskControl {
	readonly file: string;
	readonly #fd: number;

	constructor(file: string) {
		this.file = file;
		if (!existsSync(file)) writeFileSync(file, Buffer.alloc(SIZE_BYTES));
		this.#fd = openSync(file, 'r+');
	}

	arm(trigger: Trigger): void {
		const bytes = Buffer.alloc(SIZE_BYTES);
		bytes.writeInt32LE(
			trigger.ops.reduce((all, op) => all | OPS[op], 0),
			FIELDS.ops,
		);
		bytes.writeInt32LE(trigger.at, FIELDS.countdown);
		bytes.writeInt32LE(trigger.error ? constants.errno[trigger.error] : 0, FIELDS.error);
		bytes.writeInt32LE(Number(trigger.isLasting ?? false), FIELDS.lasting);
		bytes.writeInt32LE(this.#get('forgetSync'), FIELDS.forgetSync);
		bytes.writeInt32LE(Number(trigger.isTorn ?? false), FIELDS.torn);
		bytes.write(trigger.file ?? '', FILTER_OFFSET);
		// Armed last, when all else is in place.
		writeSync(this.#fd, bytes, 4, SIZE_BYTES - 4, 4);
		this.#set('mode', MODES[trigger.mode]);
	}

	clear(): void {
		this.#set('mode', MODES.off);
	}

	/** From here on fsync does nothing: what a disk that lies about it would do. */
	forgetSync(): void {
		this.#set('forgetSync', 1);
	}

	/** How often the armed trigger struck. */
	get fired(): number {
		return this.#get('fired');
	}

	close(): void {
		closeSync(this.#fd);
	}

	#set(field: keyof typeof FIELDS, value: number): void {
		const bytes = Buffer.alloc(4);
		bytes.writeInt32LE(value);
		writeSync(this.#fd, bytes, 0, 4, FIELDS[field]);
	}

	#get(field: keyof typeof FIELDS): number {
		const bytes = Buffer.alloc(4);
		readSync(this.#fd, bytes, 0, 4, FIELDS[field]);
		return bytes.readInt32LE();
	}
}

export interface ShimFiles {
	/** The folder whose disk this is; absolute and without links. */
	root: string;
	control: string;
	/** Where the record goes; without it nothing is recorded. */
	log?: string;
	ledger?: string;
}

/** For the environment of a child process. */
export function shimEnv({ root, control, log, ledger }: ShimFiles): Record<string, string> {
	return {
		LD_PRELOAD: buildShim(),
		DISK_ROOT: root,
		DISK_CONTROL: control,
		...(log ? { DISK_LOG: log } : {}),
		...(ledger ? { DISK_LEDGER: ledger } : {}),
	};
}
