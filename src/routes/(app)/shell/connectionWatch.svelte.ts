import type { ConvexClient } from 'convex/browser';

/** A blink of the network is no news; after this the page says so. ms */
const PATIENCE_MS = 3000;

/** Watches the live connection. Create it while a component is set up; it stops with it. */
export class ConnectionWatch {
	/** Since when numbers stand still, ms; null while they flow. */
	lostAt = $state<number | null>(null);
	/** How often the client tried since. */
	tries = $state(0);

	constructor(client: ConvexClient, now: () => number = Date.now) {
		$effect(() => {
			let droppedAt: number | null = now();
			let timer: ReturnType<typeof setTimeout> | undefined;
			const stop = client.subscribeToConnectionState((state) => {
				this.tries = state.connectionRetries;
				if (state.isWebSocketConnected) {
					droppedAt = null;
					this.lostAt = null;
					clearTimeout(timer);
					timer = undefined;
				} else {
					droppedAt ??= now();
					timer ??= setTimeout(() => (this.lostAt = droppedAt), PATIENCE_MS);
				}
			});
			return () => {
				stop();
				clearTimeout(timer);
			};
		});
	}
}
