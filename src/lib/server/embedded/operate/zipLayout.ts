/**
 * What lies where in the ZIP of a snapshot export, as `npx convex export` writes it and `npx convex import` reads it:
 * `README.md`, `_tables/documents.jsonl`, `<table>/documents.jsonl`, `<table>/generated_schema.jsonl`,
 * `_storage/documents.jsonl`, `_storage/<id>.<extension>`, and the same below `_components/<name>/` for a component.
 */
import type { ComponentPath } from '../types.ts';

export const TABLES_FOLDER = '_tables';
export const FILES_FOLDER = '_storage';
const COMPONENTS_FOLDER = '_components';

export type ZipEntryKind =
	| { kind: 'documents'; component: ComponentPath; table: string }
	| { kind: 'schema'; component: ComponentPath; table: string }
	| { kind: 'file'; component: ComponentPath; id: string };

/** '' or '_components/a/_components/b/'. */
export function componentFolder(component: ComponentPath): string {
	if (component === '') return '';
	return component
		.split('/')
		.map((name) => `${COMPONENTS_FOLDER}/${name}/`)
		.join('');
}

/** null: a folder, the README, or something an import leaves alone. */
export function parseEntryName(name: string): ZipEntryKind | null {
	const parts = name.split('/');
	const names: string[] = [];
	while (parts[0] === COMPONENTS_FOLDER && parts.length > 2) names.push(parts.splice(0, 2)[1]!);
	const component = names.join('/');
	const [table, file, ...rest] = parts;
	if (!table || !file || rest.length > 0) return null;
	if (file === 'documents.jsonl') return { kind: 'documents', component, table };
	if (file === 'generated_schema.jsonl') return { kind: 'schema', component, table };
	if (table === FILES_FOLDER) return { kind: 'file', component, id: file.split('.')[0]! };
	return null;
}

/** Makes the bytes easy to look at outside; an import reads the type from the metadata. */
const EXTENSIONS: Record<string, string> = {
	'application/gzip': '.gz',
	'application/json': '.json',
	'application/octet-stream': '.bin',
	'application/pdf': '.pdf',
	'application/xml': '.xml',
	'application/zip': '.zip',
	'audio/mpeg': '.mp3',
	'image/gif': '.gif',
	'image/jpeg': '.jpg',
	'image/png': '.png',
	'image/svg+xml': '.svg',
	'image/webp': '.webp',
	'text/css': '.css',
	'text/csv': '.csv',
	'text/html': '.html',
	'text/javascript': '.js',
	'text/markdown': '.md',
	'text/plain': '.txt',
	'video/mp4': '.mp4',
	'video/webm': '.webm',
};

export function extensionOf(contentType: string | undefined): string {
	const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
	return Object.hasOwn(EXTENSIONS, type) ? EXTENSIONS[type]! : '';
}
