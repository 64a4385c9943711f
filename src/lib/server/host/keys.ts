/** The two secrets that live with the data: what signs sessions, and what seals credentials. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from './config.ts';

/** AES-256 takes 32 bytes; the session secret has the same strength. */
const KEY_BYTES = 32;

export interface HostKeys {
	/** Base64 of 32 bytes: seals the credentials of connections. */
	secretKey: string;
	/** Base64 of 32 bytes: signs session cookies and encrypts the token key. */
	authSecret: string;
}

/** 32 bytes written as 64 hex digits or as base64; null for anything else. */
function decodeKey(text: string): Buffer | null {
	const trimmed = text.trim();
	if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex');
	if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return null;
	const bytes = Buffer.from(trimmed, 'base64');
	return bytes.length === KEY_BYTES ? bytes : null;
}

/** A key of one repeated or counting byte is somebody's placeholder, not a secret. */
function isPlaceholder(key: Buffer): boolean {
	const steps = new Set<number>();
	for (let i = 1; i < key.length; i++) steps.add((key[i]! - key[i - 1]! + 256) % 256);
	return steps.size === 1 || new Set(key).size < 8;
}

function checkedKey(text: string, where: string): string {
	const key = decodeKey(text);
	if (!key) {
		throw new ConfigError(
			`${where} is too short or not a key. It must be 32 random bytes as 64 hex digits or base64; make one with: openssl rand -hex 32`,
		);
	}
	if (isPlaceholder(key)) {
		throw new ConfigError(
			`${where} is a placeholder anyone could guess. Make a random one with: openssl rand -hex 32`,
		);
	}
	return key.toString('base64');
}

function keyFile(file: string, name: string): string {
	if (!existsSync(file)) {
		// wx: two first starts must not each believe in a key of their own.
		writeFileSync(file, `${randomBytes(KEY_BYTES).toString('base64')}\n`, {
			mode: 0o600,
			flag: 'wx',
		});
	}
	if (statSync(file).mode & 0o077) chmodSync(file, 0o600);
	return checkedKey(readFileSync(file, 'utf8'), name);
}

/** Reads both secrets, making them on the first start. Throws ConfigError for a short, malformed or default key. */
export function readKeys(dataDir: string, env: Record<string, string | undefined>): HostKeys {
	const folder = path.join(dataDir, 'keys');
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const given = env.TRIBUTARY_SECRET_KEY;
	return {
		secretKey:
			given === undefined
				? keyFile(path.join(folder, 'secret-key'), 'The key file keys/secret-key')
				: checkedKey(given, 'TRIBUTARY_SECRET_KEY'),
		authSecret: keyFile(path.join(folder, 'auth-secret'), 'The key file keys/auth-secret'),
	};
}
