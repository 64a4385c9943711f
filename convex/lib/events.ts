/**
 * Structured log lines: one JSON object per event with fixed members, so that logs can be queried and tests can assert
 * on them. Never pass a credential, a token or a response body.
 */
type Payload = Record<string, string | number | boolean | null | undefined>;

/** @param name dotted, area first: `connection.connected`, `auth.throttled`. */
export function event(name: string, payload: Payload = {}): void {
	console.log(JSON.stringify({ event: name, ...payload }));
}
