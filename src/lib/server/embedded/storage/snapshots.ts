/**
 * Read-only views of the last commit. Each runs on a connection of its own that holds a WAL read transaction, so that
 * neither a running mutation nor a later commit changes what it sees or makes it wait. Views of the same commit share a
 * connection: statements are synchronous, they cannot get into each other's way.
 */
import { createReader, type DatabaseReader } from './database.ts';
import type { SqliteDatabase } from './sqlite.ts';

export interface SnapshotLease {
	reader: DatabaseReader;
	release(): void;
}

interface Connection {
	database: SqliteDatabase;
	reader: DatabaseReader;
	users: number;
}

/** Connections kept open without a user, beside the latest; more are closed after a burst. */
const MAX_IDLE_CONNECTIONS = 3;

export class SnapshotPool {
	#open: () => SqliteDatabase;
	#latest: Connection | null = null;
	#idle: Connection[] = [];
	#all = new Set<Connection>();

	constructor(open: () => SqliteDatabase) {
		this.#open = open;
	}

	/** Must be called after every COMMIT: later leases see it. */
	advance(): void {
		this.rest();
		this.#latest = null;
	}

	/**
	 * Must be called before every COMMIT. A view that nobody uses is kept, since the next query may want the same; but
	 * one that is open while a commit is written keeps the WAL from being started afresh.
	 */
	rest(): void {
		if (this.#latest?.users === 0) this.#unpin(this.#latest);
	}

	lease(): SnapshotLease {
		const connection = this.#latest ?? this.#pin();
		this.#latest = connection;
		connection.users++;
		let isReleased = false;
		return {
			reader: connection.reader,
			release: () => {
				if (isReleased) return;
				isReleased = true;
				connection.users--;
				if (connection.users === 0 && connection !== this.#latest) this.#unpin(connection);
			},
		};
	}

	close(): void {
		for (const connection of this.#all) connection.database.close();
		this.#all.clear();
		this.#idle.length = 0;
		this.#latest = null;
	}

	#pin(): Connection {
		const connection = this.#idle.pop() ?? this.#connect();
		connection.database.exec('BEGIN');
		// BEGIN alone is lazy; the first read is what fixes the snapshot.
		connection.reader.point(0, '');
		return connection;
	}

	#connect(): Connection {
		const database = this.#open();
		const connection = { database, reader: createReader(database), users: 0 };
		this.#all.add(connection);
		return connection;
	}

	#unpin(connection: Connection): void {
		if (!this.#all.has(connection)) return;
		if (this.#latest === connection) this.#latest = null;
		connection.database.exec('COMMIT');
		if (this.#idle.length < MAX_IDLE_CONNECTIONS) {
			this.#idle.push(connection);
		} else {
			this.#all.delete(connection);
			connection.database.close();
		}
	}
}
