/** Many sockets in one process, the same for both sides: each notes when it last heard something new. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { WebSocket } from 'ws';

export interface Side {
	url: string;
	stop(): void;
}

export async function startSide(kind: 'embedded' | 'bare'): Promise<Side> {
	const child = fork(path.join(import.meta.dirname, 'server.ts'), [kind], { execArgv: [] });
	const { port } = await new Promise<{ port: number }>((resolve, reject) => {
		child.once('message', (message) => resolve(message as { port: number }));
		child.once('exit', (code) => reject(new Error(`the ${kind} server ended with ${code}`)));
	});
	const stop = () => void child.kill('SIGTERM');
	return { url: `ws://127.0.0.1:${port}/api/1.48.0/sync`, stop };
}

export class Peer {
	/** `performance.now()` of the last message that contained the text waited for. */
	heardAtMs = 0;
	readonly socket: WebSocket;
	private expected: string | null = null;
	private hear: (() => void) | null = null;

	constructor(socket: WebSocket) {
		this.socket = socket;
		socket.on('message', (data: Buffer) => {
			if (this.expected === null || !data.includes(this.expected)) return;
			this.heardAtMs = performance.now();
			this.expected = null;
			this.hear!();
		});
	}

	static async open(url: string): Promise<Peer> {
		const socket = new WebSocket(url, { perMessageDeflate: false });
		await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
		return new Peer(socket);
	}

	hears(text: string): Promise<void> {
		this.expected = text;
		return new Promise((resolve) => (this.hear = resolve));
	}

	send(message: object | string): void {
		this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
	}
}

/** A socket that follows `cells:get` of these numbers. */
export async function subscriber(url: string, cells: number[]): Promise<Peer> {
	const peer = await Peer.open(url);
	const sessionId = crypto.randomUUID();
	peer.send({ type: 'Connect', sessionId, connectionCount: 0, lastCloseReason: null, clientTs: 0 });
	const modifications = cells.map((n, queryId) => ({
		type: 'Add',
		queryId,
		udfPath: 'cells:get',
		args: [{ n }],
	}));
	const answered = peer.hears('"Transition"');
	peer.send({ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications });
	await answered;
	return peer;
}

export class Writer {
	private readonly peer: Peer;
	private requests = 0;

	private constructor(peer: Peer) {
		this.peer = peer;
	}

	static async open(url: string): Promise<Writer> {
		return new Writer(await subscriber(url, []));
	}

	set(n: number, value: string): void {
		const args = [{ n, value }];
		this.peer.send({ type: 'Mutation', requestId: this.requests++, udfPath: 'cells:set', args });
	}
}

export async function openAll<T>(count: number, open: (index: number) => Promise<T>): Promise<T[]> {
	const all: T[] = [];
	const AT_ONCE = 50;
	for (let from = 0; from < count; from += AT_ONCE) {
		const indexes = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => from + i);
		all.push(...(await Promise.all(indexes.map(open))));
	}
	return all;
}
