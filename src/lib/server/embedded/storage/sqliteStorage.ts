/** One SQLite file: mutations in order, queries beside them. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { applyOverlay, tableCreationWrites } from './applyOverlay.ts';
import type { Catalog } from './catalog.ts';
import { CommitClock } from './commitClock.ts';
import { createCursorCodec, CURSOR_KEY_BYTES } from './cursors.ts';
import {
	createReader,
	createWriter,
	type DatabaseReader,
	type DatabaseWriter,
} from './database.ts';
import { GroupCommit } from './groupCommit.ts';
import type { DiskFailure } from './diskFailure.ts';
import { createIdGenerator } from './ids.ts';
import { tableNameOfId } from './idRules.ts';
import { checkIntegrity, type IntegrityReport } from './integrity.ts';
import { CONVEX_LIMITS } from './limits.ts';
import { pooledRandomBytes } from './randomPool.ts';
import { loadCatalog, loadSchemas } from './loadCatalog.ts';
import { Overlay } from './overlay.ts';
import { PinnedSnapshots } from './pinnedSnapshots.ts';
import { BulkSession } from '../operate/bulkSession.ts';
import { UnknownTables } from './readSet.ts';
import { pushSchemas } from './schemaPush.ts';
import { SnapshotPool } from './snapshots.ts';
import { openSqlite, type SqliteDatabase } from './sqlite.ts';
import type { StorageOptions } from './storage.ts';
import { Transaction, type TransactionOptions, type TransactionServices } from './transaction.ts';
import type { Commit, ComponentPath, SchemaDefinition, Storage, Timestamp } from '../types.ts';

/** What the engine's other parts may use beyond `Storage`. */
export interface SqliteStorage extends Storage {
	snapshot(): Transaction;
	/** Of a timestamp that `pinSnapshot` gave or of the last commit; null: it lies too far back. */
	snapshotAt(ts: Timestamp): Transaction | null;
	/** Keeps the last commit readable for a while. Returns its timestamp. */
	pinSnapshot(): Timestamp;
	mutate<T>(run: (session: Transaction) => Promise<T>): Promise<{ value: T; ts: Timestamp }>;
	/** Mutations wait for the one that runs. */
	readonly hasQueuedMutations: boolean;
	/** Name of the table an id belongs to, if the component has it; for argument and return validators. */
	tableOfId(component: ComponentPath, id: string): string | null;
	/**
	 * Drops the replay records of calls without a session of their own, which other servers than `callSession` have left:
	 * nobody can ask for them again.
	 */
	forgetCalls(callSession: string): void;
	/** Null: changes are accepted. Else 'DiskFull', 'DiskFailed' or 'CommitFailed' of the write that failed. */
	readonly readOnly: DiskFailure | null;
	/** All that `run` writes becomes visible and durable at once, however much it is; mutations wait meanwhile. */
	bulk<T>(run: (session: BulkSession) => Promise<T>): Promise<{ value: T; ts: Timestamp }>;
	/** Reads everything: for tests and a doctor command, not for serving. */
	checkIntegrity(): IntegrityReport;
}

/** A client that was offline longer than this may see a mutation run twice; browsers give up long before. */
const REPLAY_MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;
/** What the sessions of such calls begin with; no client's does. */
export const CALL_SESSIONS = 'engine:';
const CALL_SESSIONS_END = 'engine;';
/** They are asked again at once or never. */
const CALL_MAX_AGE_MS = 10 * 60 * 1000;
/** How soon after the disk has recovered the store notices by itself. */
const PROBE_EVERY_MS = 1_000;
const PRUNE_EVERY_MS = 60 * 60 * 1000;
/** Keeps the commit that prunes as short as the others. */
const PRUNE_ROWS = 1_000;

interface State {
	catalog: Catalog;
	ts: Timestamp;
}

export class OpenStorage implements SqliteStorage {
	#options: StorageOptions;
	#database: SqliteDatabase;
	#releaseLock: () => void;
	#reader: DatabaseReader;
	#writer: DatabaseWriter;
	#snapshots: SnapshotPool;
	#group: GroupCommit;
	#commitClock: CommitClock;
	#services: TransactionServices;
	#pinned: PinnedSnapshots;
	#unknownTables = new UnknownTables();
	#listeners = new Set<(commit: Commit) => void>();
	/** With what the open batch has applied; what mutations see. */
	#newest: State;
	/** As of the last COMMIT; what queries see. */
	#committed: State;
	/** Facts set while a schema push has the transaction, to be set again should it fail. */
	#metaDuringPush: Map<string, string> | null = null;
	#lastPruneMs = -Infinity;
	/** Of calls without a session of their own. */
	#callSession: string | null = null;
	/** Why nothing can be written at the moment. */
	#readOnly: DiskFailure | null = null;
	#probe: { cancel(): void } | null = null;

	constructor(options: StorageOptions, database: SqliteDatabase, releaseLock: () => void) {
		this.#options = options;
		this.#database = database;
		this.#releaseLock = releaseLock;
		this.#reader = createReader(database);
		this.#writer = createWriter(database);
		this.#commitClock = new CommitClock(options.clock, this.#writer);
		this.#committed = { catalog: loadCatalog(database), ts: this.#commitClock.lastTs };
		this.#newest = this.#committed;
		this.#snapshots = new SnapshotPool(() =>
			(options.openDatabase ?? openSqlite)(options.file, { readOnly: true }),
		);
		this.#pinned = new PinnedSnapshots(options.clock);
		this.#services = {
			limits: { ...CONVEX_LIMITS, ...options.limits },
			unknownTables: this.#unknownTables,
			cursors: createCursorCodec(this.#cursorKey()),
			newId: createIdGenerator(options.clock.now, pooledRandomBytes),
			nextCreationTime: () => this.#commitClock.nextCreationTime(),
		};
		this.#group = new GroupCommit(database, {
			beforeCommit: () => this.#beforeCommit(),
			onDurable: (commits) => this.#onDurable(commits),
			onLost: () => {
				this.#newest = this.#committed;
			},
			writeFence: () => this.#commitClock.save(),
			onReadOnly: (cause) => this.#onReadOnly(cause),
		});
	}

	snapshot(): Transaction {
		const { reader, release } = this.#snapshots.lease();
		return this.#view({ ...this.#committed, reader, overlay: null, onDispose: release });
	}

	pinSnapshot(): Timestamp {
		const { ts, catalog } = this.#committed;
		this.#pinned.pin(ts, () => ({ ts, catalog, lease: this.#snapshots.lease() }));
		return ts;
	}

	snapshotAt(ts: Timestamp): Transaction | null {
		const pinned = this.#pinned.use(ts);
		if (!pinned) return ts === this.#committed.ts ? this.snapshot() : null;
		const { catalog, lease, release } = pinned;
		return this.#view({ catalog, ts, reader: lease.reader, overlay: null, onDispose: release });
	}

	get hasQueuedMutations(): boolean {
		return this.#group.hasQueued;
	}

	async mutate<T>(run: (session: Transaction) => Promise<T>): Promise<{ value: T; ts: Timestamp }> {
		const overlay = new Overlay();
		let session: Transaction | null = null;
		let ts: Timestamp = 0n;
		const value = await this.#group.mutate<T>({
			run: async () => {
				ts = this.#newest.ts;
				session = this.#mutationSession(overlay);
				try {
					return await run(session);
				} finally {
					session.dispose();
				}
			},
			apply: () => {
				if (overlay.isEmpty) return null;
				return () => {
					ts = this.#commitClock.nextTs();
					const commit = applyOverlay(overlay, {
						writer: this.#writer,
						unknownTables: this.#unknownTables,
						ts,
						nowMs: this.#options.clock.now(),
					});
					this.#newest = { catalog: session!.catalog, ts };
					return commit;
				};
			},
		});
		return { value, ts };
	}

	/** Of durable requests and, inside `mutate`'s `run`, of those before it: call it there to be safe from a double run. */
	findRequest(sessionId: string, requestId: number): { resultJson: string; ts: Timestamp } | null {
		return this.#writer.findRequest(sessionId, requestId);
	}

	pushSchemas(schemas: Map<ComponentPath, SchemaDefinition>): Promise<void> {
		return this.#alone(async () => {
			let ts: Timestamp = 0n;
			const result = await pushSchemas({
				database: this.#database,
				reader: this.#reader,
				writer: this.#writer,
				catalog: this.#newest.catalog,
				previous: loadSchemas(this.#database),
				next: schemas,
				beforeCommit: () => {
					ts = this.#commitClock.nextTs();
					this.#commitClock.save();
				},
			});
			if (!result) return;
			this.#newest = { catalog: result.catalog, ts };
			const writes = result.created.flatMap((table) =>
				tableCreationWrites(table, this.#unknownTables),
			);
			this.#onDurable([{ ts, writes, touchedScheduler: false }]);
		});
	}

	forgetCalls(callSession: string): void {
		this.#callSession = callSession;
		this.#writer.dropRequests(CALL_SESSIONS, CALL_SESSIONS_END, callSession);
	}

	bulk<T>(run: (session: BulkSession) => Promise<T>): Promise<{ value: T; ts: Timestamp }> {
		return this.#alone(async () => {
			const ts = this.#commitClock.nextTs();
			const session = new BulkSession({
				database: this.#database,
				reader: this.#reader,
				writer: this.#writer,
				unknownTables: this.#unknownTables,
				catalog: this.#newest.catalog,
				ts,
				nowMs: this.#options.clock.now(),
				newId: this.#services.newId,
				nextCreationTime: this.#services.nextCreationTime,
			});
			this.#database.exec('BEGIN IMMEDIATE');
			const value = await run(session);
			this.#commitClock.save();
			this.#database.exec('COMMIT');
			this.#newest = { catalog: session.catalog, ts };
			this.#onDurable([{ ts, writes: [], touchedScheduler: false, isWholesale: true }]);
			return { value, ts };
		});
	}

	/** `work` opens a transaction of its own; should it fail, facts set meanwhile are set again. */
	#alone<T>(work: () => Promise<T>): Promise<T> {
		const whileBusy = this.#options.whileBusy ?? ((run) => run());
		return this.#group.exclusive(() =>
			whileBusy(async () => {
				this.#snapshots.rest();
				const meta = (this.#metaDuringPush = new Map());
				try {
					return await work();
				} catch (error) {
					this.#restoreMeta(meta);
					throw error;
				} finally {
					this.#metaDuringPush = null;
				}
			}),
		);
	}

	latestTs(): Timestamp {
		return this.#committed.ts;
	}

	onCommit(listener: (commit: Commit) => void): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	getMeta(key: string): string | null {
		return this.#writer.getMeta(metaKey(key));
	}

	/**
	 * Durable when it returns, except while a schema push runs: then with the push, or right after it failed.
	 * Throws FunctionError 'DiskFull', 'DiskFailed' or 'CommitFailed'.
	 */
	setMeta(key: string, value: string): void {
		const write = () => this.#writer.setMeta(metaKey(key), value);
		if (this.#metaDuringPush) {
			this.#metaDuringPush.set(metaKey(key), value);
			write();
		} else this.#group.writeNow(write);
	}

	tableOfId(component: ComponentPath, id: string): string | null {
		return tableNameOfId(this.#newest.catalog, component, id);
	}

	/** File and write-ahead log together. */
	sizeBytes(): number {
		const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
		return sizeOf(this.#options.file) + sizeOf(`${this.#options.file}-wal`);
	}

	get readOnly(): DiskFailure | null {
		return this.#readOnly;
	}

	checkIntegrity(): IntegrityReport {
		return checkIntegrity(this.#database, this.#newest.catalog);
	}

	async close(): Promise<void> {
		await this.#group.close();
		this.#probe?.cancel();
		this.#pinned.close();
		this.#snapshots.close();
		this.#database.close();
		this.#releaseLock();
	}

	#mutationSession(overlay: Overlay): Transaction {
		return this.#view({ ...this.#newest, reader: this.#reader, overlay, onDispose: () => {} });
	}

	#view(options: Omit<TransactionOptions, 'services'>): Transaction {
		return new Transaction({ ...options, services: this.#services });
	}

	#restoreMeta(meta: Map<string, string>): void {
		try {
			if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
			for (const [key, value] of meta) this.#writer.setMeta(key, value);
		} catch (error) {
			this.#options.log?.('storage.factsLost', { keys: [...meta.keys()], error: String(error) });
		}
	}

	#onReadOnly(cause: DiskFailure | null): void {
		this.#readOnly = cause;
		if (cause) this.#options.log?.('storage.readOnly', { code: cause.code, error: cause.message });
		else this.#options.log?.('storage.writable', {});
		this.#probe?.cancel();
		this.#probe = null;
		if (cause) this.#probeLater();
	}

	/** Without anybody writing, too, the store becomes writable when the disk does. */
	#probeLater(): void {
		this.#probe =
			this.#options.clock.setTimeout?.(() => {
				if (!this.#readOnly) return;
				try {
					this.#group.ensureWritable();
				} catch {
					this.#probeLater();
				}
			}, PROBE_EVERY_MS) ?? null;
	}

	#beforeCommit(): void {
		this.#snapshots.rest();
		this.#commitClock.save();
		const now = this.#options.clock.now();
		if (now - this.#lastPruneMs < PRUNE_EVERY_MS) return;
		const calls = this.#callSession;
		const pruned = Math.max(
			this.#writer.pruneRequests(now - REPLAY_MAX_AGE_MS, PRUNE_ROWS),
			calls === null ? 0 : this.#writer.pruneSession(calls, now - CALL_MAX_AGE_MS, PRUNE_ROWS),
		);
		// A full batch means that more are waiting: the next commit goes on.
		if (pruned < PRUNE_ROWS) this.#lastPruneMs = now;
	}

	#onDurable(commits: Commit[]): void {
		this.#committed = this.#newest;
		this.#snapshots.advance();
		for (const commit of commits) {
			for (const listener of this.#listeners) {
				try {
					listener(commit);
				} catch (error) {
					this.#options.log?.('storage.listenerFailed', { error: String(error) });
				}
			}
		}
	}

	#cursorKey(): Uint8Array {
		const stored = this.#writer.getMeta('cursorKey');
		if (stored !== null) return Buffer.from(stored, 'base64');
		const key = randomBytes(CURSOR_KEY_BYTES);
		this.#writer.setMeta('cursorKey', key.toString('base64'));
		return key;
	}
}

/** Callers' facts cannot collide with the store's own. */
function metaKey(key: string): string {
	return `engine:${key}`;
}
