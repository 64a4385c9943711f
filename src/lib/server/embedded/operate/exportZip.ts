/** A snapshot export: one committed state as the ZIP that `npx convex import` accepts. Streams; memory stays flat. */
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { TableInfo } from '../storage/catalog.ts';
import { isSystemTable, findTable } from '../storage/catalog.ts';
import type { StoredDocument } from '../storage/database.ts';
import { digestOf, FILES_TABLE, type FileDocument } from '../functions/fileStore.ts';
import type { JsonValue } from '../types.ts';
import { exportLine, UNIFORM_SCHEMA } from './exportValues.ts';
import type { HeldFiles } from './heldFiles.ts';
import type { SnapshotReader } from './snapshotReader.ts';
import { componentFolder, extensionOf, FILES_FOLDER, TABLES_FOLDER } from './zipLayout.ts';

export interface ExportCounts {
	tables: number;
	documents: number;
	files: number;
}

export interface ZipExport {
	stream: Readable;
	/** Complete when the stream has ended. */
	counts: ExportCounts;
}

/** The same state gives the same bytes: entries carry no time of their own. */
const ENTRY = { mtime: new Date(1980, 0, 1), mode: 0o100644, forceDosTimestamp: true };
const README = `# Snapshot export

The tables of a Convex deployment, as they were at one moment. Every folder is a table: its documents are the lines of
\`documents.jsonl\`. Folders below \`_components\` belong to components, \`_storage\` holds stored files.

To put it into a deployment: \`npx convex import <this file>\`.
`;

/** `files`: the stored files of the same snapshot, or null to leave file storage out. Closes nothing it was given. */
export function exportZip(snapshot: SnapshotReader, files: HeldFiles | null): ZipExport {
	const zip = new ZipFile();
	const counts: ExportCounts = { tables: 0, documents: 0, files: 0 };
	const failed = (error: unknown) => (zip.outputStream as Readable).destroy(error as Error);
	zip.on('error', failed);

	/** Opened when its turn comes: one table is read at a time. */
	const addLines = (name: string, lines: () => AsyncGenerator<string> | Generator<string>) => {
		zip.addReadStreamLazy(name, ENTRY, (done) => {
			const stream = Readable.from(lines(), { objectMode: false, highWaterMark: 64 * 1024 });
			stream.on('error', failed);
			done(null, stream);
		});
	};
	const addText = (name: string, text: string) => zip.addBuffer(Buffer.from(text), name, ENTRY);

	addText('README.md', README);
	const components = new Set([...snapshot.catalog.tables.values()].map((table) => table.component));
	for (const component of [...components].sort()) {
		const folder = componentFolder(component);
		const tables = snapshot.tablesOf(component).filter(({ name }) => !isSystemTable(name));
		addText(`${folder}${TABLES_FOLDER}/documents.jsonl`, tables.map(tableLine).join(''));
		for (const table of tables) {
			counts.tables += 1;
			addLines(`${folder}${table.name}/documents.jsonl`, () => documentLines(table));
			addText(`${folder}${table.name}/generated_schema.jsonl`, UNIFORM_SCHEMA);
		}
		const storage = findTable(snapshot.catalog, component, FILES_TABLE);
		if (files === null) continue;
		const held = storage ? files.of(storage) : [];
		addLines(`${folder}${FILES_FOLDER}/documents.jsonl`, function* () {
			for (const file of held) yield fileLine(file);
		});
		for (const file of held) {
			counts.files += 1;
			const name = `${folder}${FILES_FOLDER}/${file._id}${extensionOf(file.contentType)}`;
			zip.addReadStreamLazy(name, { ...ENTRY, compress: false }, (done) => {
				const stream = files.open(file._id);
				stream.on('error', failed);
				done(null, stream);
			});
		}
	}
	zip.end();
	return { stream: zip.outputStream as Readable, counts };

	async function* documentLines(table: TableInfo): AsyncGenerator<string> {
		for await (const batch of snapshot.batches(table)) {
			counts.documents += batch.length;
			yield batch.map((document: StoredDocument) => `${exportLine(document)}\n`).join('');
		}
	}
}

function tableLine({ name, idNumber }: TableInfo): string {
	return `${JSON.stringify({ name, id: idNumber })}\n`;
}

/** Convex gives digests in base64 here, sizes as integers, and null for a missing type. */
function fileLine(file: FileDocument): string {
	const line: Record<string, JsonValue> = {
		_id: file._id,
		_creationTime: null,
		sha256: digestOf(file).toString('base64'),
		size: file.size,
		contentType: file.contentType ?? null,
	};
	return `${JSON.stringify(line).replace('"_creationTime":null', `"_creationTime":${exportLine(file._creationTime)}`)}\n`;
}
