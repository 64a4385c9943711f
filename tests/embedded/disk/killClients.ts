/** Official clients that go on through every death of the server, and remember what they were told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConvexClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { WebSocket } from 'ws';
import type { Work } from './killPoints.ts';

const mutation = (name: string) =>
	makeFunctionReference<'mutation', Record<string, unknown>, unknown>(`ops:${name}`);

export class KillClients {
	/** Acknowledged, by kind of operation. */
	readonly acknowledged = new Map<string, string>();
	readonly failures: string[] = [];
	readonly #origin: string;
	readonly #clients: ConvexClient[];
	readonly #under: Promise<void>[] = [];
	#work: Work | null = null;
	#isOver = false;
	#last = 0;

	constructor(origin: string, count: number) {
		this.#origin = origin;
		this.#clients = Array.from(
			{ length: count },
			() =>
				new ConvexClient(origin, {
					webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
					skipConvexDeploymentUrlCheck: true,
					logger: false,
				}),
		);
		this.#under = this.#clients.map((client, i) => this.#loop(client, i));
	}

	/** What they do from now on; null: nothing new. Jobs are watched one at a time. */
	work(work: Work | null): void {
		this.#work = work;
	}

	/** Resolves when everything they sent has been answered. */
	async finish(): Promise<void> {
		this.#isOver = true;
		await Promise.all(this.#under);
		await Promise.all(this.#clients.map((client) => client.close()));
	}

	async #loop(client: ConvexClient, i: number): Promise<void> {
		while (!this.#isOver) {
			const work = this.#work;
			const isLone = work === 'mutationJob' || work === 'actionJob';
			if (work === null || (isLone && i > 0)) await sleep(5);
			else {
				await this.#operate(client, work).catch((error: unknown) => {
					this.failures.push(String(error));
				});
				if (isLone) await sleep(30);
			}
		}
	}

	async #operate(client: ConvexClient, work: Work): Promise<void> {
		const op = `op${++this.#last}`;
		const kinds = ['write', 'withMutationJob', 'withActionJob', 'write'];
		const kind =
			work === 'mutationJob'
				? 'withMutationJob'
				: work === 'actionJob'
					? 'withActionJob'
					: work === 'files'
						? 'attach'
						: work === 'bulk'
							? 'write'
							: kinds[this.#last % kinds.length]!;
		if (kind === 'attach') {
			const file = await this.#upload(client, op);
			if (file === null) return;
			await client.mutation(mutation('attach'), { op, file });
		} else {
			await client.mutation(mutation(kind), { op, bytes: work === 'bulk' ? 60_000 : 300 });
		}
		this.acknowledged.set(op, kind);
	}

	/** An upload that nobody answered is made again, as any program would; null when there is no server. */
	async #upload(client: ConvexClient, op: string): Promise<string | null> {
		const url = (await client.mutation(mutation('uploadUrl'), {})) as string;
		try {
			const response = await fetch(new URL(url, this.#origin), {
				method: 'POST',
				body: op.repeat(500),
			});
			return ((await response.json()) as { storageId: string }).storageId;
		} catch {
			return null;
		}
	}
}
