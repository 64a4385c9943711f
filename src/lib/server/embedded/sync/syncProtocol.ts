/** The WebSocket side of the sync protocol: upgrades, sockets, their limits, and the sessions behind them. */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Origination } from '../edges/auth.ts';
import { SocketTransport } from './socketTransport.ts';
import { SyncSession, type SessionOptions } from './syncSession.ts';

export interface SyncServerOptions extends Omit<SessionOptions, 'from'> {
	/** True: a page of this origin may open a socket. Clients that are not browsers send none (null). */
	isAllowedOrigin: (origin: string | null) => boolean;
	originationOf: (request: IncomingMessage) => Origination;
	maxSockets?: number;
}

export interface SyncServer {
	/** False: not an upgrade for the sync protocol; the socket is untouched. */
	handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
	/** Functions or environment changed: every live query is asked again, sockets stay. */
	refreshAll(): void;
	stats(): { sockets: number; subscribers: number };
	/** Asks clients to reconnect and ends all sockets. */
	close(): Promise<void>;
}

/** `/api/sync` and `/api/<npm version>/sync`. */
const SYNC_PATH = /^\/api\/(?:[A-Za-z0-9.+-]{1,64}\/)?sync$/;

/** Convex takes 16 MiB of arguments; the rest is the message around them. */
const MAX_FRAME_BYTES = 17 * 1024 * 1024;
const DEFAULT_MAX_SOCKETS = 10_000;
/** A socket that never says Connect holds a place for nobody. */
const CONNECT_DEADLINE_MS = 15_000;
/** RFC 6455: the server goes away; clients reconnect. */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY_VIOLATION = 1008;
const CLOSE_GRACE_MS = 1_000;

export function isSyncPath(url: string | undefined): boolean {
	return SYNC_PATH.test((url ?? '').split('?', 1)[0]!);
}

export function createSyncServer(options: SyncServerOptions): SyncServer {
	const { clock, log } = options;
	const sessions = new Set<SyncSession>();
	const server = new WebSocketServer({
		noServer: true,
		clientTracking: true,
		maxPayload: MAX_FRAME_BYTES,
		// Compression keeps a window per socket and invites decompression bombs; a proxy can do it.
		perMessageDeflate: false,
	});
	let isClosing = false;

	const accept = (webSocket: WebSocket, from: Origination) => {
		const transport = new SocketTransport(webSocket, clock);
		const session = new SyncSession({ ...options, from }, transport);
		sessions.add(session);
		const deadline = clock.setTimeout(() => {
			if (!session.hasConnected) transport.close(CLOSE_POLICY_VIOLATION, 'no Connect message');
		}, CONNECT_DEADLINE_MS);
		webSocket.on('message', (data, isBinary) => {
			transport.heard();
			if (isBinary) transport.close(CLOSE_POLICY_VIOLATION, 'text frames only');
			else session.receive(String(data));
		});
		webSocket.on('error', (error) => log('sync.socketError', { message: error.message }));
		webSocket.on('close', () => {
			deadline.cancel();
			transport.dispose();
			session.dispose();
			sessions.delete(session);
		});
	};

	return {
		handleUpgrade(request, socket, head) {
			if (!isSyncPath(request.url)) return false;
			const refusal = refusalOf(request);
			if (refusal !== null) {
				log('sync.upgradeRefused', { status: refusal });
				refuse(socket, refusal);
				return true;
			}
			const from = options.originationOf(request);
			server.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, from));
			return true;
		},
		refreshAll() {
			for (const session of sessions) session.refresh();
		},
		stats() {
			let subscribers = 0;
			for (const session of sessions) subscribers += session.subscriptions;
			return { sockets: sessions.size, subscribers };
		},
		async close() {
			isClosing = true;
			for (const webSocket of server.clients) webSocket.close(CLOSE_GOING_AWAY, 'server stops');
			await new Promise<void>((resolve) => {
				const timer = clock.setTimeout(() => {
					for (const webSocket of server.clients) webSocket.terminate();
				}, CLOSE_GRACE_MS);
				server.close(() => {
					timer.cancel();
					resolve();
				});
			});
		},
	};

	function refusalOf(request: IncomingMessage): number | null {
		if (isClosing) return 503;
		if (!options.isAllowedOrigin(request.headers.origin ?? null)) return 403;
		if (sessions.size >= (options.maxSockets ?? DEFAULT_MAX_SOCKETS)) return 503;
		return null;
	}
}

function refuse(socket: Duplex, status: number): void {
	socket.on('error', () => {});
	socket.end(
		`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
	);
}
