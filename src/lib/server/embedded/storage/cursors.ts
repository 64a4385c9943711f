/**
 * Page cursors: a position in an index, bound to the query that made it. Sealed, because a position holds index keys of
 * documents that a filter may have kept from the caller; deterministic, so that an unchanged page is an equal result.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash } from 'node:crypto';
import { type ComponentPath, FunctionError, type QueryJson } from '../types.ts';
import type { Key } from './valueKeys.ts';

/** After the row with that key, in the query's direction; 'end': after everything. */
export type CursorPosition = { after: Key } | 'end';

export interface CursorCodec {
	encode(position: CursorPosition, fingerprint: Uint8Array): string;
	/** Throws what `invalidCursor` makes for a damaged cursor and for one of another query. */
	decode(cursor: string, fingerprint: Uint8Array): CursorPosition;
}

export const CURSOR_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KIND_AFTER = 0x61;
const KIND_END = 0x65;

/** The shape official clients recognise: they start over from the first page. */
export function invalidCursor(): FunctionError {
	return new FunctionError(
		'InvalidCursor',
		'InvalidCursor: Tried to run a query starting from a cursor, but it looks like this cursor is from a different query.',
		{ isConvexSystemError: true, paginationError: 'InvalidCursor' },
	);
}

/** Two queries share cursors only if source, order and operators agree. */
export function queryFingerprint(component: ComponentPath, query: QueryJson): Uint8Array {
	const source = {
		...query.source,
		...('order' in query.source ? { order: query.source.order ?? 'asc' } : {}),
	};
	return hash('sha256', JSON.stringify([component, source, query.operators]), 'buffer');
}

/** `secret` must stay the same across restarts, or open pages reset. */
export function createCursorCodec(secret: Uint8Array): CursorCodec {
	// Made once: from bytes it would be made anew for every cursor.
	const key = createSecretKey(secret);
	return {
		encode(position, fingerprint) {
			const plain =
				position === 'end'
					? Buffer.from([KIND_END])
					: Buffer.concat([Buffer.from([KIND_AFTER]), Buffer.from(position.after, 'latin1')]);
			// Derived from the content: equal nonces only ever seal equal texts.
			const nonce = createHmac('sha256', key)
				.update(fingerprint)
				.update(plain)
				.digest()
				.subarray(0, NONCE_BYTES);
			const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(fingerprint);
			const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
			return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
		},
		decode(cursor, fingerprint) {
			const bytes = Buffer.from(cursor, 'base64url');
			if (bytes.length <= NONCE_BYTES + TAG_BYTES) throw invalidCursor();
			const tagEnd = NONCE_BYTES + TAG_BYTES;
			let plain: Buffer;
			try {
				const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
					authTagLength: TAG_BYTES,
				});
				decipher.setAAD(fingerprint).setAuthTag(bytes.subarray(NONCE_BYTES, tagEnd));
				plain = Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]);
			} catch {
				throw invalidCursor();
			}
			if (plain[0] === KIND_END && plain.length === 1) return 'end';
			if (plain[0] !== KIND_AFTER) throw invalidCursor();
			return { after: plain.toString('latin1', 1) };
		},
	};
}
