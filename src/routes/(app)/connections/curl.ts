/** A request of a run, as the log keeps it: never with a credential in it. */
export interface LoggedRequest {
	method: string;
	path: string;
}

/** Quotes for a POSIX shell: nothing inside single quotes is special but the single quote itself. */
function shellQuote(text: string): string {
	return `'${text.replaceAll("'", `'\\''`)}'`;
}

function joined(baseUrl: string | null, path: string): string {
	if (/^https?:\/\//.test(path)) return path;
	if (!baseUrl) return `https://ADDRESS${path.startsWith('/') ? '' : '/'}${path}`;
	const base = baseUrl.replace(/\/+$/, '');
	return `${base}${path.startsWith('/') ? '' : '/'}${path}`;
}

/** The header each auth kind would send, with a word where the secret belongs. */
function credentialArguments(authKind: string): string[] {
	if (authKind === 'none') return [];
	if (authKind === 'basic') return ['--user', shellQuote('NAME:PASSWORD')];
	return ['--header', shellQuote('Authorization: Bearer YOUR_KEY')];
}

/**
 * The request as a command that can be pasted into a terminal or a bug report. The key is never part of it:
 * the page does not have it.
 */
export function asCurl(request: LoggedRequest, baseUrl: string | null, authKind: string): string {
	const method = request.method.toUpperCase();
	return [
		'curl',
		...(method === 'GET' ? [] : ['--request', method]),
		...credentialArguments(authKind),
		shellQuote(joined(baseUrl, request.path)),
	].join(' ');
}
