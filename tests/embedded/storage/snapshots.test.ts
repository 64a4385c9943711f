import { expect, test } from 'vitest';
import { openSqlite } from '../../../src/lib/server/embedded/storage/sqlite.ts';
import {
	collect,
	indexRange,
	mutate,
	openTestStorage,
	pluck,
	query,
	scan,
	schema,
	table,
} from './helpers.ts';

function countingStorage() {
	const opened = { readers: 0, closed: 0 };
	const storage = openTestStorage({
		openDatabase: (file, options) => {
			const database = openSqlite(file, options);
			if (!options?.readOnly) return database;
			opened.readers++;
			return Object.create(database, {
				close: {
					value: () => {
						opened.closed++;
						database.close();
					},
				},
			}) as typeof database;
		},
	});
	return { storage, opened };
}

test('snapshots of one commit share a connection, those of different commits keep apart', async () => {
	const { storage, opened } = countingStorage();
	await mutate(storage, (db) => db.insert('', 'notes', { n: 0 }));
	const sessions = [storage.snapshot(), storage.snapshot()];
	expect(opened.readers).toBe(1);
	for (let n = 1; n < 8; n++) {
		await mutate(storage, (db) => db.insert('', 'notes', { n }));
		sessions.push(storage.snapshot());
	}
	expect(sessions.map((db) => collect(db, scan('notes')).length)).toEqual([
		1, 1, 2, 3, 4, 5, 6, 7, 8,
	]);
	const timestamps = sessions.map((db) => db.ts);
	expect([...timestamps].sort()).toEqual(timestamps);
	for (const session of sessions) session.dispose();
	// Twice must not give a connection back twice.
	for (const session of sessions) session.dispose();
	expect(opened.readers - opened.closed).toBeLessThanOrEqual(4);
	expect(query(storage, (db) => collect(db, scan('notes')).length)).toBe(8);
});

test('an index walk over many batches is of one moment, whatever is written meanwhile', async () => {
	const storage = openTestStorage();
	await storage.pushSchemas(new Map([['', schema(table('notes', { by_n: ['n'] }))]]));
	const ids = await mutate(storage, (db) =>
		Array.from({ length: 1_200 }, (_, n) => db.insert('', 'notes', { n })),
	);
	const session = storage.snapshot();
	const streamId = session.openStream('', indexRange('notes.by_n', [], 'desc'));
	const seen = [session.next(streamId).value];
	await mutate(storage, (db) => {
		for (const id of ids.slice(0, 600)) db.remove('', id);
		for (const id of ids.slice(600)) db.patch('', id, { n: -1 });
	});
	for (let step = session.next(streamId); !step.done; step = session.next(streamId)) {
		seen.push(step.value);
	}
	session.dispose();
	expect(pluck(seen, 'n')).toEqual(Array.from({ length: 1_200 }, (_, i) => 1_199 - i));
});

test('a query that is open when the store closes fails instead of crashing the process', async () => {
	const storage = openTestStorage();
	await mutate(storage, (db) => db.insert('', 'notes', {}));
	const session = storage.snapshot();
	await storage.close();
	expect(() => collect(session, scan('notes'))).toThrow();
	session.dispose();
});
