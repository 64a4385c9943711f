/** What lies where in a deployment's data folder. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { FunctionError } from '../types.ts';

/** Beside `files/`, which is swept at every start. */
export const HOLD_PREFIX = 'held-';

export const DATA_FILE = 'convex.sqlite';
export const FILES_FOLDER_NAME = 'files';

export interface DataFolder {
	folder: string;
	/** The SQLite file. */
	dataFile: string;
	/** Stored files, each under its id. */
	filesFolder: string;
}

export function dataFolder(folder: string): DataFolder {
	return {
		folder,
		dataFile: path.join(folder, DATA_FILE),
		filesFolder: path.join(folder, FILES_FOLDER_NAME),
	};
}

/** Throws FunctionError 'NoSuchStore'. */
export function existingDataFolder(folder: string): DataFolder {
	const found = dataFolder(folder);
	if (existsSync(found.dataFile)) return found;
	throw new FunctionError(
		'NoSuchStore',
		`There is no deployment in ${folder}: it has no ${DATA_FILE}. Name the folder that \`serve --data\` was given.`,
	);
}
