/** Reads the small JSON documents of token issuers. */
import { createEgressFetch, type EgressInit } from '../functions/egressFetch.ts';

const TIMEOUT_MS = 10_000;
/** Key sets and discovery documents have a few KB. */
const MAX_BYTES = 512 * 1024;

/**
 * For addresses from `auth.config.ts`, never from tokens: so an issuer in the private network is what the owner wants,
 * but a redirect to another place is not.
 */
export function createIssuerReader(): (address: string) => Promise<unknown> {
	const guarded = createEgressFetch({
		isOpen: false,
		ownOrigins: [],
		ownFetch: async () => new Response(null, { status: 404 }),
	});
	return async (address) => {
		const url = new URL(address);
		if (!isTrustworthy(url)) throw new Error('the address must start with "https://"');
		const port = url.port || (url.protocol === 'https:' ? '443' : '80');
		const init: EgressInit = {
			redirect: 'error',
			signal: AbortSignal.timeout(TIMEOUT_MS),
			headers: { accept: 'application/json' },
			egress: { allow: [`${url.hostname}:${port}`] },
		};
		return readIssuerJson(await guarded(url, init));
	};
}

/** Plain http is for issuers on this machine: anybody on the way could hand out keys of their own. */
function isTrustworthy(url: URL): boolean {
	if (url.protocol === 'https:') return true;
	return url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

/** @throws Error with a short reason */
export async function readIssuerJson(response: Response): Promise<unknown> {
	if (!response.ok) {
		await response.body?.cancel();
		throw new Error(`the answer had status ${response.status}`);
	}
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of response.body ?? []) {
		bytes += chunk.byteLength;
		if (bytes > MAX_BYTES) throw new Error('the answer was too long');
		chunks.push(chunk);
	}
	return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}
