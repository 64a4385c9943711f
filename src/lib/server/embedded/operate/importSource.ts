/** What a file to import holds, whichever format it has. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { decodeId } from '../storage/ids.ts';
import { isJsonObject, type JsonObject } from '../storage/jsonValues.ts';
import { type ComponentPath, FunctionError, type JsonValue } from '../types.ts';
import { importLine } from './exportValues.ts';
import { csvRows, linesOf, textOf } from './textLines.ts';

export type ImportFormat = 'csv' | 'jsonLines' | 'jsonArray' | 'zip';

export interface ImportTable {
	component: ComponentPath;
	name: string;
	/** What its ids begin with; null when nothing says so. */
	idNumber: number | null;
	/** Convex JSON with or without `_id` and `_creationTime`, not checked yet. */
	rows(): AsyncGenerator<JsonObject>;
}

/** A stored file; its metadata may be missing. */
export interface ImportFile {
	component: ComponentPath;
	id: string;
	metadata: JsonObject | null;
	open(): Promise<Readable>;
}

export interface ImportSource {
	tables: ImportTable[];
	/** Components whose file storage the source speaks of, with or without files. */
	fileComponents: ComponentPath[];
	files: ImportFile[];
	close(): void;
}

/** https://docs.convex.dev/database/import-export/import: JSON arrays are read as a whole. */
const MAX_JSON_ARRAY_CHARS = 8 * 1024 * 1024;

/** One table from a text file. */
export async function tableSource(
	path: string,
	format: Exclude<ImportFormat, 'zip'>,
	component: ComponentPath,
	name: string,
): Promise<ImportSource> {
	const rows = () => named(name, rowsOf(createReadStream(path), format));
	const idNumber = await firstIdNumber(rows());
	return {
		tables: [{ component, name, idNumber, rows }],
		fileComponents: [],
		files: [],
		close: () => {},
	};
}

export async function firstIdNumber(rows: AsyncGenerator<JsonObject>): Promise<number | null> {
	for await (const { _id } of rows) {
		return typeof _id === 'string' ? (decodeId(_id)?.tableNumber ?? null) : null;
	}
	return null;
}

/** Puts the table and the row's number into errors. */
export async function* named(
	table: string,
	rows: AsyncGenerator<JsonObject>,
): AsyncGenerator<JsonObject> {
	let number = 1;
	try {
		for await (const row of rows) {
			yield row;
			number += 1;
		}
	} catch (error) {
		if (!(error instanceof FunctionError) || error.code !== 'InvalidImport') throw error;
		throw new FunctionError(
			'InvalidImport',
			`Table "${table}", document ${number}: ${error.message}`,
		);
	}
}

async function* rowsOf(
	stream: Readable,
	format: Exclude<ImportFormat, 'zip'>,
): AsyncGenerator<JsonObject> {
	if (format === 'jsonLines') {
		for await (const line of linesOf(stream)) yield importLine(line, 'plain');
	} else if (format === 'jsonArray') {
		const text = await textOf(
			stream,
			MAX_JSON_ARRAY_CHARS,
			'A JSON array may have 8 MiB at most. Make it one document per line (`jq -c .[]`) and import it as jsonLines.',
		);
		const { all } = importLine(`{"all":${text}}`, 'plain');
		if (!Array.isArray(all)) {
			throw new FunctionError('InvalidImport', 'The file must be one JSON array of objects.');
		}
		for (const row of all) {
			if (!isJsonObject(row)) {
				throw new FunctionError('InvalidImport', 'Every document must be a JSON object.');
			}
			yield row;
		}
	} else {
		let names: string[] | null = null;
		for await (const row of csvRows(stream)) {
			if (names === null) {
				names = row;
				if (new Set(names).size !== names.length) {
					throw new FunctionError('InvalidImport', 'The CSV header names a column twice.');
				}
			} else if (row.length !== names.length) {
				throw new FunctionError(
					'InvalidImport',
					`The CSV row has ${row.length} fields where the header has ${names.length}.`,
				);
			} else {
				yield Object.fromEntries(names.map((name, i) => [name, csvValue(row[i]!)]));
			}
		}
	}
}

/** A number when the whole field is one, as Convex does it; else text. */
function csvValue(text: string): JsonValue {
	if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
		const number = Number(text);
		return Number.isFinite(number) ? number : float(number);
	}
	const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
	if (!special) return text;
	if (special[2]!.toLowerCase() === 'nan') return float(NaN);
	return float(special[1] === '-' ? -Infinity : Infinity);
}

function float(value: number): JsonValue {
	const bytes = Buffer.alloc(8);
	bytes.writeDoubleLE(value);
	return { $float: bytes.toString('base64') };
}
