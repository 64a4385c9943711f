/**
 * Sealing of credentials: AES-256-GCM by WebCrypto. Each blob names the key that sealed it and is bound to its place
 * (workspace, connection, field, version) as associated data, so that a blob moved to another row, or an old one put
 * back, does not open.
 */
import { env } from './env.ts';
import { refusal } from './errors.ts';

const FORMAT = 'v1';
const KEY_BYTES = 32;
/** NIST SP 800-38D: 96 bits, random; safe for 2^32 seals per key. */
const IV_BYTES = 12;
/** A random key of 32 bytes has about 30 distinct ones; fewer than this many is a pattern, not chance. */
const KEY_MIN_DISTINCT_BYTES = 16;

/** Where a blob belongs. */
export interface SealPlace {
	workspaceId: string;
	/** The connection's `vaultId`. */
	vaultId: string;
	field: string;
	version: number;
}

export interface SealedSecret {
	/** `v1.<key id>.<base64url of iv, ciphertext and tag>` */
	sealed: string;
	keyId: string;
}

interface SecretKey {
	id: string;
	key: CryptoKey;
}

/** A blob that does not open where it stands. Says nothing of what is in it. */
export class UnsealError extends Error {
	override name = 'UnsealError';
}

/**
 * Reads a key as it stands in the environment: 32 bytes as hex or base64 (either alphabet).
 * @throws Error naming what is wrong; never the key
 */
export function parseSecretKey(text: string | undefined): Uint8Array<ArrayBuffer> {
	const trimmed = text?.trim() ?? '';
	if (trimmed === '') throw weakKey('is not set');
	const bytes = /^[0-9a-fA-F]{64}$/.test(trimmed) ? fromHex(trimmed) : fromBase64(trimmed);
	if (bytes?.length !== KEY_BYTES) {
		throw weakKey(`must be ${KEY_BYTES} bytes, as 64 hex signs or as base64`);
	}
	if (isPattern(bytes)) throw weakKey('is a pattern or a text, not a random key');
	return bytes;
}

/** Seals one value under the current key. Convex actions only: mutations have no secure random numbers. */
export async function seal(plain: string, place: SealPlace): Promise<SealedSecret> {
	const { id, key } = await currentKey();
	const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
	const cipher = await crypto.subtle.encrypt(
		{ name: 'AES-GCM', iv, additionalData: associatedData(id, place) },
		key,
		new TextEncoder().encode(plain),
	);
	const blob = new Uint8Array(IV_BYTES + cipher.byteLength);
	blob.set(iv);
	blob.set(new Uint8Array(cipher), IV_BYTES);
	return { sealed: `${FORMAT}.${id}.${toBase64Url(blob)}`, keyId: id };
}

/** @throws UnsealError when the blob was altered, moved, or sealed by a key this server no longer has */
export async function open(sealed: string, place: SealPlace): Promise<string> {
	const [format, keyId, body, ...more] = sealed.split('.');
	if (format !== FORMAT || !keyId || !body || more.length > 0) {
		throw new UnsealError('A stored credential has an unknown form.');
	}
	const held = (await allKeys()).find((candidate) => candidate.id === keyId);
	if (!held)
		throw new UnsealError(`A stored credential was sealed by key ${keyId}, which is not here.`);
	const blob = fromBase64(body);
	if (!blob || blob.length <= IV_BYTES) throw new UnsealError('A stored credential is truncated.');
	try {
		const plain = await crypto.subtle.decrypt(
			{
				name: 'AES-GCM',
				iv: blob.slice(0, IV_BYTES),
				additionalData: associatedData(keyId, place),
			},
			held.key,
			blob.slice(IV_BYTES),
		);
		return new TextDecoder().decode(plain);
	} catch {
		throw new UnsealError(
			'A stored credential does not belong where it was found, or was altered.',
		);
	}
}

async function currentKey(): Promise<SecretKey> {
	try {
		return await importKey(parseSecretKey(env.secretKey));
	} catch (error) {
		throw refusal('SERVER_MISCONFIGURED', (error as Error).message);
	}
}

/** The current key, then those that may still open older blobs. */
async function allKeys(): Promise<SecretKey[]> {
	return [
		await currentKey(),
		...(await Promise.all(env.oldSecretKeys.map((k) => importKey(parseSecretKey(k))))),
	];
}

async function importKey(bytes: Uint8Array<ArrayBuffer>): Promise<SecretKey> {
	const label = new TextEncoder().encode('tributary key id');
	const labelled = new Uint8Array(label.length + bytes.length);
	labelled.set(label);
	labelled.set(bytes, label.length);
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', labelled));
	const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
	return { id: toBase64Url(digest.slice(0, 6)), key };
}

/** A JSON array, so that no choice of ids can make two places read the same. */
function associatedData(keyId: string, { workspaceId, vaultId, field, version }: SealPlace) {
	return new TextEncoder().encode(
		JSON.stringify([FORMAT, keyId, workspaceId, vaultId, field, version]),
	);
}

function weakKey(what: string): Error {
	return new Error(
		`TRIBUTARY_SECRET_KEY ${what}. Make one with "openssl rand -base64 32" and start again.`,
	);
}

/** Repeated, counting or printable bytes: what people type and examples show. */
function isPattern(bytes: Uint8Array): boolean {
	const steps = new Set<number>();
	for (let i = 1; i < bytes.length; i++) steps.add((bytes[i]! - bytes[i - 1]!) & 255);
	return (
		new Set(bytes).size < KEY_MIN_DISTINCT_BYTES ||
		steps.size === 1 ||
		bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
	);
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
		parseInt(text.slice(2 * i, 2 * i + 2), 16),
	);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
	try {
		const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
		return Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
	} catch {
		return null;
	}
}

function toBase64Url(bytes: Uint8Array): string {
	return btoa(String.fromCharCode(...bytes))
		.replaceAll('+', '-')
		.replaceAll('/', '_')
		.replaceAll('=', '');
}
