/**
 * Where to go after signing in. Only a path of this site: "//host", "/\host" and full addresses, which a
 * crafted link could carry, lead to the overview instead.
 */
export function nextPath(next: string | null): string {
	if (!next || !/^\/(?![/\\])/.test(next) || next.includes('\\')) return '/';
	// Browsers drop tabs and line breaks from addresses, which would join "/" and "/host".
	return /[\u0000-\u001f]/.test(next) ? '/' : next;
}
