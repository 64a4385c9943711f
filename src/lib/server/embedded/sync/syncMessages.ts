/** Messages a client may send over the sync socket, checked field by field; and the wire form of timestamps. */
import { isJsonObject, type JsonObject } from '../storage/jsonValues.ts';
import type { JsonValue, Timestamp } from '../types.ts';

export interface AddQueryMessage {
	type: 'Add';
	queryId: number;
	udfPath: string;
	args: JsonValue;
	journal: string | null;
	componentPath: string;
}

interface RequestMessage {
	requestId: number;
	udfPath: string;
	args: JsonValue;
	componentPath: string;
}

export type ClientMessage =
	| {
			type: 'Connect';
			sessionId: string;
			maxObservedTimestamp: Timestamp | null;
			clientTs: number | null;
	  }
	| { type: 'Authenticate'; baseVersion: number; tokenType: 'None' }
	| { type: 'Authenticate'; baseVersion: number; tokenType: 'User'; value: string }
	| {
			type: 'Authenticate';
			baseVersion: number;
			tokenType: 'Admin';
			value: string;
			impersonating: JsonObject | null;
	  }
	| {
			type: 'ModifyQuerySet';
			baseVersion: number;
			newVersion: number;
			modifications: (AddQueryMessage | { type: 'Remove'; queryId: number })[];
	  }
	| ({ type: 'Mutation' } & RequestMessage)
	| ({ type: 'Action' } & RequestMessage)
	| { type: 'Event' };

/** The client broke the protocol; it is told once and must not come back with the same. */
export class ProtocolViolation extends Error {
	constructor(message: string) {
		super(message);
		this.name = 'ProtocolViolation';
	}
}

/** Convex allows 64 levels in a value; the message around it has a few of its own. */
const MAX_DEPTH = 80;
/** Clients use a uuid (36 characters). */
const MAX_SESSION_ID_CHARACTERS = 64;
/** Longest function address or component path worth looking up. */
const MAX_PATH_CHARACTERS = 512;
/** A journal is a cursor or two; Convex's own are below 1 KB. */
const MAX_JOURNAL_CHARACTERS = 64 * 1024;
const MAX_TOKEN_CHARACTERS = 64 * 1024;

/** u64 as the protocol writes it: base64 of 8 bytes, little-endian. */
export function encodeTs(ts: Timestamp): string {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(ts);
	return bytes.toString('base64');
}

/** null when the text is not an encoded u64. */
export function decodeTs(text: string): Timestamp | null {
	if (!/^[A-Za-z0-9+/]{11}=$/.test(text)) return null;
	return Buffer.from(text, 'base64').readBigUInt64LE();
}

/** Iterative, because the depth is what is in question. */
export function isTooDeep(value: JsonValue): boolean {
	const isContainer = (item: JsonValue) => item !== null && typeof item === 'object';
	let level: JsonValue[] = isContainer(value) ? [value] : [];
	for (let depth = 0; depth < MAX_DEPTH; depth++) {
		const next: JsonValue[] = [];
		for (const item of level) {
			for (const child of Object.values(item as JsonObject)) {
				if (isContainer(child)) next.push(child);
			}
		}
		if (next.length === 0) return false;
		level = next;
	}
	return true;
}

/** Clients send `[argsObject]`; a bare object is understood as well. null: neither. */
export function singleArgument(args: JsonValue | undefined): JsonObject | null {
	const candidate = Array.isArray(args) ? (args.length === 1 ? args[0] : null) : args;
	return isJsonObject(candidate) ? candidate : null;
}

/** @throws ProtocolViolation */
export function parseClientMessage(text: string): ClientMessage {
	let message: JsonValue;
	try {
		message = JSON.parse(text) as JsonValue;
	} catch {
		throw new ProtocolViolation('A message was not JSON.');
	}
	if (!isJsonObject(message)) throw new ProtocolViolation('A message was not a JSON object.');
	if (isTooDeep(message)) throw new ProtocolViolation('A message was nested too deeply.');
	switch (message.type) {
		case 'Connect':
			return {
				type: 'Connect',
				sessionId: stringOf(message, 'sessionId', MAX_SESSION_ID_CHARACTERS),
				maxObservedTimestamp: tsOf(message),
				clientTs: typeof message.clientTs === 'number' ? message.clientTs : null,
			};
		case 'Authenticate':
			return parseAuthenticate(message);
		case 'ModifyQuerySet':
			if (!Array.isArray(message.modifications)) throw missing('modifications', 'ModifyQuerySet');
			return {
				type: 'ModifyQuerySet',
				baseVersion: countOf(message, 'baseVersion'),
				newVersion: countOf(message, 'newVersion'),
				modifications: message.modifications.map(parseModification),
			};
		case 'Mutation':
		case 'Action':
			return { type: message.type, ...parseRequest(message) };
		case 'Event':
			return { type: 'Event' };
		default:
			throw new ProtocolViolation('A message was of no known type.');
	}
}

function parseAuthenticate(message: JsonObject): ClientMessage {
	const baseVersion = countOf(message, 'baseVersion');
	const { tokenType, impersonating } = message;
	if (tokenType === 'None') return { type: 'Authenticate', baseVersion, tokenType };
	if (tokenType !== 'User' && tokenType !== 'Admin') throw missing('tokenType', 'Authenticate');
	const value = stringOf(message, 'value', MAX_TOKEN_CHARACTERS);
	if (tokenType === 'User') return { type: 'Authenticate', baseVersion, tokenType, value };
	return {
		type: 'Authenticate',
		baseVersion,
		tokenType,
		value,
		impersonating: isJsonObject(impersonating) ? impersonating : null,
	};
}

function parseModification(item: JsonValue): AddQueryMessage | { type: 'Remove'; queryId: number } {
	if (!isJsonObject(item)) throw missing('modifications', 'ModifyQuerySet');
	const queryId = countOf(item, 'queryId');
	if (item.type === 'Remove') return { type: 'Remove', queryId };
	if (item.type !== 'Add') throw missing('type', 'modification');
	const { journal } = item;
	if (typeof journal === 'string' && journal.length > MAX_JOURNAL_CHARACTERS) {
		throw missing('journal', 'Add');
	}
	return {
		type: 'Add',
		queryId,
		journal: typeof journal === 'string' ? journal : null,
		...parseAddress(item),
	};
}

function parseRequest(message: JsonObject): RequestMessage {
	return { requestId: countOf(message, 'requestId'), ...parseAddress(message) };
}

function parseAddress(message: JsonObject): {
	udfPath: string;
	args: JsonValue;
	componentPath: string;
} {
	const args = singleArgument(message.args);
	if (!args) throw missing('args', String(message.type));
	return {
		udfPath: stringOf(message, 'udfPath', MAX_PATH_CHARACTERS),
		args,
		componentPath:
			message.componentPath === undefined || message.componentPath === null
				? ''
				: stringOf(message, 'componentPath', MAX_PATH_CHARACTERS),
	};
}

function missing(field: string, type: string): ProtocolViolation {
	return new ProtocolViolation(`A ${type} message has a missing or malformed "${field}".`);
}

function stringOf(message: JsonObject, field: string, maxCharacters: number): string {
	const value = message[field];
	if (typeof value !== 'string' || value.length > maxCharacters) {
		throw missing(field, String(message.type).slice(0, 20));
	}
	return value;
}

function countOf(message: JsonObject, field: string): number {
	const value = message[field];
	if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
		throw missing(field, String(message.type).slice(0, 20));
	}
	return value;
}

function tsOf(message: JsonObject): Timestamp | null {
	const value = message.maxObservedTimestamp;
	if (value === undefined || value === null) return null;
	const ts = typeof value === 'string' ? decodeTs(value) : null;
	if (ts === null) throw missing('maxObservedTimestamp', 'Connect');
	return ts;
}
