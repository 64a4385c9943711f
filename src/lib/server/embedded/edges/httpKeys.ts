/** `/.well-known/jwks.json`: the public keys of the deployment and, where they share an origin, of the app. */
import type { Origination } from './auth.ts';
import type { FunctionRunner, JsonValue } from '../types.ts';

/**
 * Convex serves its keys on the API's origin and the app's routes on another. On one origin for both, an app that
 * publishes keys of its own at this address (an auth library) gets its keys published beside ours.
 */
export async function respondWithKeys(
	runner: FunctionRunner,
	request: Request,
	from: Origination,
	isSharedOrigin: boolean,
): Promise<Response> {
	if (request.method !== 'GET' && request.method !== 'HEAD') {
		return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
	}
	const own = await runner.signingKeys();
	const theirs = isSharedOrigin ? await keysOfApp(runner, request.url, from) : [];
	return Response.json({ keys: [...theirs, ...own.keys] });
}

async function keysOfApp(
	runner: FunctionRunner,
	url: string,
	from: Origination,
): Promise<JsonValue[]> {
	const caller = { identity: null, isAdmin: false, authToken: null, ...from };
	const response = await runner.runHttpAction(new Request(url), caller);
	if (!response.ok) return [];
	const body = (await response.json().catch(() => null)) as { keys?: unknown } | null;
	return Array.isArray(body?.keys) ? (body.keys as JsonValue[]) : [];
}
