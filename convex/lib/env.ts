import { env as variables } from '../_generated/server.js';

/**
 * What the administrator of a deployment sets, in one place. Read when used: the analysis of a push has no secrets.
 * Convex itself adds CONVEX_SITE_URL, which the auth component reads.
 */
export const env = {
	/** Public address of the product: `http://127.0.0.1:4321`. */
	get siteUrl() {
		return variables.SITE_URL;
	},
	/** Signs session cookies and encrypts the private keys behind the JWTs. */
	get betterAuthSecret() {
		return variables.BETTER_AUTH_SECRET ?? '';
	},
	/** Seals credentials: 32 random bytes as hex or base64. */
	get secretKey() {
		return variables.TRIBUTARY_SECRET_KEY;
	},
	/** Former sealing keys, comma-separated; they open, but seal no more. */
	get oldSecretKeys() {
		return (variables.TRIBUTARY_OLD_SECRET_KEYS ?? '').split(',').filter((text) => text.trim());
	},
	/** One-time code asked of who creates the owner; empty: none is asked. */
	get setupCode() {
		return variables.TRIBUTARY_SETUP_CODE ?? '';
	},
	/** Set by the embedded deployment: see connecting/serverStats.ts. */
	get statsUrl() {
		return variables.EMBEDDED_STATS_URL;
	},
};
