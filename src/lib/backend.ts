/** Which Convex this page talks to, and as whom. The only place that knows. */
import { setupAuth, setupConvex } from 'convex-svelte';

/** What the root layout's server load returns about the deployment and the visitor. */
export interface BackendData {
	/** A Convex deployment's URL, or null for the origin the page came from. */
	convexUrl: string | null;
	viewer: object | null;
}

/**
 * A fresh token for the live connection; null when nobody is signed in. The session cookie is HttpOnly: the browser
 * sends it along and no script sees it. A failure other than "signed out" throws, and the client tries again.
 */
export async function fetchAccessToken(): Promise<string | null> {
	const response = await fetch('/api/auth/convex/token', { credentials: 'same-origin' });
	if (response.status === 401) return null;
	if (!response.ok)
		throw new Error(`TOKEN_RENEWAL_FAILED: the server answered ${response.status}.`);
	const body = (await response.json()) as { token?: string };
	return body.token ?? null;
}

/**
 * Call once, while the root layout is set up: live queries of every page below go to this deployment, with the
 * visitor's token from the first message on, so that no page subscribes anonymously first.
 */
export function connectBackend(data: () => BackendData, pageOrigin: string): void {
	setupConvex(data().convexUrl ?? pageOrigin, { skipConvexDeploymentUrlCheck: true });
	setupAuth(
		() => ({ isLoading: false, isAuthenticated: data().viewer !== null, fetchAccessToken }),
		{ initialState: { isAuthenticated: data().viewer !== null } },
	);
}
