/** A client of the sync protocol at message level, as strict as the official one and open to any fault. */
import { randomUUID } from 'node:crypto';
import { mixture, same, tsOf, type View } from './protocolModel.ts';
import { Wire, type Fault, type Message, type Sabotage } from './wire.ts';

export interface Subscription {
	name: string;
	udfPath: string;
	args: Record<string, string>;
}
export interface ClientOptions {
	url: () => string;
	violate: (text: string) => void;
	sabotage?: Sabotage;
	/** For the connections to come, one list each; then none. */
	faults?: Fault[][];
}
interface Pending {
	message: Message;
	text: string;
	refuses: boolean;
	ts: bigint | null;
	done: () => void;
}
interface Version {
	querySet: number;
	identity: number;
	ts: string;
}

const RECONNECT_MS = 2;

export class RawClient {
	readonly view: View = new Map();
	/** Texts of transfers whose promise has resolved, and of all that were asked for. */
	readonly acknowledged = new Set<string>();
	readonly asked = new Set<string>();
	wire: Wire | null = null;
	private readonly options: ClientOptions;
	private readonly sessionId = randomUUID();
	private readonly queries = new Map<number, Subscription>();
	private readonly wires: Wire[] = [];
	private readonly pending = new Map<number, Pending>();
	private connections = 0;
	private nextQuery = 0;
	private nextRequest = 0;
	private sent = { querySet: 0, identity: 0 };
	private version: Version = { querySet: 0, identity: 0, ts: 'AAAAAAAAAAA=' };
	private observed: string | undefined;
	private credential: string | null = null;
	private isStopped = false;
	private hadFaults = false;

	constructor(options: ClientOptions) {
		this.options = options;
		this.connect();
	}

	get isSettled(): boolean {
		const { querySet, identity } = this.version;
		const isAnswered = querySet === this.sent.querySet && identity === this.sent.identity;
		return this.pending.size === 0 && this.connections > 0 && querySet > 0 && isAnswered;
	}

	get names(): string[] {
		return [...this.queries.values()].map(({ name }) => name);
	}

	/** What the server was last told. */
	get token(): string | null {
		return this.wire?.model.token ?? null;
	}

	subscribe(subscription: Subscription): void {
		if (this.names.includes(subscription.name)) return;
		const queryId = this.nextQuery++;
		this.queries.set(queryId, subscription);
		this.modify([addition(queryId, subscription)]);
	}

	unsubscribe(name: string): void {
		for (const [queryId, query] of this.queries) {
			if (query.name !== name) continue;
			this.queries.delete(queryId);
			this.modify([{ type: 'Remove', queryId }]);
		}
	}

	authenticate(token: string | null): void {
		this.credential = token;
		this.say(this.authentication(this.sent.identity++));
	}

	/** Resolves when the write is reflected; a refused mutation when it is answered. */
	mutate(udfPath: string, room: string, text: string): Promise<void> {
		const requestId = this.nextRequest++;
		const refuses = udfPath.endsWith('refuse');
		const message = { type: 'Mutation', requestId, udfPath, args: [{ room, text }] };
		if (!refuses) this.asked.add(text);
		const answered = new Promise<void>((done) =>
			this.pending.set(requestId, { message, text, refuses, ts: null, done }),
		);
		this.say(message);
		return answered;
	}

	say(message: Message): void {
		if (this.wire?.isOpen) this.wire.send(JSON.stringify(message));
	}

	reconnect(): void {
		this.wire?.cut();
	}

	/** From now on nothing goes wrong; what went wrong unnoticed is mended as a reload of the page would. */
	heal(): void {
		this.options.faults = [];
		for (const wire of this.wires) if (wire !== this.wire) wire.destroy();
		if (this.hadFaults || !this.isSettled) this.reconnect();
	}

	stop(): void {
		this.isStopped = true;
		for (const wire of this.wires) wire.destroy();
	}

	private connect(): void {
		if (this.isStopped) return;
		const faults = this.options.faults?.shift() ?? [];
		this.hadFaults = faults.length > 0;
		const wire = new Wire({
			url: this.options.url(),
			faults,
			violate: this.options.violate,
			sabotage: this.options.sabotage,
			onOpen: () => this.greet(),
			onText: (text) => {
				if (this.wire === wire) this.receive(JSON.parse(text) as Message);
			},
			onClose: () => {
				if (this.wire !== wire) return;
				this.wire = null;
				setTimeout(() => this.connect(), RECONNECT_MS);
			},
		});
		this.wires.push(wire);
		this.wire = wire;
		// Until it is open, all that is said waits for `greet`.
		this.sent = { querySet: 0, identity: 0 };
		this.version = { querySet: 0, identity: 0, ts: 'AAAAAAAAAAA=' };
		this.view.clear();
	}

	private greet(): void {
		this.say({
			type: 'Connect',
			sessionId: this.sessionId,
			connectionCount: this.connections++,
			lastCloseReason: null,
			clientTs: Date.now(),
			...(this.observed ? { maxObservedTimestamp: this.observed } : {}),
		});
		this.sent = { querySet: 0, identity: 0 };
		if (this.credential !== null) this.say(this.authentication(this.sent.identity++));
		this.modify([...this.queries].map(([queryId, query]) => addition(queryId, query)));
		for (const { message } of this.pending.values()) this.say(message);
	}

	private authentication(baseVersion: number): Message {
		return this.credential === null
			? { type: 'Authenticate', baseVersion, tokenType: 'None' }
			: { type: 'Authenticate', baseVersion, tokenType: 'User', value: this.credential };
	}

	private modify(modifications: object[]): void {
		const baseVersion = this.sent.querySet++;
		const newVersion = this.sent.querySet;
		this.say({ type: 'ModifyQuerySet', baseVersion, newVersion, modifications });
	}

	private receive(message: Message): void {
		switch (message.type) {
			case 'Transition':
				return this.transition(message);
			case 'MutationResponse':
				return this.answer(message);
			case 'AuthError':
				// Only tokens of a stranger are refused here; the page is signed out.
				this.credential = null;
				return;
		}
	}

	private transition(message: Message): void {
		if (!same(message.startVersion as Version, this.version)) return this.reconnect();
		this.version = message.endVersion as Version;
		this.seen(this.version.ts);
		for (const change of message.modifications as Record<string, unknown>[]) {
			const query = this.queries.get(change.queryId as number);
			if (!query) continue;
			if (change.type === 'QueryUpdated') this.view.set(query.name, change.value);
			else this.view.delete(query.name);
			if (change.type === 'QueryFailed') {
				this.options.violate(`I4 ${query.name} failed: ${String(change.errorMessage)}`);
			}
		}
		for (const name of this.view.keys()) if (!this.names.includes(name)) this.view.delete(name);
		const mixed = mixture(this.view);
		if (mixed) this.options.violate(mixed);
		const reached = tsOf(this.version);
		for (const [requestId, mutation] of this.pending) {
			if (mutation.ts === null || mutation.ts > reached) continue;
			this.pending.delete(requestId);
			this.acknowledged.add(mutation.text);
			const transfers = this.view.get('transfers');
			if (Array.isArray(transfers) && !transfers.includes(mutation.text)) {
				this.options.violate(`I2 ${mutation.text} is done but not shown: ${transfers}`);
			}
			mutation.done();
		}
	}

	private answer(message: Message): void {
		const mutation = this.pending.get(message.requestId as number);
		if (!mutation) return;
		if (message.success) {
			this.seen(message.ts as string);
			mutation.ts = tsOf({ querySet: 0, identity: 0, ts: message.ts as string });
			if (mutation.refuses) this.options.violate(`I3 ${mutation.text} was refused, yet succeeded`);
			return;
		}
		this.pending.delete(message.requestId as number);
		if (!mutation.refuses) {
			this.options.violate(`I3 ${mutation.text} failed: ${String(message.result)}`);
		}
		mutation.done();
	}

	private seen(ts: string): void {
		const read = (text: string) => tsOf({ querySet: 0, identity: 0, ts: text });
		if (this.observed === undefined || read(this.observed) < read(ts)) this.observed = ts;
	}
}

function addition(queryId: number, { udfPath, args }: Subscription): object {
	return { type: 'Add', queryId, udfPath, args: [args] };
}
