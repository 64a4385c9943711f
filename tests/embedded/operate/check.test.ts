import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { checkFolder } from '../../../src/lib/server/embedded/operate/checkFolder.ts';
import { schema, table } from '../storage/helpers.ts';
import { type OpenFolder, openFolder } from './exportSupport.ts';

/** A deployment with a bit of everything, closed; and its one stored file. */
async function closedFolder(): Promise<OpenFolder & { fileId: string }> {
	const folder = openFolder();
	await folder.storage.pushSchemas(
		new Map([['', schema(table('notes', { by_n: ['n'] }), table('others'))]]),
	);
	mkdirSync(folder.filesFolder);
	const bytes = 'stored';
	const { value: fileId } = await folder.storage.mutate(async (db) => {
		for (let n = 0; n < 20; n++) db.insert('', 'notes', { n });
		db.insert('', 'others', {});
		db.rememberRequest('session', 1, 'null');
		const sha256 = createHash('sha256').update(bytes).digest('hex');
		return db.systemInsert('', '_storage', { sha256, size: bytes.length });
	});
	writeFileSync(path.join(folder.filesFolder, fileId), bytes);
	await folder.storage.close();
	return { ...folder, fileId };
}

/** What may go wrong, done by hand, and what the check must say about it. */
const DAMAGES: [string, (folder: OpenFolder & { fileId: string }) => void, RegExp][] = [
	['a lost index entry', sql('DELETE FROM index_entries WHERE idx = 3 LIMIT 1'), /has no entry in/],
	['an entry of no document', sql(`DELETE FROM documents WHERE rid = 3`), /orphan entry/],
	[
		'a document changed behind its index',
		sql(`UPDATE documents SET json = replace(json, '"n":7', '"n":77')`),
		/has no entry in notes\.by_n/,
	],
	[
		'a document of an unknown table',
		sql('UPDATE documents SET tbl = 5 WHERE rid = 1'),
		/unknown table/,
	],
	[
		'ids of another table',
		sql('UPDATE tables SET id_number = 42 WHERE num = 10001'),
		/ID of another/,
	],
	['a clock behind a commit', sql(`UPDATE session_requests SET ts = '9' || ts`), /after the clock/],
	['lost bytes', ({ filesFolder, fileId }) => rmSync(path.join(filesFolder, fileId)), /no bytes/],
	[
		'other bytes',
		({ filesFolder, fileId }) => writeFileSync(path.join(filesFolder, fileId), 'STORED'),
		/digest/,
	],
	[
		'cut bytes',
		({ filesFolder, fileId }) => writeFileSync(path.join(filesFolder, fileId), 'sto'),
		/has 3 bytes/,
	],
	[
		'a file nobody owns',
		({ filesFolder }) => writeFileSync(path.join(filesFolder, 'abc'), ''),
		/belongs to no document/,
	],
];

function sql(statement: string) {
	return ({ dataFile }: OpenFolder): void => {
		const database = new Database(dataFile);
		const single = statement.replace(
			/^DELETE FROM (\w+) WHERE (.*) LIMIT 1$/,
			'DELETE FROM $1 WHERE key = (SELECT key FROM $1 WHERE $2 LIMIT 1) AND $2',
		);
		expect(database.prepare(single).run().changes).toBeGreaterThan(0);
		database.close();
	};
}

describe('E3-7 the integrity check', () => {
	test('E3-7 finds nothing wrong with a sound folder, and counts what is there', async () => {
		const folder = await closedFolder();
		expect(await checkFolder(folder)).toMatchObject({
			ok: true,
			problems: [],
			documents: 22,
			indexEntries: 64,
			storedFiles: 1,
		});
	});

	test.each(DAMAGES)('E3-7 finds %s', async (_name, damage, problem) => {
		const folder = await closedFolder();
		damage(folder);
		const report = await checkFolder(folder);
		expect(report.ok).toBe(false);
		expect(report.problems.join('\n')).toMatch(problem);
	});

	test('E3-7 reads a deployment while it serves', async () => {
		const folder = openFolder();
		const writing = Array.from({ length: 50 }, () =>
			folder.storage.mutate(async (db) => db.insert('', 'notes', {})),
		);
		expect(await checkFolder(folder)).toMatchObject({ ok: true });
		await Promise.all(writing);
		expect(await checkFolder(folder)).toMatchObject({ ok: true, documents: 50 });
	});
});
