/** Calls of the pages' server code into the deployment, as the visitor whose token is given. */
import { ConvexHttpClient } from 'convex/browser';
import { ConvexError } from 'convex/values';
import { getBridge } from './bridge.ts';

/** The deployment does not accept this token: expired, or signed with a key or for an origin it no longer has. */
class TokenRefused extends Error {
	override name = 'TokenRefused';
}

export function callerFor(token: string | undefined): ConvexHttpClient {
	const bridge = getBridge();
	return new ConvexHttpClient(bridge.apiUrl, {
		fetch: async (input, init) => {
			const response = await bridge.fetch(input, init);
			if (token && response.status === 401) throw new TokenRefused();
			return response;
		},
		skipConvexDeploymentUrlCheck: true,
		logger: false,
		...(token ? { auth: token } : {}),
	});
}

/** Whether a failed call means "not signed in", and not that something is broken. */
export function isSignedOut(error: unknown): boolean {
	if (error instanceof TokenRefused) return true;
	if (!(error instanceof ConvexError)) return false;
	const { code } = (error.data ?? {}) as { code?: unknown };
	return code === 'UNAUTHENTICATED';
}
