/** Key sets of token issuers: fetched when needed, kept for a while, fetched again for a key id nobody knows yet. */
import type { JWSHeaderParameters, LocalJWKSet } from 'jose';
import * as errors from 'jose/errors';
import { createLocalJWKSet } from 'jose/jwks/local';
import type { Clock } from '../types.ts';

export type JsonFetcher = (url: string) => Promise<unknown>;

export interface KeySets {
	/**
	 * The key a token's header names.
	 * @throws KeysUnavailable, or jose's error when the issuer has no such key
	 */
	keyFor(url: string, header: JWSHeaderParameters): ReturnType<LocalJWKSet>;
	/** `jwks_uri` by OpenID Connect discovery at this issuer. */
	discover(issuer: string): Promise<string>;
	clear(): void;
}

/** The issuer could not be asked. Says nothing about the token: try again. */
export class KeysUnavailable extends Error {
	constructor(message: string) {
		super(message);
		this.name = 'KeysUnavailable';
	}
}

/** A key withdrawn by its issuer is refused after this long at the latest. */
const MAX_AGE_MS = 10 * 60_000;
/** Tokens with made-up key ids must not become requests to the issuer, one each. */
const REMOTE_COOLDOWN_MS = 30_000;
/** Keys served by this deployment cost no network, and people rotate them and look at once. */
const OWN_COOLDOWN_MS = 1_000;

interface Cached<Value> {
	value: Promise<Value>;
	fetchedAtMs: number;
}

/**
 * @param fetchJson how to read a remote or own URL; `data:` URLs are read here.
 * @param ownOrigins URLs below them are ours.
 */
export function createKeySets(
	clock: Clock,
	fetchJson: JsonFetcher,
	ownOrigins: readonly string[],
): KeySets {
	const sets = new Map<string, Cached<LocalJWKSet>>();
	const discovered = new Map<string, Cached<string>>();

	const load = <Value>(
		cache: Map<string, Cached<Value>>,
		key: string,
		maxAgeMs: number,
		read: () => Promise<Value>,
	): Cached<Value> => {
		const known = cache.get(key);
		if (known && clock.now() - known.fetchedAtMs < maxAgeMs) return known;
		const entry: Cached<Value> = { value: read(), fetchedAtMs: clock.now() };
		cache.set(key, entry);
		entry.value.catch(() => {
			if (cache.get(key) === entry) cache.delete(key);
		});
		return entry;
	};

	const readSet = async (url: string): Promise<LocalJWKSet> => {
		const json = await readJson(url, fetchJson);
		try {
			return createLocalJWKSet(json as Parameters<typeof createLocalJWKSet>[0]);
		} catch {
			throw new KeysUnavailable(`The key set of the token issuer is malformed.`);
		}
	};

	return {
		async keyFor(url, header) {
			const first = load(sets, url, MAX_AGE_MS, () => readSet(url));
			try {
				return await (
					await first.value
				)(header);
			} catch (error) {
				if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
				const isOwn = ownOrigins.some((own) => url.startsWith(`${own}/`));
				const cooldownMs = isOwn ? OWN_COOLDOWN_MS : REMOTE_COOLDOWN_MS;
				const second = load(sets, url, cooldownMs, () => readSet(url));
				if (second === first) throw error;
				return (await second.value)(header);
			}
		},
		async discover(issuer) {
			const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
			return load(discovered, url, MAX_AGE_MS, async () => {
				const document = (await readJson(url, fetchJson)) as Record<string, unknown> | null;
				const uri = document?.jwks_uri;
				if (typeof uri !== 'string') {
					throw new KeysUnavailable('The token issuer\'s discovery document names no "jwks_uri".');
				}
				return uri;
			}).value;
		},
		clear() {
			sets.clear();
			discovered.clear();
		},
	};
}

async function readJson(url: string, fetchJson: JsonFetcher): Promise<unknown> {
	try {
		return url.startsWith('data:') ? JSON.parse(decodeDataUrl(url)) : await fetchJson(url);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new KeysUnavailable(`The keys of the token issuer could not be read: ${reason}`);
	}
}

/** RFC 2397: data:[<media type>][;base64],<data> */
function decodeDataUrl(url: string): string {
	const comma = url.indexOf(',');
	if (comma < 0) throw new Error('not a data: URL');
	const data = url.slice(comma + 1);
	if (!url.slice(0, comma).endsWith(';base64')) return decodeURIComponent(data);
	return Buffer.from(decodeURIComponent(data), 'base64').toString('utf8');
}
