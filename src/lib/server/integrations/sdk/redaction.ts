import { base64Of, basicToken } from './auth.ts';

const mask = '[redacted]';

/** Below this a "secret" is found in every other word; text that could hold one is then dropped as a whole. */
const minFindableChars = 4;

/** Query parameters that carry secrets by their name, whatever their value. */
const secretParameter =
	/([?&](?:[^=&]*(?:token|secret|passw|api[-_]?key|signature|auth)[^=&]*|key|code|sig)=)[^&#]*/gi;

/** The credentials of a connection: what must never appear, and what merely should not (a user name). */
export interface SealedValues {
	secrets: string[];
	names: string[];
}

/** Removes credentials from whatever leaves the HTTP client. */
export interface Redactor {
	/** Redacts first and cuts afterwards, so that no half of a secret stays at the edge. */
	text(text: string, maxChars: number): string;
	/** A path with its query, for the request report. */
	path(pathAndQuery: string): string;
}

// Long enough to tell what was asked, short enough for a row of a run's log.
const maxPathChars = 300;

/** Knows each credential in every form it travels in: plain, URL-encoded, escaped, base64, and as a Basic pair. */
export function createRedactor({ secrets, names }: SealedValues): Redactor {
	const hasUnfindable = secrets.some(
		(value) => value.length > 0 && value.length < minFindableChars,
	);
	const pairs = names.flatMap((name) => secrets.map((secret) => basicToken(name, secret)));
	const forms = new Set(
		[...secrets, ...names, ...pairs]
			.flatMap(formsOf)
			.filter((form) => form.length >= minFindableChars),
	);
	// Longest first: a secret that contains another one must go as a whole.
	const ordered = [...forms].sort((a, b) => b.length - a.length);
	const longest = ordered[0]?.length ?? 0;

	const replaceForms = (text: string): string => {
		let out = text;
		for (const form of ordered) out = out.replaceAll(form, mask);
		return out;
	};
	return {
		text(text, maxChars) {
			if (hasUnfindable) return text === '' ? '' : mask.slice(0, maxChars);
			return replaceForms(text.slice(0, maxChars + longest)).slice(0, maxChars);
		},
		path(pathAndQuery) {
			const named = pathAndQuery.replace(secretParameter, `$1${mask}`);
			const whole = hasUnfindable
				? named.replace(/=([^&]*)/g, (match, value: string) =>
						secrets.includes(decode(value)) ? `=${mask}` : match,
					)
				: named;
			return replaceForms(whole).slice(0, maxPathChars);
		},
	};
}

function decode(value: string): string {
	try {
		return decodeURIComponent(value.replaceAll('+', ' '));
	} catch {
		return value;
	}
}

function formsOf(value: string): string[] {
	// encodeURIComponent refuses half a surrogate pair.
	const wellFormed = value.replace(/\p{Surrogate}/gu, '\ufffd');
	const json = JSON.stringify(value).slice(1, -1);
	return [
		value,
		encodeURIComponent(wellFormed),
		encodeURI(wellFormed),
		new URLSearchParams({ v: wellFormed }).toString().slice(2),
		json,
		// Go's encoder escapes these three in JSON, and HTML pages escape them their own way.
		json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
		value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
		// Without padding, since the encoding may go on after the value.
		base64Of(value).replace(/=+$/, ''),
	];
}
