/** What the sync protocol demands of either side, as a reference to judge recorded messages by. */
import { decodeTs } from '../../../src/lib/server/embedded/sync/syncMessages.ts';
import type { Message } from './wire.ts';

interface Version {
	querySet: number;
	identity: number;
	ts: string;
}
const START: Version = { querySet: 0, identity: 0, ts: 'AAAAAAAAAAA=' };

export const same = (a: Version, b: Version): boolean =>
	a.querySet === b.querySet && a.identity === b.identity && a.ts === b.ts;
export const tsOf = (version: Version): bigint => decodeTs(version.ts)!;

/** I1: each Transition of a connection starts exactly where the one before ended, and never goes back. */
export class ChainCheck {
	private end = START;

	/** What is wrong, or null. */
	take(message: Message): string | null {
		if (message.type !== 'Transition') return null;
		const [start, end] = [message.startVersion as Version, message.endVersion as Version];
		const expected = this.end;
		this.end = end;
		if (!same(start, expected)) {
			return `I1 a Transition starts at ${JSON.stringify(start)}, not at ${JSON.stringify(expected)}`;
		}
		const goesBack =
			end.querySet < start.querySet || end.identity < start.identity || tsOf(end) < tsOf(start);
		return goesBack ? `I1 a Transition goes back: ${JSON.stringify(message)}` : null;
	}
}

/** Takes what really reached the server, and knows whether a client may say that. */
export class ProtocolModel {
	/** Why the server must end this connection; null: it must not. */
	broken: string | null = null;
	/** Of the last Authenticate. */
	token: string | null = null;
	private isConnected = false;
	private querySet = 0;
	private identity = 0;
	private readonly queries = new Set<number>();

	take(text: string): void {
		this.broken ??= this.problemOf(text);
	}

	/** What is wrong with the server's message, or null. */
	judge(message: Message): string | null {
		if (message.type !== 'FatalError' || this.broken) return null;
		return `I6 FatalError without cause: ${String(message.error)}`;
	}

	private problemOf(text: string): string | null {
		let message: Message | null;
		try {
			message = JSON.parse(text) as Message | null;
		} catch {
			return 'not JSON';
		}
		if (message === null || typeof message !== 'object') return 'not an object';
		if (message.type === 'Connect') {
			if (this.isConnected) return 'a second Connect';
			this.isConnected = true;
			return null;
		}
		if (!this.isConnected) return 'a message before Connect';
		switch (message.type) {
			case 'Authenticate':
				if (message.baseVersion !== this.identity) return 'a stale identity version';
				this.identity += 1;
				this.token = (message.value as string | undefined) ?? null;
				return null;
			case 'ModifyQuerySet':
				return this.modify(message);
			case 'Mutation':
			case 'Action':
				return Array.isArray(message.args) && message.args.length === 1 ? null : 'no arguments';
			case 'Event':
				return null;
			default:
				return 'an unknown type';
		}
	}

	private modify(message: Message): string | null {
		if (message.baseVersion !== this.querySet) return 'a stale query set version';
		this.querySet = message.newVersion as number;
		for (const { type, queryId } of message.modifications as { type: string; queryId: number }[]) {
			if (type === 'Remove') this.queries.delete(queryId);
			else if (this.queries.has(queryId)) return 'a query id in use';
			else this.queries.add(queryId);
		}
		return null;
	}
}

/** The balance of every account, worked out from the texts of transfers. */
export function balancesOf(transfers: readonly string[]): Map<string, number> {
	const balances = new Map<string, number>();
	for (const text of transfers) {
		const [, way, amount] = text.split(':');
		const [from, to] = way!.split('>');
		balances.set(from!, (balances.get(from!) ?? 0) - Number(amount));
		balances.set(to!, (balances.get(to!) ?? 0) + Number(amount));
	}
	return balances;
}

/** A subscription by name: 'transfers', 'balance/a', 'me', 'build'. */
export type View = Map<string, unknown>;
export const ACCOUNTS = ['a', 'b', 'c'] as const;

/** I5: everything on a screen is of one commit. null: it is, as far as it can be told. */
export function mixture(view: View): string | null {
	const known = ACCOUNTS.filter((name) => typeof view.get(`balance/${name}`) === 'number');
	const show = () => `I5 a screen mixes commits: ${JSON.stringify([...view])}`;
	if (known.length === ACCOUNTS.length) {
		const sum = known.reduce((total, name) => total + (view.get(`balance/${name}`) as number), 0);
		if (sum !== 0) return show();
	}
	const transfers = view.get('transfers');
	if (!Array.isArray(transfers)) return null;
	if (new Set(transfers).size !== transfers.length)
		return `I3 a transfer was made twice: ${transfers}`;
	const balances = balancesOf(transfers as string[]);
	const fits = known.every((name) => view.get(`balance/${name}`) === (balances.get(name) ?? 0));
	return fits ? null : show();
}
