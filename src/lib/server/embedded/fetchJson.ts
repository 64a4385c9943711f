/** Reads a small JSON document of a token issuer. The only network access of the edges. */

const TIMEOUT_MS = 10_000;
/** Key sets and discovery documents have a few KB. */
const MAX_BYTES = 512 * 1024;

/** Plain http is for issuers on this machine: anybody on the way could hand out keys of their own. */
function isAllowed(url: URL): boolean {
	if (url.protocol === 'https:') return true;
	const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
	return url.protocol === 'http:' && isLoopback;
}

/** URLs come from `auth.config.ts`, not from tokens. @throws Error with a short reason */
export async function fetchIssuerJson(address: string): Promise<unknown> {
	const url = new URL(address);
	if (!isAllowed(url)) throw new Error('the issuer\'s address must start with "https://"');
	const response = await fetch(url, {
		redirect: 'error',
		signal: AbortSignal.timeout(TIMEOUT_MS),
		headers: { accept: 'application/json' },
	});
	return readIssuerJson(response);
}

export async function readIssuerJson(response: Response): Promise<unknown> {
	if (!response.ok) {
		await response.body?.cancel();
		throw new Error(`it answered with status ${response.status}`);
	}
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of response.body ?? []) {
		bytes += chunk.byteLength;
		if (bytes > MAX_BYTES) throw new Error('its answer is too long');
		chunks.push(chunk);
	}
	return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}
