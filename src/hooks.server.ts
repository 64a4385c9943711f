import type { Handle, HandleServerError } from '@sveltejs/kit';
import { randomBytes } from 'node:crypto';
import { getBridge } from '$lib/server/host/bridge.ts';
import { logEvent } from '$lib/server/host/log.ts';
import { readSession } from '$lib/server/host/session.ts';

const HEADERS = {
	'x-content-type-options': 'nosniff',
	'x-frame-options': 'DENY',
	'referrer-policy': 'same-origin',
	'cross-origin-opener-policy': 'same-origin',
};

/**
 * Names the live connection's address: 'self' leaves WebSockets out in some browsers, and a deployment elsewhere
 * (CONVEX_URL) is another origin altogether.
 */
function allowLiveConnection(headers: Headers, pageOrigin: string): void {
	const policy = headers.get('content-security-policy');
	if (!policy) return;
	const http = new URL(getBridge().convexUrl ?? pageOrigin).origin;
	const added = [...(http === pageOrigin ? [] : [http]), http.replace(/^http/, 'ws')];
	headers.set(
		'content-security-policy',
		policy.replace("connect-src 'self'", `connect-src 'self' ${added.join(' ')}`),
	);
}

export const handle: Handle = async ({ event, resolve }) => {
	const cookies = event.request.headers.get('cookie') ?? '';
	const session = await readSession(cookies, event.url.origin, event.getClientAddress());
	event.locals.token = session.token;
	const response = await resolve(event);
	for (const cookie of session.setCookies) response.headers.append('set-cookie', cookie);
	for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
	allowLiveConnection(response.headers, event.url.origin);
	return response;
};

/** The page shows a reference; the log has the failure under it. */
export const handleError: HandleServerError = ({ error, event, status, message }) => {
	if (status === 404) return { message };
	const reference = randomBytes(4).toString('hex').toUpperCase();
	const stack = error instanceof Error ? error.stack : String(error);
	logEvent('page.failed', { reference, status, path: event.url.pathname, stack });
	return { message: 'Something broke on our side.', reference };
};
