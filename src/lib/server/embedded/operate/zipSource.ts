/** A snapshot export as a source of an import. Entries are read by position, one at a time; checksums are checked. */
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import type { JsonObject } from '../storage/jsonValues.ts';
import { type ComponentPath, FunctionError } from '../types.ts';
import { type Encoding, importLine } from './exportValues.ts';
import {
	firstIdNumber,
	type ImportFile,
	type ImportSource,
	type ImportTable,
	named,
} from './importSource.ts';
import { linesOf, textOf } from './textLines.ts';
import { FILES_FOLDER, parseEntryName, TABLES_FOLDER } from './zipLayout.ts';

const MAX_SCHEMA_CHARS = 16 * 1024 * 1024;

interface TableEntries {
	component: ComponentPath;
	name: string;
	documents: Entry | null;
	schema: Entry | null;
}

/** Throws FunctionError 'InvalidImport'. */
export async function zipSource(path: string): Promise<ImportSource> {
	let zip: ZipFile;
	try {
		zip = await openPromise(path, { autoClose: false });
	} catch (error) {
		throw new FunctionError(
			'InvalidImport',
			`Not a ZIP file that can be read: ${(error as Error).message}.`,
		);
	}
	try {
		return await readDirectory(zip);
	} catch (error) {
		zip.close();
		throw error;
	}
}

async function readDirectory(zip: ZipFile): Promise<ImportSource> {
	const folders = new Map<string, TableEntries>();
	const fileEntries: { component: ComponentPath; id: string; entry: Entry }[] = [];
	for await (const entry of zip.eachEntry()) {
		const parsed = parseEntryName(entry.fileName);
		if (parsed === null) continue;
		if (parsed.kind === 'file') {
			fileEntries.push({ component: parsed.component, id: parsed.id, entry });
			continue;
		}
		const { component, table: name, kind } = parsed;
		const key = `${component}\0${name}`;
		const folder = folders.get(key) ?? { component, name, documents: null, schema: null };
		folders.set(key, folder);
		folder[kind] = entry;
	}
	const tables: ImportTable[] = [];
	const metadata = new Map<string, JsonObject>();
	const fileComponents = new Set<ComponentPath>(fileEntries.map(({ component }) => component));
	const numbers = await tableNumbers(zip, folders);
	for (const folder of folders.values()) {
		const { component, name } = folder;
		if (name === FILES_FOLDER) {
			fileComponents.add(component);
			for await (const row of rowsOf(zip, folder, 'uniform')) {
				metadata.set(`${component}\0${String(row._id)}`, row);
			}
		} else if (!name.startsWith('_')) {
			const encoding = await encodingOf(zip, folder);
			const rows = () => rowsOf(zip, folder, encoding);
			const idNumber = numbers.get(`${component}\0${name}`) ?? (await firstIdNumber(rows()));
			tables.push({ component, name, idNumber, rows });
		}
	}
	const files = fileEntries.map(({ component, id, entry }): ImportFile => {
		const known = metadata.get(`${component}\0${id}`) ?? null;
		metadata.delete(`${component}\0${id}`);
		return { component, id, metadata: known, open: () => openEntry(zip, entry) };
	});
	const [missing] = metadata.values();
	if (missing) {
		throw new FunctionError(
			'InvalidImport',
			`The file speaks of the stored file ${String(missing._id)} but does not hold it. Export again with the stored files.`,
		);
	}
	return { tables, fileComponents: [...fileComponents], files, close: () => zip.close() };
}

/** `_tables/documents.jsonl` of every component; a table it names without a folder of its own is left out. */
async function tableNumbers(
	zip: ZipFile,
	folders: ReadonlyMap<string, TableEntries>,
): Promise<Map<string, number>> {
	const numbers = new Map<string, number>();
	for (const folder of folders.values()) {
		if (folder.name !== TABLES_FOLDER) continue;
		for await (const { name, id } of rowsOf(zip, folder, 'plain')) {
			if (typeof name !== 'string' || typeof id !== 'number' || !Number.isInteger(id)) {
				throw new FunctionError(
					'InvalidImport',
					`${TABLES_FOLDER}/documents.jsonl is not a list of tables.`,
				);
			}
			numbers.set(`${folder.component}\0${name}`, id);
		}
	}
	return numbers;
}

async function encodingOf(
	zip: ZipFile,
	{ name, documents, schema }: TableEntries,
): Promise<Encoding> {
	if (!schema) return 'plain';
	const text = await textOf(
		await openEntry(zip, schema),
		MAX_SCHEMA_CHARS,
		`${name}/generated_schema.jsonl is too long.`,
	);
	if (text.trim() === '"uniform"') return 'uniform';
	if ((documents?.uncompressedSize ?? 0) === 0) return 'plain';
	throw new FunctionError(
		'InvalidImport',
		`${name}/generated_schema.jsonl is of the old kind, which this program cannot read. Export the deployment again with a ` +
			'current version; or, when the table has no int64 and no bytes, remove that file from the ZIP.',
	);
}

async function* rowsOf(
	zip: ZipFile,
	{ name, documents }: TableEntries,
	encoding: Encoding,
): AsyncGenerator<JsonObject> {
	if (!documents) return;
	const lines = async function* () {
		for await (const line of linesOf(await openEntry(zip, documents)))
			yield importLine(line, encoding);
	};
	yield* named(name, lines());
}

async function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
	let sum = 0;
	const checked = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			sum = crc32(chunk, sum);
			done(null, chunk);
		},
		flush(done) {
			const isWhole = sum === entry.crc32;
			done(isWhole ? null : damaged(entry, 'its checksum is wrong'));
		},
	});
	try {
		const stream = await zip.openReadStreamPromise(entry);
		stream.on('error', (error) => checked.destroy(damaged(entry, error.message)));
		checked.on('close', () => stream.destroy());
		return stream.pipe(checked);
	} catch (error) {
		throw damaged(entry, (error as Error).message);
	}
}

function damaged(entry: Entry, why: string): FunctionError {
	return new FunctionError('InvalidImport', `The ZIP file is damaged: ${entry.fileName}: ${why}.`);
}
