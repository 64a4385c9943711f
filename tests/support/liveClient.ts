/** A browser's live connection without the browser: the official client over a real WebSocket. */
import { ConvexClient } from 'convex/browser';
import type { FunctionReference, FunctionReturnType } from 'convex/server';
import { WebSocket } from 'ws';
import { tokenFor } from './apiClient.ts';

/** With cookies it renews its token from them, as the pages do; without it is nobody. */
export function liveClient(origin: string, cookies?: string): ConvexClient {
	const client = new ConvexClient(origin, {
		webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
		skipConvexDeploymentUrlCheck: true,
		logger: false,
	});
	if (cookies !== undefined) client.setAuth(() => tokenFor(origin, cookies).catch(() => null));
	return client;
}

export interface Watch<T> {
	values: T[];
	errors: Error[];
	stop(): void;
}

/** Keeps whatever a live query tells. */
export function watch<Query extends FunctionReference<'query'>>(
	client: ConvexClient,
	query: Query,
	args: Query['_args'],
): Watch<FunctionReturnType<Query>> {
	const values: FunctionReturnType<Query>[] = [];
	const errors: Error[] = [];
	const stop = client.onUpdate(
		query,
		args,
		(value) => void values.push(value),
		(error) => void errors.push(error),
	);
	return { values, errors, stop };
}
