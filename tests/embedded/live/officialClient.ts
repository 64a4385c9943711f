/** The official client, unmodified, over sockets that are cut, held back and left half open. */
import { ConvexClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { mixture, type View } from './protocolModel.ts';
import type { ClientOptions, Subscription } from './rawClient.ts';
import { Wire } from './wire.ts';

interface CloseLike {
	code: number;
	reason: string;
}

/** The WebSocket interface as far as the official client uses it. */
function socketClass(options: ClientOptions, wires: Wire[]): typeof globalThis.WebSocket {
	class FaultySocket {
		onopen: (() => void) | null = null;
		onmessage: ((event: { data: string }) => void) | null = null;
		onclose: ((event: CloseLike) => void) | null = null;
		onerror: ((event: unknown) => void) | null = null;
		readonly #wire: Wire;

		constructor() {
			this.#wire = new Wire({
				url: options.url(),
				faults: options.faults?.shift() ?? [],
				violate: options.violate,
				sabotage: options.sabotage,
				onOpen: () => this.onopen?.(),
				onText: (data) => {
					try {
						this.onmessage?.({ data });
					} catch (error) {
						options.violate(`I1 the official client throws: ${String(error)}`);
					}
				},
				onClose: (code, reason) => this.onclose?.({ code, reason }),
			});
			wires.push(this.#wire);
		}

		send(text: string): void {
			this.#wire.send(text);
		}

		close(): void {
			this.#wire.close();
			setImmediate(() => this.onclose?.({ code: 1000, reason: '' }));
		}
	}
	return FaultySocket as unknown as typeof globalThis.WebSocket;
}

/** Back-off for machines in the field, in milliseconds; a test need not wait. */
const MAX_BACKOFF_MS = 4;

export class OfficialClient {
	readonly acknowledged = new Set<string>();
	readonly asked = new Set<string>();
	private readonly options: ClientOptions;
	private readonly wires: Wire[] = [];
	private readonly client: ConvexClient;
	private readonly subscriptions = new Map<string, { query: Subscription; stop: () => void }>();
	private waiting = 0;

	constructor(options: ClientOptions) {
		this.options = options;
		this.client = new ConvexClient(
			options
				.url()
				.replace(/\/api.*/, '')
				.replace('ws', 'http'),
			{
				webSocketConstructor: socketClass(options, this.wires),
				skipConvexDeploymentUrlCheck: true,
				unsavedChangesWarning: false,
				logger: false,
			},
		);
		const { client } = this.client;
		(
			client as unknown as { webSocketManager: { maxBackoff: number } }
		).webSocketManager.maxBackoff = MAX_BACKOFF_MS;
		client.addOnTransitionHandler(() => {
			const mixed = mixture(this.view);
			if (mixed) options.violate(mixed);
		});
	}

	get names(): string[] {
		return [...this.subscriptions.keys()];
	}

	get view(): View {
		const view: View = new Map();
		for (const [name, { query }] of this.subscriptions) {
			const value = this.client.client.localQueryResult(query.udfPath, query.args);
			if (value !== undefined) view.set(name, value);
		}
		return view;
	}

	/** What the server was last told; a sign-out while the client pauses for another token never leaves it. */
	get token(): string | null {
		return this.wires.at(-1)?.model.token ?? null;
	}

	get isSettled(): boolean {
		const { isWebSocketConnected } = this.client.connectionState();
		return this.waiting === 0 && isWebSocketConnected && this.view.size === this.names.length;
	}

	subscribe(query: Subscription): void {
		if (this.subscriptions.has(query.name)) return;
		const stop = this.client.onUpdate(
			makeFunctionReference<'query'>(query.udfPath),
			query.args,
			() => {},
			(error) => this.options.violate(`I4 ${query.name} failed: ${error.message}`),
		);
		this.subscriptions.set(query.name, { query, stop });
	}

	unsubscribe(name: string): void {
		this.subscriptions.get(name)?.stop();
		this.subscriptions.delete(name);
	}

	authenticate(token: string | null): void {
		if (token === null) this.client.client.clearAuth();
		this.client.setAuth(async () => token);
	}

	async mutate(udfPath: string, room: string, text: string): Promise<void> {
		const refuses = udfPath.endsWith('refuse');
		if (!refuses) this.asked.add(text);
		this.waiting += 1;
		try {
			await this.client.client.mutation(udfPath, { room, text });
			if (refuses) this.options.violate(`I3 ${text} was refused, yet succeeded`);
			this.acknowledged.add(text);
			const transfers = this.view.get('transfers');
			if (Array.isArray(transfers) && !transfers.includes(text)) {
				this.options.violate(`I2 ${text} is done but not shown: ${transfers}`);
			}
		} catch (error) {
			if (!refuses) this.options.violate(`I3 ${text} failed: ${String(error)}`);
		} finally {
			this.waiting -= 1;
		}
	}

	reconnect(): void {
		this.wires.at(-1)?.cut();
	}

	heal(): void {
		this.options.faults = [];
		for (const wire of this.wires.slice(0, -1)) wire.destroy();
	}

	async stop(): Promise<void> {
		await this.client.close();
		for (const wire of this.wires) wire.destroy();
	}
}
