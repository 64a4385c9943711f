/** A WebSocket as a session sees it: heartbeat, bounded queue, back-pressure both ways. */
import type { WebSocket } from 'ws';
import type { SessionTransport } from './syncSession.ts';
import type { Clock } from '../types.ts';

/** Clients reconnect after 60 s of silence; the real backend pings after 15 s without another message. */
export const PING_INTERVAL_MS = 15_000;
/** Ticks without a sign of life from the peer before the socket is given up: a laptop lid, a lost network. */
const MAX_SILENT_TICKS = 5;
/** Transitions and answers are made only while less than this waits: a slow reader gets fewer, newer ones. */
const LOW_WATER_BYTES = 1_000_000;
/** With this much waiting, the next message is not added: the client must start over with the newest state. */
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
/** RFC 6455 registry: try again later. The reason's first word makes the official client wait 3 s. */
const CLOSE_TRY_AGAIN_LATER = 1013;

const PING = JSON.stringify({ type: 'Ping' });

export class SocketTransport implements SessionTransport {
	private readonly webSocket: WebSocket;
	private readonly clock: Clock;
	private readonly waiters = new Set<() => void>();
	private timer: { cancel(): void };
	private silentTicks = 0;
	private hasSent = false;
	private lastQueuedBytes = 0;
	private isReading = true;

	constructor(webSocket: WebSocket, clock: Clock) {
		this.webSocket = webSocket;
		this.clock = clock;
		this.timer = clock.setTimeout(() => this.tick(), PING_INTERVAL_MS);
		webSocket.on('pong', () => this.heard());
	}

	/** The peer is alive. */
	heard(): void {
		this.silentTicks = 0;
	}

	send(text: string): void {
		if (this.webSocket.readyState !== this.webSocket.OPEN) return;
		if (this.webSocket.bufferedAmount > MAX_QUEUED_BYTES) return this.closeSlow();
		this.hasSent = true;
		this.webSocket.send(text, this.wakeWaiters);
	}

	close(code: number, reason: string): void {
		// A paused socket would never read the peer's answer to the closing handshake.
		this.setReading(true);
		this.webSocket.close(code, reason);
	}

	drained(): Promise<void> {
		if (this.isDrained()) return Promise.resolve();
		return new Promise((resolve) => this.waiters.add(resolve));
	}

	setReading(isReading: boolean): void {
		this.isReading = isReading;
		if (isReading) this.webSocket.resume();
		else this.webSocket.pause();
	}

	dispose(): void {
		this.timer.cancel();
		for (const resolve of this.waiters) resolve();
		this.waiters.clear();
	}

	private closeSlow(): void {
		this.close(CLOSE_TRY_AGAIN_LATER, 'SubscriptionsWorkerFullError: the client reads too slowly');
	}

	private isDrained(): boolean {
		const { webSocket } = this;
		return webSocket.readyState !== webSocket.OPEN || webSocket.bufferedAmount <= LOW_WATER_BYTES;
	}

	private readonly wakeWaiters = (): void => {
		if (this.waiters.size === 0 || !this.isDrained()) return;
		const waiters = [...this.waiters];
		this.waiters.clear();
		for (const resolve of waiters) resolve();
	};

	private tick(): void {
		const { webSocket } = this;
		this.timer = this.clock.setTimeout(() => this.tick(), PING_INTERVAL_MS);
		this.wakeWaiters();
		const queuedBytes = webSocket.bufferedAmount;
		// A slow reader that still takes bytes is alive, and one whose answers we owe cannot show that it is.
		const isOurTurn = !this.isReading && queuedBytes === 0;
		if (queuedBytes < this.lastQueuedBytes || isOurTurn) this.heard();
		this.lastQueuedBytes = queuedBytes;
		this.silentTicks += 1;
		if (this.silentTicks > MAX_SILENT_TICKS) {
			// One that takes nothing any more may still find out why; one that is gone cannot.
			if (queuedBytes > 0 && webSocket.readyState === webSocket.OPEN) this.closeSlow();
			else webSocket.terminate();
			return;
		}
		if (webSocket.readyState !== webSocket.OPEN) return;
		if (queuedBytes === 0) {
			webSocket.ping();
			if (!this.hasSent) webSocket.send(PING);
		}
		this.hasSent = false;
	}
}
