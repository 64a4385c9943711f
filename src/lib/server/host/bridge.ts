/**
 * How the pages' server code reaches the process it runs in. The built pages and the server entry are separate
 * bundles, so they meet on a global symbol instead of an import.
 */
export interface HostBridge {
	/** The Convex URL a browser should use; null = the origin the page came from. */
	convexUrl: string | null;
	/** Where the server itself reaches the deployment's API and HTTP actions. */
	apiUrl: string;
	siteUrl: string;
	/**
	 * Calls the deployment; in process when it is embedded. `from` is whom the call is made for, so that throttling by
	 * address sees the visitor instead of this server.
	 */
	fetch(
		input: string | URL | Request,
		init?: RequestInit,
		from?: { ip: string | null },
	): Promise<Response>;
	/** Where the data lies, shown on the first page; null when the data is not on this machine. */
	dataDir: string | null;
}

const KEY = Symbol.for('tributary.host');
type WithBridge = { [KEY]?: HostBridge };

export function setBridge(bridge: HostBridge): void {
	(globalThis as WithBridge)[KEY] = bridge;
}

export function getBridge(): HostBridge {
	const bridge = (globalThis as WithBridge)[KEY];
	if (!bridge)
		throw new Error('The pages were asked for before the server had started its deployment.');
	return bridge;
}
