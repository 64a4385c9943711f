/** Which pages may read the answers of the API and open sync sockets. */

export interface OriginPolicy {
	/** For upgrades: null is a client that is no browser. */
	allowsSocket(origin: string | null): boolean;
	/** Headers for an answer to a page of this origin; {} when it may not read it. */
	headersFor(origin: string | null): Record<string, string>;
	/** Answer to a preflight request. */
	preflight(request: Request): Response;
}

/** Browsers cap it at a day or less. */
const PREFLIGHT_MAX_AGE_SECONDS = 86_400;

/**
 * Without a list every origin is served, as real deployments do: nothing here is authorised by cookies.
 *
 * @param own the deployment's origin, always allowed.
 */
export function originPolicy(own: string, allowed: readonly string[] | undefined): OriginPolicy {
	const list = allowed && new Set([own, ...allowed].map((origin) => origin.toLowerCase()));
	const allows = (origin: string) => !list || list.has(origin.toLowerCase());

	const headersFor = (origin: string | null): Record<string, string> =>
		origin === null || !allows(origin)
			? {}
			: {
					'access-control-allow-origin': origin,
					'access-control-allow-credentials': 'true',
					vary: 'Origin',
				};

	return {
		allowsSocket: (origin) => origin === null || allows(origin),
		headersFor,
		preflight(request) {
			const common = headersFor(request.headers.get('origin'));
			if (Object.keys(common).length === 0) return new Response(null, { status: 403 });
			return new Response(null, {
				status: 204,
				headers: {
					...common,
					vary: 'Origin, Access-Control-Request-Headers',
					'access-control-allow-methods': 'GET, POST, OPTIONS',
					'access-control-allow-headers':
						request.headers.get('access-control-request-headers') ?? 'content-type',
					'access-control-max-age': String(PREFLIGHT_MAX_AGE_SECONDS),
				},
			});
		},
	};
}
