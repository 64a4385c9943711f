/**
 * The visitor's token for server-rendered pages. The token cookie lives 15 minutes and the session seven days, so a
 * page opened after a pause renews the token here, before it is rendered, instead of forgetting who is signed in.
 */
import { decodeJwt } from 'jose/jwt/decode';
import { getBridge } from './bridge.ts';

/** Better Auth adds the prefix when the origin is https. */
const TOKEN_COOKIES = ['__Secure-better-auth.convex_jwt', 'better-auth.convex_jwt'];
const SESSION_COOKIES = ['__Secure-better-auth.session_token', 'better-auth.session_token'];
/** A token about to expire would be refused by the time the page's own calls arrive. */
const EXPIRY_MARGIN_MS = 10_000;

export interface VisitorSession {
	token: string | undefined;
	/** Cookies renewed on the way, to be handed to the browser. */
	setCookies: string[];
}

function parseCookies(header: string): Map<string, string> {
	const cookies = new Map<string, string>();
	for (const part of header.split(';')) {
		const at = part.indexOf('=');
		if (at > 0) cookies.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
	}
	return cookies;
}

function isUsable(token: string, now: number): boolean {
	try {
		const { exp } = decodeJwt(token);
		return exp !== undefined && exp * 1000 - EXPIRY_MARGIN_MS > now;
	} catch {
		return false;
	}
}

/** Asks the sign-in component for a fresh token; a visitor whose session has ended gets none. */
export async function renewToken(
	cookieHeader: string,
	origin: string,
	ip: string | null,
): Promise<VisitorSession> {
	const bridge = getBridge();
	const response = await bridge.fetch(
		`${bridge.siteUrl}/api/auth/convex/token`,
		{ headers: { cookie: cookieHeader, origin } },
		{ ip },
	);
	if (!response.ok) return { token: undefined, setCookies: [] };
	const body = (await response.json()) as { token?: string };
	return { token: body.token, setCookies: response.headers.getSetCookie() };
}

/** `cookieHeader` as the browser sent it; `origin` is this server's public origin, `ip` the visitor's. */
export async function readSession(
	cookieHeader: string,
	origin: string,
	ip: string | null,
	now = Date.now(),
): Promise<VisitorSession> {
	const cookies = parseCookies(cookieHeader);
	const token = TOKEN_COOKIES.map((name) => cookies.get(name)).find((value) => value !== undefined);
	if (token && isUsable(token, now)) return { token, setCookies: [] };
	if (!SESSION_COOKIES.some((name) => cookies.has(name)))
		return { token: undefined, setCookies: [] };
	return renewToken(cookieHeader, origin, ip);
}
