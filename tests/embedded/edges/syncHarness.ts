/** A sync session on a pretend socket, over the fake runner and a clock that only tests move. */
import {
	createAuthenticator,
	type Authenticator,
} from '../../../src/lib/server/embedded/edges/auth.ts';
import { createKeySets } from '../../../src/lib/server/embedded/edges/jwks.ts';
import { QueryCache } from '../../../src/lib/server/embedded/sync/subscriptions.ts';
import { decodeTs } from '../../../src/lib/server/embedded/sync/syncMessages.ts';
import { SyncSession } from '../../../src/lib/server/embedded/sync/syncSession.ts';
import type { JsonValue } from '../../../src/lib/server/embedded/types.ts';
import { FakeClock, FakeRunner } from './fakeRunner.ts';

export type ServerMessage = { type: string } & Record<string, unknown>;

export interface Peer {
	session: SyncSession;
	/** Everything sent to the client so far. */
	received: ServerMessage[];
	closed: { code: number; reason: string } | null;
	isReading: boolean;
	send(message: Record<string, JsonValue>): void;
	connect(sessionId?: string): void;
	add(queryId: number, udfPath: string, args?: JsonValue, journal?: string | null): void;
	modify(...modifications: Record<string, JsonValue>[]): void;
	/** Resolves when nothing more happens by itself. */
	settled(): Promise<void>;
	transitions(): ServerMessage[];
	/** Latest value per query id, as the client would hold it. */
	values(): Record<number, unknown>;
}

export interface Harness {
	runner: FakeRunner;
	clock: FakeClock;
	cache: QueryCache;
	logged: string[];
	peer(options?: { maxSubscriptions?: number; drained?: () => Promise<void> }): Peer;
}

export function syncHarness(given: { auth?: Authenticator; adminKey?: string } = {}): Harness {
	const runner = new FakeRunner();
	const clock = new FakeClock();
	const logged: string[] = [];
	const log = (event: string, fields: Record<string, unknown>) =>
		logged.push(`${event} ${JSON.stringify(fields)}`);
	const latestTs = () => runner.latest;
	const cache = new QueryCache({ runner, latestTs, log });
	runner.onCommit((commit) => cache.onCommit(commit));
	runner.onPush(() => cache.invalidateAll());
	const keySets = createKeySets(clock, async () => Promise.reject(new Error('no network')), [
		'http://own.test',
	]);
	const auth =
		given.auth ??
		createAuthenticator({
			clock,
			providers: () => runner.authProviders(),
			keySets,
			adminKey: given.adminKey,
		});
	return {
		runner,
		clock,
		cache,
		logged,
		peer(options = {}) {
			let querySet = 0;
			const received: ServerMessage[] = [];
			const from = { ip: '192.0.2.1', userAgent: 'test' };
			const session = new SyncSession(
				{ runner, cache, auth, clock, log, latestTs, from, ...options },
				{
					send: (text) => received.push(JSON.parse(text) as ServerMessage),
					close: (code, reason) => void (peer.closed ??= { code, reason }),
					drained: options.drained ?? (async () => {}),
					setReading: (isReading) => void (peer.isReading = isReading),
				},
			);
			const peer: Peer = {
				session,
				received,
				closed: null,
				isReading: true,
				send: (message) => session.receive(JSON.stringify(message)),
				connect: (sessionId = 'session-1') =>
					peer.send({
						type: 'Connect',
						sessionId,
						connectionCount: 0,
						lastCloseReason: null,
						clientTs: clock.now() - 250,
					}),
				modify: (...modifications) => {
					const baseVersion = querySet++;
					const newVersion = querySet;
					peer.send({ type: 'ModifyQuerySet', baseVersion, newVersion, modifications });
				},
				add: (queryId, udfPath, args = {}, journal = null) =>
					peer.modify({ type: 'Add', queryId, udfPath, args: [args], journal }),
				async settled() {
					for (let turn = 0; turn < 12; turn++) await new Promise((done) => setImmediate(done));
				},
				transitions: () => received.filter((message) => message.type === 'Transition'),
				values() {
					const values: Record<number, unknown> = {};
					for (const { modifications } of peer.transitions()) {
						for (const change of modifications as ServerMessage[]) {
							const id = change.queryId as number;
							if (change.type === 'QueryRemoved') delete values[id];
							else values[id] = change.value ?? { failed: change.errorMessage };
						}
					}
					return values;
				},
			};
			return peer;
		},
	};
}

export const tsOf = (version: unknown): bigint => decodeTs((version as { ts: string }).ts)!;

/** What the official client checks: each Transition starts exactly where the one before it ended. */
export function brokenChain(transitions: ServerMessage[]): string | null {
	let end: unknown = { querySet: 0, identity: 0, ts: 'AAAAAAAAAAA=' };
	for (const transition of transitions) {
		const start = JSON.stringify(transition.startVersion);
		if (start !== JSON.stringify(end)) return `${start} does not follow ${JSON.stringify(end)}`;
		if (tsOf(transition.endVersion) < tsOf(end)) return 'time went backwards';
		end = transition.endVersion;
	}
	return null;
}
