/** A socket that speaks the sync protocol as told, and keeps what it hears. */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { Message } from './wire.ts';

export class PlainSocket {
	readonly socket: WebSocket;
	readonly heard: Message[] = [];
	readonly values = new Map<number, unknown>();
	readonly opened: Promise<unknown>;
	readonly closed: Promise<{ code: number; reason: string }>;
	private querySet = 0;
	private requests = 0;

	constructor(origin: string) {
		this.socket = new WebSocket(`${origin.replace('http', 'ws')}/api/1.48.0/sync`);
		this.opened = new Promise((resolve) => this.socket.once('open', resolve));
		this.closed = new Promise((resolve) =>
			this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
		);
		this.socket.on('error', () => {});
		this.socket.on('message', (data) => this.hear(JSON.parse(String(data)) as Message));
	}

	static async open(origin: string, sessionId: string = randomUUID()): Promise<PlainSocket> {
		const socket = new PlainSocket(origin);
		await socket.opened;
		socket.say({
			type: 'Connect',
			sessionId,
			connectionCount: 0,
			lastCloseReason: null,
			clientTs: Date.now(),
		});
		return socket;
	}

	of(type: string): Message[] {
		return this.heard.filter((message) => message.type === type);
	}

	say(message: object | string): void {
		this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
	}

	modify(...modifications: object[]): void {
		const baseVersion = this.querySet++;
		const newVersion = this.querySet;
		this.say({ type: 'ModifyQuerySet', baseVersion, newVersion, modifications });
	}

	add(queryId: number, udfPath: string, args: object): void {
		this.modify({ type: 'Add', queryId, udfPath, args: [args] });
	}

	/** Its request id. */
	mutate(udfPath: string, args: object): number {
		const requestId = this.requests++;
		this.say({ type: 'Mutation', requestId, udfPath, args: [args] });
		return requestId;
	}

	private hear(message: Message): void {
		this.heard.push(message);
		if (message.type !== 'Transition') return;
		for (const change of message.modifications as Record<string, unknown>[]) {
			this.values.set(change.queryId as number, change.value);
		}
	}
}
