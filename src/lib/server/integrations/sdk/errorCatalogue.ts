/** Who can end the trouble: time, a person with new credentials, a person with a setting, or us. */
export type Remedy = 'retry' | 'reconnect' | 'changeSetting' | 'bug';

/** What the sentences are built from. Everything here is already free of secrets. */
export interface ErrorFacts {
	/** "host:port" of the request. */
	host?: string;
	status?: number;
	seconds?: number;
	id?: string;
}

interface CatalogueEntry {
	remedy: Remedy;
	/** Whether the same request may succeed later without anybody doing anything. The sync engine backs off on these. */
	isRetryable: boolean;
	title: string;
	/** What happened, who must act, what to do. */
	say(facts: ErrorFacts): string;
}

const at = (facts: ErrorFacts): string => facts.host ?? 'the service';
const At = (facts: ErrorFacts): string => facts.host ?? 'The service';
const answered = (facts: ErrorFacts): string =>
	facts.status === undefined ? '' : ` (it answered ${facts.status})`;

/**
 * Every code a connection test or a sync can end with. Texts of the UI and branches of the sync engine hang on the code;
 * sentences may change. Adding a code means adding one row here.
 */
export const errorCatalogue = {
	HOST_NOT_FOUND: {
		remedy: 'changeSetting',
		isRetryable: true,
		title: 'Host not found',
		say: (f) => `No host is named ${at(f)}. Check the spelling of the address.`,
	},
	HOST_UNREACHABLE: {
		remedy: 'changeSetting',
		isRetryable: true,
		title: 'Host not reachable',
		say: (f) => `No route leads from this server to ${at(f)}. Check the address and the network.`,
	},
	CONNECTION_REFUSED: {
		remedy: 'changeSetting',
		isRetryable: true,
		title: 'Nothing answers there',
		say: (f) =>
			`Nothing answers at ${at(f)}. Check the port in the address, and that the service is running.`,
	},
	TLS_ERROR: {
		remedy: 'changeSetting',
		isRetryable: true,
		title: 'No secure connection',
		say: (f) =>
			`The certificate of ${at(f)} could not be trusted. Its administrator must renew it, or the address must start with http:// if the service speaks plain HTTP.`,
	},
	TIMEOUT: {
		remedy: 'retry',
		isRetryable: true,
		title: 'No answer in time',
		say: (f) =>
			`${At(f)} gave no full answer within ${f.seconds ?? 30} seconds. Try again; if it stays so, check that the service is not overloaded.`,
	},
	CONNECTION_RESET: {
		remedy: 'retry',
		isRetryable: true,
		title: 'Connection broke off',
		say: (f) => `${At(f)} closed the connection before the answer was complete. Try again.`,
	},
	CONNECTION_FAILED: {
		remedy: 'retry',
		isRetryable: true,
		title: 'Connection failed',
		say: (f) =>
			`The connection to ${at(f)} failed for a reason the network did not name. Try again.`,
	},
	PRIVATE_ADDRESS: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Private address',
		say: (f) =>
			`${At(f)} is a private address, and this server does not call those unless told to. If it is yours, the owner can allow it.`,
	},
	ADDRESS_FORBIDDEN: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Address never called',
		say: (f) =>
			`${At(f)} hands out the keys of the machine this server runs on, so it is never called. Use the address of the service itself.`,
	},
	URL_INVALID: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Not an address',
		say: () =>
			'This is not a web address. Write it like https://metrics.example.com, without a name or password in it.',
	},
	PORT_FORBIDDEN: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Port not called',
		say: (f) =>
			`The port of ${at(f)} belongs to another kind of service, so it is not called. Check the port in the address.`,
	},
	TOO_MANY_REDIRECTS: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Sent in circles',
		say: (f) =>
			`${At(f)} sent the request on more than 5 times. Enter the address it should end at.`,
	},
	REDIRECT_DOWNGRADE: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Sent to an insecure address',
		say: (f) =>
			`${At(f)} sent the request from https:// on to http://, which would show your credentials to the network. Its administrator must correct that.`,
	},
	NOT_AN_API: {
		remedy: 'changeSetting',
		isRetryable: true,
		title: 'A page, not an API',
		say: (f) =>
			`${At(f)} answered with a web page instead of data. Check the address: it must be the one of the API.`,
	},
	INVALID_RESPONSE: {
		remedy: 'retry',
		isRetryable: true,
		title: 'Answer not readable',
		say: (f) =>
			`The answer of ${at(f)} was cut short or damaged, so none of it was used. Try again.`,
	},
	RESPONSE_TOO_LARGE: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Answer too large',
		say: (f) =>
			`The answer of ${at(f)} is larger than 16 MB, so it was not read. Check the address: it must be the one of the API.`,
	},
	RESPONSE_TOO_DEEP: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Answer nested too deep',
		say: (f) =>
			`The answer of ${at(f)} is nested deeper than any data should be, so it was not read. Check the address: it must be the one of the API.`,
	},
	AUTH_REJECTED: {
		remedy: 'reconnect',
		isRetryable: false,
		title: 'Credentials not accepted',
		say: (f) =>
			`${At(f)} does not accept these credentials. They may be mistyped, expired or revoked; enter new ones.`,
	},
	PERMISSION_MISSING: {
		remedy: 'reconnect',
		isRetryable: false,
		title: 'Permission missing',
		say: (f) =>
			`${At(f)} knows these credentials, but they may not read this. Add the permission there, or enter others.`,
	},
	NOT_FOUND: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Not found',
		say: (f) => `${At(f)} has nothing at this address${answered(f)}. Check the path and the names.`,
	},
	RATE_LIMITED: {
		remedy: 'retry',
		isRetryable: true,
		title: 'Asked to wait',
		say: (f) => `${At(f)} asks us to wait. Nothing is lost; a try after that time succeeds.`,
	},
	SERVICE_ERROR: {
		remedy: 'retry',
		isRetryable: true,
		title: 'The service is having trouble',
		say: (f) =>
			`${At(f)} is having trouble${answered(f)}. Nothing is wrong with what was entered; try again in a minute.`,
	},
	REQUEST_REJECTED: {
		remedy: 'bug',
		isRetryable: false,
		title: 'Request not understood',
		say: (f) => `${At(f)} did not accept our request${answered(f)}. Your data is fine.`,
	},
	QUERY_INVALID: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Query not valid',
		say: (f) => `${At(f)} cannot run this query. Correct it and try again.`,
	},
	PROPERTY_INVALID: {
		remedy: 'changeSetting',
		isRetryable: false,
		title: 'Input not complete',
		say: () => 'Some fields need another look.',
	},
	CURSOR_LOOP: {
		remedy: 'bug',
		isRetryable: false,
		title: 'Pages repeat',
		say: (f) =>
			`${At(f)} gave the same page again and again, so fetching stopped. Nothing is lost.`,
	},
	ACCOUNT_MISMATCH: {
		remedy: 'reconnect',
		isRetryable: false,
		title: 'Another account',
		say: () =>
			'These credentials belong to another account than this connection. Enter those of the same account, or make a new connection.',
	},
	UNKNOWN_INTEGRATION: {
		remedy: 'bug',
		isRetryable: false,
		title: 'Unknown integration',
		say: (f) => `There is no integration named "${f.id ?? ''}".`,
	},
	INTEGRATION_BUG: {
		remedy: 'bug',
		isRetryable: false,
		title: 'Something broke on our side',
		say: () => 'Something broke on our side. Your data is fine.',
	},
} satisfies Record<string, CatalogueEntry>;

/** Stable codes of everything that can go wrong between us and a service. */
export type ConnectorErrorCode = keyof typeof errorCatalogue;
