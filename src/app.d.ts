/** Who is signed in, as the root layout hands it to every page. */
interface Viewer {
	user: { id: string; name: string; email: string };
	workspace: {
		id: string;
		name: string;
		/** IANA zone; a day is the workspace's day. */ timeZone: string;
	};
	role: 'owner' | 'member';
}

declare global {
	namespace App {
		interface Error {
			message: string;
			/** Found in the log, so that a person can ask about one failure. */
			reference?: string;
		}
		interface Locals {
			/** The visitor's token for calls into the deployment; read and renewed in hooks.server.ts. */
			token?: string;
		}
		interface PageData {
			viewer?: Viewer | null;
			/** No user exists yet: the first visitor creates the owner account. */
			needsOwner?: boolean;
			/** The server is not bound to loopback, so the one-time code from `npm start` is asked for. */
			needsCode?: boolean;
			/** Null when the deployment is the origin the page came from. */
			convexUrl?: string | null;
			/** Where the data lies, for those who may know. */
			dataDir?: string | null;
		}
	}
}

export type { Viewer };
