/** A person without a browser: creates the owner, signs in through the real endpoints, and calls functions. */
import { ConvexHttpClient } from 'convex/browser';
import { api } from '../../convex/_generated/api.js';

export const OWNER = {
	name: 'Maya Lindqvist',
	email: 'maya@example.com',
	password: 'correct horse battery',
	workspaceName: 'Acme',
	timeZone: 'Europe/Berlin',
};

/** A client without any session. */
export function anonymousClient(origin: string): ConvexHttpClient {
	return new ConvexHttpClient(origin, { skipConvexDeploymentUrlCheck: true, logger: false });
}

/** The cookies a browser would send back, from set-cookie headers. */
function cookieHeader(response: Response): string {
	return response.headers
		.getSetCookie()
		.map((cookie) => cookie.split(';')[0]!)
		.join('; ');
}

/**
 * Signs in with e-mail and password; resolves to the session's cookies. Throws with the server's answer otherwise.
 * `address` is where the visitor seems to come from, for a server started with TRIBUTARY_TRUST_PROXY=1.
 */
export async function signIn(
	origin: string,
	email = OWNER.email,
	password = OWNER.password,
	address?: string,
): Promise<string> {
	const response = await fetch(`${origin}/api/auth/sign-in/email`, {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			origin,
			...(address === undefined ? {} : { 'x-forwarded-for': address }),
		},
		body: JSON.stringify({ email, password }),
	});
	if (!response.ok)
		throw new Error(`sign-in answered ${response.status}: ${await response.text()}`);
	return cookieHeader(response);
}

/** A token for the live API from the session's cookies. */
export async function tokenFor(origin: string, cookies: string): Promise<string> {
	const response = await fetch(`${origin}/api/auth/convex/token`, {
		headers: { cookie: cookies, origin },
	});
	if (!response.ok) throw new Error(`token answered ${response.status}: ${await response.text()}`);
	return ((await response.json()) as { token: string }).token;
}

/** A client signed in as the owner, who is created first when `isNew`. */
export async function ownerClient(
	origin: string,
	{ isNew }: { isNew: boolean },
): Promise<{ client: ConvexHttpClient; cookies: string }> {
	const client = anonymousClient(origin);
	if (isNew) await client.mutation(api.setup.createOwner, OWNER);
	const cookies = await signIn(origin);
	client.setAuth(await tokenFor(origin, cookies));
	return { client, cookies };
}
