/** A wait whose length is a matter of `iterations`: computed in Node's thread pool. */
export async function derive(iterations: number): Promise<void> {
	const bytes = new TextEncoder().encode('any');
	const key = await crypto.subtle.importKey('raw', bytes, 'PBKDF2', false, ['deriveBits']);
	const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt: bytes, iterations };
	await crypto.subtle.deriveBits(algorithm, key, 256);
}
