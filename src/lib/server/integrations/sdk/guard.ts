import { judgeHost } from './addresses.ts';
import { ConnectorError } from './errors.ts';

/** A URL that may be called. */
export interface JudgedUrl {
	url: URL;
	/** "host:port", normalised: the key of the allow list. */
	hostKey: string;
}

/**
 * Ports on which other kinds of service listen: an HTTP request to one is a mistake at best, and a way to speak to a mail
 * server or a database at worst. Callable only when the owner allowed "host:port".
 */
const foreignPorts = new Set([
	1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
	103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 427,
	445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 873,
	989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659,
	4045, 4190, 5060, 5061, 5432, 5672, 6000, 6379, 6380, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
	6697, 9042, 10080, 10250, 11211, 27017, 27018,
]);

// A query of 4000 characters, each of them encoded, and room for the rest.
const maxUrlChars = 16_384;

/**
 * Decides whether a URL may be called. Pure: it looks at the text only. The address a name resolves to is checked by the
 * deployment's fetch inside its own DNS lookup, so that a name cannot change between check and dial.
 * Throws URL_INVALID, PORT_FORBIDDEN, PRIVATE_ADDRESS (the owner may allow it) or ADDRESS_FORBIDDEN (nobody can).
 */
export function judgeUrl(input: string, allowedHosts: readonly string[]): JudgedUrl {
	const url = parseStrictly(input);
	const hostKey = hostKeyOf(url);
	const isAllowed = allowedHosts.some((allowed) => allowed.toLowerCase() === hostKey);
	const detail = { host: hostKey };
	const verdict = judgeHost(url.hostname);
	if (verdict === 'forbidden') throw new ConnectorError('ADDRESS_FORBIDDEN', { detail });
	if (isAllowed) return { url, hostKey };
	if (foreignPorts.has(portOf(url))) throw new ConnectorError('PORT_FORBIDDEN', { detail });
	if (verdict === 'private') throw new ConnectorError('PRIVATE_ADDRESS', { detail });
	return { url, hostKey };
}

/**
 * Brings what an owner wants to allow into the form the guard compares: "127.0.0.1:9090", "[::1]:9090", "nas.lan:80".
 * Throws URL_INVALID without a port or with more than host and port, ADDRESS_FORBIDDEN for addresses never called.
 */
export function normaliseAllowedHost(input: string): string {
	const text = input.trim();
	if (!/:\d{1,5}$/.test(text) || /[/?#@\\]/.test(text))
		throw new ConnectorError('URL_INVALID', {
			message: 'Write a host and a port, like 127.0.0.1:9090.',
		});
	const url = parseStrictly(`http://${text}`);
	const hostKey = hostKeyOf(url);
	if (judgeHost(url.hostname) === 'forbidden')
		throw new ConnectorError('ADDRESS_FORBIDDEN', { detail: { host: hostKey } });
	return hostKey;
}

/** The key of the allow list for a URL; the default port is written out. */
export function hostKeyOf(url: URL): string {
	return `${url.hostname.replace(/\.+$/, '')}:${portOf(url)}`;
}

function portOf(url: URL): number {
	if (url.port !== '') return Number(url.port);
	return url.protocol === 'https:' ? 443 : 80;
}

/** Refuses everything two URL parsers could read differently. */
function parseStrictly(input: string): URL {
	const refuse = (): never => {
		throw new ConnectorError('URL_INVALID');
	};
	// The parser would drop tabs and newlines, read "\" as "/", and cut surrounding spaces.
	if (input.length > maxUrlChars || /[\u0000-\u0020\u007f\\]/.test(input)) refuse();
	// A fragment never reaches a server; "http://good.example#@evil" only serves to mislead.
	if (!URL.canParse(input) || input.includes('#')) refuse();
	const url = new URL(input);
	if (url.protocol !== 'http:' && url.protocol !== 'https:') refuse();
	// The raw "@" too: an empty user name leaves no trace in the parsed URL.
	const authority = /^[a-z]+:\/\/([^/?]*)/i.exec(input)?.[1];
	if (url.username !== '' || url.password !== '' || !authority || authority.includes('@')) refuse();
	if (url.hostname.replace(/\.+$/, '') === '') refuse();
	return url;
}
