/** Stands in for the internet: every request of an integration lands here and is kept. */
import { vi } from 'vitest';

export interface Sent {
	url: string;
	headers: Record<string, string>;
}

export interface Network {
	sent: Sent[];
	/** Answers the next requests, until changed. */
	answer: (request: Sent) => Response | Promise<Response>;
}

export const json = (body: unknown, status = 200) =>
	new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

export const who = (id = 'acct-1', name = 'Acme') => json({ id, name });

/** Replaces fetch until vi.unstubAllGlobals(). */
export function stubNetwork(): Network {
	const network: Network = { sent: [], answer: () => who() };
	vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
		const sent = { url: String(url), headers: (init?.headers ?? {}) as Record<string, string> };
		network.sent.push(sent);
		return network.answer(sent);
	});
	return network;
}
