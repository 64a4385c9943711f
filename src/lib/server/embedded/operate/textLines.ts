/** The lines of a stream of UTF-8, and the rows of a CSV file. */
import { FunctionError } from '../types.ts';

/** A document is at most 1 MiB as Convex counts it; escapes can make its text several times longer. */
const MAX_LINE_CHARS = 32 * 1024 * 1024;
const BYTE_ORDER_MARK = '\uFEFF';

async function* texts(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
	let isFirst = true;
	const decode = (chunk?: Uint8Array) => {
		try {
			return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
		} catch {
			throw new FunctionError('InvalidImport', 'The file is not UTF-8 text.');
		}
	};
	for await (const chunk of stream) {
		const text = decode(chunk);
		if (text === '') continue;
		yield isFirst && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
		isFirst = false;
	}
	yield decode();
}

/** Split at line feeds only: U+2028 and its like may stand inside JSON strings. Empty lines are left out. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	let rest = '';
	for await (const text of texts(stream)) {
		const lines = (rest + text).split('\n');
		rest = lines.pop()!;
		if (rest.length > MAX_LINE_CHARS) {
			throw new FunctionError(
				'InvalidImport',
				'The file has a line that is too long for a document.',
			);
		}
		for (const line of lines) if (line.trim() !== '') yield line;
	}
	if (rest.trim() !== '') yield rest;
}

export async function textOf(
	stream: AsyncIterable<Uint8Array>,
	maxChars: number,
	tooLong: string,
): Promise<string> {
	let whole = '';
	for await (const text of texts(stream)) {
		whole += text;
		if (whole.length > maxChars) throw new FunctionError('InvalidImport', tooLong);
	}
	return whole;
}

/** RFC 4180: quoted fields may hold commas, line ends and doubled quotes. */
export async function* csvRows(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
	let row: string[] = [];
	let field = '';
	let state: 'start' | 'plain' | 'quoted' | 'quoteInQuoted' = 'start';
	for await (const text of texts(stream)) {
		for (const char of text) {
			if (state === 'quoted') {
				if (char === '"') state = 'quoteInQuoted';
				else field += char;
				continue;
			}
			if (char === '"' && state !== 'plain') {
				if (state === 'quoteInQuoted') field += '"';
				state = 'quoted';
			} else if (char === ',' || char === '\n') {
				row.push(state === 'quoteInQuoted' ? field : field.replace(/\r$/, ''));
				field = '';
				state = 'start';
				if (char === ',') continue;
				if (row.length > 1 || row[0] !== '') yield row;
				row = [];
			} else if (char !== '\r' || state !== 'quoteInQuoted') {
				field += char;
				if (state === 'start') state = 'plain';
			}
		}
	}
	if (state === 'quoted') {
		throw new FunctionError('InvalidImport', 'The CSV file ends inside a quoted field.');
	}
	row.push(field.replace(/\r$/, ''));
	if (row.length > 1 || row[0] !== '') yield row;
}
