/** What the disk says when it takes no more: which kind of failure it is, and what people are told. */
import { FunctionError } from '../types.ts';

/** ENOSPC and its relatives, as SQLite and Node report them. SHMSIZE: the log's index could not grow. */
const FULL = /^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)$/;
/** https://www.sqlite.org/rescode.html */
const FAILED =
	/^(SQLITE_(IOERR|CANTOPEN|CORRUPT|NOTADB|READONLY|PROTOCOL)(_\w+)?|EIO|EROFS|EACCES|EPERM|ENODEV|ENXIO)$/;

/** 'unknown': the disk reported the failure after it had taken everything; a power cut may bring the change back. */
export type Fate = 'nothingKept' | 'unknown';

/** Also of errors that came from another thread as plain FunctionErrors. */
export const DISK_CODES: ReadonlySet<string> = new Set(['DiskFull', 'DiskFailed', 'CommitFailed']);

/** A write that failed. Codes 'DiskFull', 'DiskFailed' and, for what is neither (a file locked by another program), 'CommitFailed'. */
export class DiskFailure extends FunctionError {
	readonly fate: Fate;
	constructor(cause: unknown, fate: Fate = 'nothingKept') {
		const kept =
			fate === 'nothingKept'
				? 'nothing of it was kept'
				: 'a power failure now could still bring it back: look before you send it again';
		super(...wordsFor(codeOf(cause), kept));
		this.fate = fate;
		this.cause = cause;
	}
}

function wordsFor(code: string, kept: string): [code: string, message: string] {
	if (FULL.test(code)) {
		return [
			'DiskFull',
			`The server's disk is full: the change could not be written, and ${kept}. Queries go on. Free some space; ` +
				'changes are then accepted again without a restart.',
		];
	}
	if (FAILED.test(code)) {
		return [
			'DiskFailed',
			`The server's disk failed (${code}): the change could not be written, and ${kept}. Queries go on. Check the disk; ` +
				'when it works again, changes are accepted without a restart.',
		];
	}
	return [
		'CommitFailed',
		`The change could not be written to disk, and ${kept}. Check the free space and the disk of the server, then try ` +
			'again.',
	];
}

/** Whether the error is the disk's, rather than a mistake of ours. */
export function isDiskError(error: unknown): boolean {
	const code = codeOf(error);
	return FULL.test(code) || FAILED.test(code);
}

function codeOf(error: unknown): string {
	const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
	return typeof code === 'string' ? code : '';
}
