/**
 * One connection with things going wrong on it: messages are dropped, doubled, swapped, held back, the socket is cut,
 * or left half open. What the server sent is checked before any fault touches it.
 */
import { WebSocket, type RawData } from 'ws';
import { ChainCheck, ProtocolModel } from './protocolModel.ts';

export type FaultKind = 'drop' | 'double' | 'swap' | 'hold' | 'cut' | 'halfOpen';
export interface Fault {
	direction: 'in' | 'out';
	/** Which message of that direction, from 0. */
	at: number;
	kind: FaultKind;
}
export type Message = { type: string } & Record<string, unknown>;

/** A planted bug: what the server is made to say, or to be told, instead. */
export interface Sabotage {
	name: string;
	fromServer?: (message: Message, wire: Wire) => Message[];
	toServer?: (message: Message, wire: Wire) => Message[];
	/** The server's end of the socket is kept from the client. */
	hidesClose?: boolean;
}

export interface WireOptions {
	url: string;
	faults: readonly Fault[];
	violate: (text: string) => void;
	sabotage?: Sabotage;
	onOpen: () => void;
	onText: (text: string) => void;
	onClose: (code: number, reason: string) => void;
}

const HOLD_MS = 3;

export class Wire {
	readonly model = new ProtocolModel();
	/** A message was lost, doubled or swapped on its way to the client: what it holds may be wrong without its fault. */
	isLossy = false;
	/** FatalError or AuthError, or the end. */
	isOver = false;
	isOpen = false;
	private readonly chain = new ChainCheck();
	private readonly options: WireOptions;
	private readonly socket: WebSocket;
	private readonly counts = { in: 0, out: 0 };
	private readonly held: { in: string | null; out: string | null } = { in: null, out: null };
	private readonly tails = { in: Promise.resolve(), out: Promise.resolve() };
	private isGone = false;
	private isHalfOpen = false;

	constructor(options: WireOptions) {
		this.options = options;
		this.socket = new WebSocket(options.url);
		this.socket.on('open', () => {
			this.isOpen = true;
			if (!this.isGone) options.onOpen();
		});
		this.socket.on('error', () => {});
		this.socket.on('message', (data: RawData) => this.fromServer(String(data)));
		this.socket.on('close', (code, reason) => {
			if (this.model.broken && options.sabotage?.hidesClose) return;
			this.isOver = true;
			this.tails.in = this.tails.in.then(() => this.gone(code, String(reason)));
		});
	}

	send(text: string): void {
		if (!this.isGone) this.pass('out', text, (one) => this.toServer(one));
	}

	/** As is, text or binary, past all faults. */
	sendRaw(data: string | Buffer): void {
		if (this.isGone || this.socket.readyState !== WebSocket.OPEN) return;
		if (typeof data === 'string') this.model.take(data);
		else this.model.broken ??= 'a binary frame';
		this.socket.send(data);
	}

	/** The client closes by itself. */
	close(): void {
		this.isGone = true;
		this.socket.close();
	}

	cut(): void {
		if (this.isGone) return;
		this.socket.terminate();
		this.gone(1006, '');
	}

	/** Ends what a half-open cut left behind. */
	destroy(): void {
		this.isGone = true;
		this.socket.terminate();
	}

	/** Nobody listens on this side any more. */
	get isLeft(): boolean {
		return this.isGone;
	}

	private gone(code: number, reason: string): void {
		if (this.isGone) return;
		this.isGone = true;
		this.options.onClose(code, reason);
	}

	private fromServer(text: string): void {
		const { sabotage } = this.options;
		const message = JSON.parse(text) as Message;
		for (const one of sabotage?.fromServer?.(message, this) ?? [message]) {
			if (one.type === 'FatalError' || one.type === 'AuthError') this.isOver = true;
			const wrong = this.chain.take(one) ?? this.model.judge(one);
			if (wrong) this.options.violate(wrong);
			this.pass('in', JSON.stringify(one), (passed) => this.options.onText(passed));
		}
	}

	private toServer(text: string): void {
		if (this.isHalfOpen || this.socket.readyState !== WebSocket.OPEN) return;
		this.model.take(text);
		const { sabotage } = this.options;
		if (!sabotage?.toServer) return this.socket.send(text);
		const changed = sabotage.toServer(JSON.parse(text) as Message, this);
		for (const one of changed) this.socket.send(JSON.stringify(one));
	}

	private pass(direction: 'in' | 'out', text: string, deliver: (text: string) => void): void {
		const at = this.counts[direction]++;
		const kind = this.options.faults.find((f) => f.direction === direction && f.at === at)?.kind;
		if (kind && kind !== 'hold' && direction === 'in') this.isLossy = true;
		this.tails[direction] = this.tails[direction].then(async () => {
			if (kind === 'hold') await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
			if (this.isGone) return;
			const held = this.held[direction];
			this.held[direction] = null;
			if (kind === 'swap' && held === null) {
				this.held[direction] = text;
				return;
			}
			if (kind === 'cut') return this.cut();
			if (kind === 'halfOpen') return this.leaveHalfOpen();
			if (kind !== 'drop') deliver(text);
			if (kind === 'double') deliver(text);
			if (held !== null) deliver(held);
		});
	}

	/** The client takes it for lost; the server does not know yet and goes on with what it has received. */
	private leaveHalfOpen(): void {
		this.isHalfOpen = true;
		this.socket.pause();
		this.gone(1006, '');
	}
}
