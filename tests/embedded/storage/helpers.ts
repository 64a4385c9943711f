import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import {
	openStorage,
	type SqliteStorage,
	type StorageOptions,
} from '../../../src/lib/server/embedded/storage/storage.ts';
import {
	openSqlite,
	type SqliteDatabase,
	type SqliteOptions,
} from '../../../src/lib/server/embedded/storage/sqlite.ts';
import type {
	DbSession,
	JsonValue,
	QueryJson,
	SchemaDefinition,
	TableDefinition,
} from '../../../src/lib/server/embedded/types.ts';

export const START_MS = 1_760_000_000_000;

/** A clock that stands still until told otherwise. */
export function manualClock(startMs = START_MS) {
	const clock = {
		ms: startMs,
		now: () => clock.ms,
	};
	return clock;
}

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export function temporaryFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), 'storage-'));
	cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A store that is closed and deleted after the test. */
export function openTestStorage(options: Partial<StorageOptions> = {}): SqliteStorage {
	const storage = openStorage({
		file: options.file ?? join(temporaryFolder(), 'data.sqlite'),
		clock: manualClock(),
		synchronous: 'NORMAL',
		...options,
	});
	cleanups.push(() => storage.close());
	return storage;
}

export function table(
	tableName: string,
	indexes: { [name: string]: string[] } = {},
	documentType: JsonValue | null = null,
): TableDefinition {
	return {
		tableName,
		indexes: Object.entries(indexes).map(([indexDescriptor, fields]) => ({
			indexDescriptor,
			fields,
		})),
		documentType,
	};
}

export function schema(...tables: TableDefinition[]): SchemaDefinition {
	return { tables, schemaValidation: true };
}

export function scan(
	tableName: string,
	order: 'asc' | 'desc' | null = null,
	operators: QueryJson['operators'] = [],
): QueryJson {
	return { source: { type: 'FullTableScan', tableName, order }, operators };
}

type Range = Extract<QueryJson['source'], { type: 'IndexRange' }>['range'];

export function indexRange(
	indexName: string,
	range: Range = [],
	order: 'asc' | 'desc' | null = null,
	operators: QueryJson['operators'] = [],
): QueryJson {
	return { source: { type: 'IndexRange', indexName, range, order }, operators };
}

/** All documents of a query. */
export function collect(session: DbSession, query: QueryJson, component = ''): JsonValue[] {
	const streamId = session.openStream(component, query);
	const documents: JsonValue[] = [];
	for (let step = session.next(streamId); !step.done; step = session.next(streamId)) {
		documents.push(step.value);
	}
	session.closeStream(streamId);
	return documents;
}

/** Runs `read` on a snapshot and lets go of it. */
export function query<T>(storage: SqliteStorage, read: (session: DbSession) => T): T {
	const session = storage.snapshot();
	try {
		return read(session);
	} finally {
		session.dispose();
	}
}

export async function mutate<T>(
	storage: SqliteStorage,
	run: (session: DbSession) => T | Promise<T>,
): Promise<T> {
	return (await storage.mutate(async (session) => run(session))).value;
}

/** Field of every document, in order. */
export function pluck(documents: JsonValue[], field: string): JsonValue[] {
	return documents.map((document) => (document as { [key: string]: JsonValue })[field] ?? null);
}

/** The code of the FunctionError that `run` throws. */
export function codeOf(run: () => unknown): string | undefined {
	try {
		run();
	} catch (error) {
		return (error as { code?: string }).code;
	}
	return undefined;
}

/** A disk that fails at one SQL command while `isBroken`. */
export function failingDisk(moment: string) {
	const disk = {
		isBroken: false,
		open: (file: string, options?: SqliteOptions): SqliteDatabase => {
			const database = openSqlite(file, options);
			const exec = (sql: string) => {
				if (disk.isBroken && sql === moment) throw new Error('disk I/O error');
				database.exec(sql);
			};
			return Object.create(database, { exec: { value: exec } }) as SqliteDatabase;
		},
	};
	return disk;
}
