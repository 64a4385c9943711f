/**
 * With CONVEX_URL set, sign-in requests are passed on to that deployment's HTTP actions, so that cookies stay on this
 * origin. The embedded deployment answers /api/auth before a request gets here.
 */
import type { RequestHandler } from './$types';
import { getBridge } from '$lib/server/host/bridge.ts';

const FORWARDED = ['content-type', 'cookie', 'origin', 'user-agent', 'accept'];

const forward: RequestHandler = async ({ request, url }) => {
	const bridge = getBridge();
	const headers = new Headers();
	for (const name of FORWARDED) {
		const value = request.headers.get(name);
		if (value !== null) headers.set(name, value);
	}
	const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
	const answer = await bridge.fetch(`${bridge.siteUrl}${url.pathname}${url.search}`, {
		method: request.method,
		headers,
		redirect: 'manual',
		...(hasBody ? { body: await request.arrayBuffer() } : {}),
	});
	const answered = new Headers(answer.headers);
	// fetch has already decoded the body; the old length and encoding no longer describe it.
	answered.delete('content-encoding');
	answered.delete('content-length');
	return new Response(answer.body, { status: answer.status, headers: answered });
};

export const GET = forward;
export const POST = forward;
