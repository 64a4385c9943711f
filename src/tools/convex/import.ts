/** `npm run convex -- import`: a snapshot export or one table's file into a deployment. */
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { importFile } from '../../lib/server/embedded/operate/importFile.ts';
import type { ImportFormat } from '../../lib/server/embedded/operate/importSource.ts';
import type { ImportMode } from '../../lib/server/embedded/operate/importTables.ts';
import { openStorage } from '../../lib/server/embedded/storage/storage.ts';
import { CommandError, fromCaller, readArguments } from './command.ts';
import { ask, placeOf, report } from './places.ts';

export const usage = `usage: npm run convex -- import <file> (--data <dir> | --url <address>) [flags]

  --data <dir>         the data folder of a deployment that is not running
  --url <address>      a served deployment, with CONVEX_ADMIN_KEY set
  --table <name>       which table a csv, jsonLines or jsonArray file is for
  --component <path>   whose table that is; default: the app's
  --format <format>    csv, jsonLines, jsonArray or zip; default: by the file's extension
  --append             add to tables that have documents
  --replace            replace what imported tables hold
  --replace-all        replace what all tables hold, imported or not

Reads what \`npx convex export\` and \`npm run convex -- export\` write; IDs and creation times are kept.
All of it becomes visible at once, or nothing changes. Documents must fit the schema of the functions
that were pushed last.`;

const EXTENSIONS: Record<string, ImportFormat> = {
	'.csv': 'csv',
	'.jsonl': 'jsonLines',
	'.json': 'jsonArray',
	'.zip': 'zip',
};

export async function run(args: string[]): Promise<number> {
	const { values: flags, positionals } = readArguments('import', {
		args,
		allowPositionals: true,
		options: {
			data: { type: 'string' },
			url: { type: 'string' },
			table: { type: 'string' },
			component: { type: 'string' },
			format: { type: 'string' },
			append: { type: 'boolean', default: false },
			replace: { type: 'boolean', default: false },
			'replace-all': { type: 'boolean', default: false },
		},
	});
	const [given, ...others] = positionals;
	if (given === undefined || others.length > 0) {
		throw new CommandError('BadUsage', 'Name the one file to import.');
	}
	const file = fromCaller(given);
	if (!(await stat(file).catch(() => null))?.isFile()) {
		throw new CommandError('NoSuchFile', `There is no file ${file}.`);
	}
	const { table, component } = flags;
	const format = formatOf(file, flags.format);
	const mode = modeOf(flags);
	const place = placeOf(flags);
	if (place.kind === 'folder') {
		const { dataFile, filesFolder } = place.folder;
		const storage = openStorage({ file: dataFile, clock: { now: Date.now } });
		try {
			const request = { path: file, format, mode, table, component, filesFolder };
			report({ status: 'done', ...(await importFile(storage, request)) });
		} finally {
			await storage.close();
		}
		return 0;
	}
	const query = new URLSearchParams({ format, mode });
	if (table !== undefined) query.set('table', table);
	if (component !== undefined) query.set('component', component);
	const response = await ask(place, `/api/operate/import?${query}`, {
		method: 'POST',
		headers: { 'content-type': 'application/octet-stream' },
		body: await openAsBlob(file),
	});
	report({ status: 'done', ...((await response.json()) as object) });
	return 0;
}

function modeOf(flags: { append: boolean; replace: boolean; 'replace-all': boolean }): ImportMode {
	const given = [flags.append, flags.replace, flags['replace-all']].filter(Boolean).length;
	if (given > 1) {
		throw new CommandError('BadUsage', 'Choose one of --append, --replace and --replace-all.');
	}
	if (flags.append) return 'append';
	if (flags.replace) return 'replace';
	return flags['replace-all'] ? 'replaceAll' : 'requireEmpty';
}

function formatOf(file: string, given: string | undefined): ImportFormat {
	const format = given ?? EXTENSIONS[path.extname(file)];
	if (Object.values(EXTENSIONS).some((known) => known === format)) return format as ImportFormat;
	throw new CommandError(
		'BadUsage',
		'Say with --format what the file is: csv, jsonLines, jsonArray or zip.',
	);
}
