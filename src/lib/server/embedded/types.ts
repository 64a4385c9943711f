/**
 * The contracts between the parts of the embedded deployment. Storage knows nothing of functions, functions know
 * nothing of sockets; they meet here. Everything that crosses from the edges (HTTP, WebSocket) to the functions is
 * plain data, so that the functions can move into a worker of their own.
 */

export type JsonValue =
	null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Nanoseconds since the epoch; strictly increasing with every commit (max(now, last + 1)). */
export type Timestamp = bigint;

/** A component instance: '' is the app itself, 'betterAuth' or 'a/b' a mounted component. Tables belong to one. */
export type ComponentPath = string;

// --- storage ---------------------------------------------------------------------------------------------------------

/** A half-open interval [start, end) of encoded keys in one index. A point read is [key, key + 00). */
export interface KeyRange {
	/** Index id as stored in SQLite; ids below 0 are the engine's own pseudo-indexes (a table that does not exist yet). */
	indexId: number;
	start: Uint8Array;
	end: Uint8Array;
}

/** Every key a commit changed: old and new keys of each touched document in every index of its table. */
export interface KeyWrite {
	indexId: number;
	key: Uint8Array;
}

export interface Commit {
	ts: Timestamp;
	writes: KeyWrite[];
	/** Scheduled-function documents inserted or cancelled, so that the scheduler re-arms without polling. */
	touchedScheduler: boolean;
	/** An import: too much to name in `writes`, anything may have changed. */
	isWholesale?: boolean;
}

/** What `1.0/queryStream` and `1.0/queryPage` take, parsed from the syscall's JSON. */
export interface QueryJson {
	source:
		| { type: 'FullTableScan'; tableName: string; order: 'asc' | 'desc' | null }
		| {
				type: 'IndexRange';
				indexName: string;
				range: { type: 'Eq' | 'Gt' | 'Gte' | 'Lt' | 'Lte'; fieldPath: string; value: JsonValue }[];
				order: 'asc' | 'desc' | null;
		  }
		| { type: 'Search'; indexName: string; filters: JsonValue[] };
	operators: ({ filter: JsonValue } | { limit: number })[];
}

export interface PageRequest {
	query: QueryJson;
	cursor: string | null;
	endCursor: string | null;
	pageSize: number;
	maximumRowsRead?: number;
	maximumBytesRead?: number;
}

export interface PageResult {
	page: JsonValue[];
	isDone: boolean;
	continueCursor: string;
	splitCursor: string | null;
	pageStatus: 'SplitRecommended' | 'SplitRequired' | null;
}

/**
 * Everything one query or mutation may do to the database, for all components in one transaction. Reads are recorded.
 * Writes (mutations only) stay in memory until `Storage.commit`; a `Snapshot`-backed session refuses them.
 * Documents are convex JSON (the wire form of Convex values), `_id` and `_creationTime` included.
 * Failures that user code may see are `FunctionError`s.
 */
export interface DbSession {
	readonly ts: Timestamp;
	readonly isReadOnly: boolean;
	/** Document or null. `table`, when given, must be the id's table. Ids of another component are refused. */
	get(
		component: ComponentPath,
		id: string,
		options?: { table?: string; isSystem?: boolean },
	): JsonValue;
	insert(component: ComponentPath, table: string, value: JsonValue): string;
	/** Shallow merge; `{"$undefined":null}` at top level removes the field. */
	patch(component: ComponentPath, id: string, value: JsonValue, table?: string): void;
	replace(component: ComponentPath, id: string, value: JsonValue, table?: string): void;
	remove(component: ComponentPath, id: string, table?: string): void;
	count(component: ComponentPath, table: string): number;
	normalizeId(
		component: ComponentPath,
		table: string,
		id: string,
		isSystem?: boolean,
	): string | null;
	/** Opens a lazy stream; consumed with next(). Only what was consumed is recorded as read. */
	openStream(component: ComponentPath, query: QueryJson): number;
	next(streamId: number): { value: JsonValue; done: boolean };
	closeStream(streamId: number): boolean;
	page(component: ComponentPath, request: PageRequest): PageResult;
	/** Sub-transactions nest; roll back undoes writes since the matching begin (reads stay recorded). */
	beginSub(): void;
	commitSub(): void;
	rollbackSub(): void;
	readSet(): KeyRange[];
	/** Trusted access to `_scheduled_functions`, `_storage` and other tables that user code may not write. */
	systemInsert(component: ComponentPath, table: string, value: JsonValue): string;
	systemPatch(component: ComponentPath, id: string, value: JsonValue): void;
	systemRemove(component: ComponentPath, id: string): void;
	/** Rides in the same commit: the replay record of (session, request). */
	rememberRequest(sessionId: string, requestId: number, resultJson: string): void;
	dispose(): void;
}

export interface IndexDefinition {
	indexDescriptor: string;
	fields: string[];
}

export interface SearchIndexDefinition {
	indexDescriptor: string;
	searchField: string;
	filterFields: string[];
}

export interface VectorIndexDefinition {
	indexDescriptor: string;
	vectorField: string;
	dimensions: number;
	filterFields: string[];
}

export interface TableDefinition {
	tableName: string;
	indexes: IndexDefinition[];
	/** Staged: built and kept up to date, refused to queries. */
	stagedDbIndexes?: IndexDefinition[];
	searchIndexes?: SearchIndexDefinition[];
	stagedSearchIndexes?: SearchIndexDefinition[];
	vectorIndexes?: VectorIndexDefinition[];
	stagedVectorIndexes?: VectorIndexDefinition[];
	documentType: JsonValue | null;
}
/** As `schema.default.export()` returns it, parsed. null = a component or app without a schema. */
export type SchemaDefinition = { tables: TableDefinition[]; schemaValidation: boolean } | null;

export interface Storage {
	/** Stable view of the last durable commit, for queries; does not wait for mutations. Must be disposed. */
	snapshot(): DbSession;
	/**
	 * Runs one mutation at a time in submission order: `run` gets a session over the newest state (batched commits
	 * included); if it resolves, its writes are applied and the promise resolves after they are durable; if it rejects,
	 * nothing was written. `alreadyDone` is checked first under the same lock (replay protection).
	 */
	mutate<T>(run: (session: DbSession) => Promise<T>): Promise<{ value: T; ts: Timestamp }>;
	findRequest(sessionId: string, requestId: number): { resultJson: string; ts: Timestamp } | null;
	/** Validates existing documents against the new schemas, builds and drops indexes; throws and changes nothing on violation. */
	pushSchemas(schemas: Map<ComponentPath, SchemaDefinition>): Promise<void>;
	latestTs(): Timestamp;
	onCommit(listener: (commit: Commit) => void): () => void;
	/** Small durable facts of the engine itself (crons' next runs, instance name). */
	getMeta(key: string): string | null;
	setMeta(key: string, value: string): void;
	sizeBytes(): number;
	close(): Promise<void>;
}

// --- functions -------------------------------------------------------------------------------------------------------

export type UdfType = 'query' | 'mutation' | 'action' | 'httpAction';

/** Who is asking. `identity` is the claims object user code sees, already verified. */
export interface Caller {
	identity: JsonValue | null;
	/** Internal functions and other components may be addressed (scheduler, crons, the server itself). */
	isAdmin: boolean;
	ip?: string | null;
	userAgent?: string | null;
	authToken?: string | null;
}

export interface FunctionCall {
	component: ComponentPath;
	/** 'module/path:function', as clients send it ('module' alone means ':default'). */
	path: string;
	/** Convex JSON of the single argument object. */
	args: JsonValue;
	caller: Caller;
	requestId?: string;
}

export interface QueryCall extends FunctionCall {
	/** What an earlier evaluation returned. */
	journal?: string | null;
	/** A past state to be asked instead of the last commit's. */
	atTs?: Timestamp | null;
}

/** A failure as clients are told it: `message` is safe to show; `data` present only for ConvexError. */
export interface FunctionFailure {
	message: string;
	data?: JsonValue;
	/** Stable code for logs and tests, e.g. 'FunctionNotFound', 'ArgumentValidation', 'ForbiddenFetch'. */
	code?: string;
}

/** Each line starts with '[LOG] ', '[WARN] ', '[ERROR] ', '[INFO] ' or '[DEBUG] '. */
export type LogLines = string[];

export type FunctionOutcome =
	| { ok: true; value: JsonValue; logLines: LogLines }
	| { ok: false; failure: FunctionFailure; logLines: LogLines };

export interface QueryOutcome {
	outcome: FunctionOutcome;
	ts: Timestamp;
	readSet: KeyRange[];
	/** Pins the end cursor of a page; opaque to clients, handed back on reconnect. null when nothing was paginated. */
	journal: string | null;
	/** False when the function never asked who is calling: such a result may be shared between identities. */
	usedIdentity: boolean;
}

/** What the edges (HTTP API, sync protocol) see of the functions. Implemented by `functions.ts`. */
export interface FunctionRunner {
	/** All queries without `atTs` are evaluated at one timestamp. */
	runQueries(calls: QueryCall[]): Promise<QueryOutcome[]>;
	/** The last commit's, whose state stays readable for a while: for `atTs`. */
	pinSnapshot(): Promise<Timestamp>;
	/** Public keys (a JWK set) of the tokens that `ctx.auth.signJwt()` makes. */
	signingKeys(): Promise<{ keys: JsonValue[] }>;
	/** `session`: replay protection; an already stored outcome is returned again with its ts, without running. */
	runMutation(
		call: FunctionCall & { session?: { sessionId: string; requestId: number } },
	): Promise<{ outcome: FunctionOutcome; ts: Timestamp | null }>;
	runAction(call: FunctionCall): Promise<FunctionOutcome>;
	/** Routes by the app's http.ts; 404 with Convex's own texts when nothing matches. */
	runHttpAction(request: Request, caller: Caller): Promise<Response>;
	/** Changes with every successful push; cached results of older versions are void. */
	version(): number;
	onPush(listener: () => void): () => void;
	/** `auth.config.ts`'s providers, environment substituted; [] without the file. */
	authProviders(): JsonValue[];
}

/** Thrown inside the engine for failures that user code and clients may see. */
export class FunctionError extends Error {
	readonly code: string;
	readonly data?: JsonValue;
	constructor(code: string, message: string, data?: JsonValue) {
		super(message);
		this.name = 'FunctionError';
		this.code = code;
		if (data !== undefined) this.data = data;
	}
}

/** The engine's only source of time, so that tests need not wait. */
export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number;
	setTimeout(run: () => void, ms: number): { cancel(): void };
}

/** One structured line: event name plus fixed fields; never secrets, never argument values. */
export type LogEvent = (event: string, fields: Record<string, unknown>) => void;
