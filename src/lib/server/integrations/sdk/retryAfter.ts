/** Never a hot loop … */
export const minRetryAfterMs = 1000;
/** … and never asleep for years because of a typing error at the service: an hour covers the windows services use. */
export const maxRetryAfterMs = 3_600_000;
/** When a service asks to wait but not how long in a way anybody understands. */
const unreadableRetryAfterMs = 60_000;

/**
 * When to ask again, from a `Retry-After` header (RFC 9110 §10.2.3: seconds or an HTTP date).
 * undefined without a header: the sync engine then backs off on its own.
 */
export function retryAfterAt(header: string | null, now: number): number | undefined {
	if (header === null) return undefined;
	return now + clampWaitMs(waitMs(header.trim(), now));
}

/** Brings any wait into [1 s, 1 h]. */
export function clampWaitMs(ms: number): number {
	if (Number.isNaN(ms)) return unreadableRetryAfterMs;
	return Math.min(maxRetryAfterMs, Math.max(minRetryAfterMs, ms));
}

function waitMs(text: string, now: number): number {
	if (/^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
	// Date.parse also reads "5 apples" as a date in May; only what looks like an HTTP date counts.
	if (/^[A-Za-z]{3,9},? /.test(text)) return Date.parse(text) - now;
	return NaN;
}
