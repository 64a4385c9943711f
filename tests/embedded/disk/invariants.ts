/** What must hold for the fixture's data whenever it can be seen. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { openSqlite } from '../../../src/lib/server/embedded/storage/sqlite.ts';
import { checkIntegrity } from '../../../src/lib/server/embedded/storage/integrity.ts';
import { loadCatalog } from '../../../src/lib/server/embedded/storage/loadCatalog.ts';
import type { Everything } from './app.ts';

/** Sentences about what is wrong; none: all is well. */
export function problemsOf(all: Everything): string[] {
	const problems: string[] = [];
	const doubled = (what: string, names: string[]) => {
		for (const name of repeated(names)) problems.push(`${what} ${name} is there twice`);
	};
	doubled(
		'operation',
		all.ops.map(({ op }) => op),
	);
	doubled('run of the mutation of', all.mutationRuns);
	doubled('run of the action of', all.actionRuns);
	const numbers = all.ops.map(({ n }) => n);
	if (numbers.some((n, i) => n !== i + 1)) problems.push(`operations are numbered ${numbers}`);
	if (all.balance !== 0) problems.push(`the balance is ${all.balance}`);
	const ran = new Set(all.mutationRuns);
	const known = new Set(all.ops.map(({ op }) => op));
	for (const { name, op, state } of all.jobs) {
		if (!known.has(op)) problems.push(`a job of the unknown operation ${op}`);
		if (name.includes('Mutation') && (state === 'success') !== ran.has(op)) {
			problems.push(`the job of ${op} is ${state}, and ${ran.has(op) ? 'has' : 'has not'} run`);
		}
	}
	const files = new Set(all.files.map(({ id }) => id));
	for (const id of all.attachments) {
		if (!files.has(id)) problems.push(`the file ${id} that the app knows has no document`);
	}
	return problems;
}

/** Acknowledged operations that are not there, and those told as failed that are. */
export function ledgerProblems(all: Everything, kept: string[], failed: string[] = []): string[] {
	const known = new Set(all.ops.map(({ op }) => op));
	return [
		...kept.filter((op) => !known.has(op)).map((op) => `LOST: ${op} was acknowledged`),
		...failed.filter((op) => known.has(op)).map((op) => `${op} is there, but was told as failed`),
	];
}

/** Every document's file is there with its bytes. `isSwept`: and no other file is. */
export function fileProblems(
	dataDir: string,
	files: Everything['files'],
	isSwept: boolean,
): string[] {
	const folder = path.join(dataDir, 'files');
	const problems: string[] = [];
	for (const { id, sha256 } of files) {
		const file = path.join(folder, id);
		if (!existsSync(file)) problems.push(`the bytes of file ${id} are gone`);
		else {
			const digest = createHash('sha256').update(readFileSync(file)).digest();
			if (sha256 !== digest.toString('base64') && sha256 !== digest.toString('hex'))
				problems.push(`the bytes of file ${id} are others`);
		}
	}
	if (isSwept) {
		const owned = new Set(files.map(({ id }) => id));
		for (const name of readdirSync(folder)) {
			if (name !== 'incoming' && !owned.has(name)) problems.push(`file ${name} belongs to nobody`);
		}
		const incoming = readdirSync(path.join(folder, 'incoming'));
		if (incoming.length > 0) problems.push(`${incoming.length} files are left in incoming`);
	}
	return problems;
}

/** Of the database file, on a connection of its own. */
export function databaseProblems(dataDir: string): string[] {
	const database = openSqlite(path.join(dataDir, 'convex.sqlite'), { readOnly: true });
	try {
		return checkIntegrity(database, loadCatalog(database)).problems;
	} finally {
		database.close();
	}
}

function repeated(names: string[]): string[] {
	const seen = new Set<string>();
	return names.filter((name) => seen.size === seen.add(name).size);
}
