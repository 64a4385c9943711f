import type { Handle } from '@sveltejs/kit';
import { readSession } from '$lib/server/host/session.ts';

const HEADERS = {
	'x-content-type-options': 'nosniff',
	'x-frame-options': 'DENY',
	'referrer-policy': 'same-origin',
	'cross-origin-opener-policy': 'same-origin',
};

export const handle: Handle = async ({ event, resolve }) => {
	const session = await readSession(event.request.headers.get('cookie') ?? '', event.url.origin);
	event.locals.token = session.token;
	const response = await resolve(event);
	for (const cookie of session.setCookies) response.headers.append('set-cookie', cookie);
	for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
	return response;
};
