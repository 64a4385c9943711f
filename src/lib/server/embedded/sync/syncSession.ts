/**
 * One sync socket: its identity and its requests. Knows the protocol, not the socket: the transport is handed in, so
 * that tests need no network.
 */
import { AuthFailure, impersonate, type Authenticator, type Origination } from '../edges/auth.ts';
import type { QueryCache } from './subscriptions.ts';
import {
	encodeTs,
	parseClientMessage,
	ProtocolViolation,
	type ClientMessage,
} from './syncMessages.ts';
import { SyncQuerySet } from './syncQuerySet.ts';
import type {
	Caller,
	Clock,
	FunctionOutcome,
	FunctionRunner,
	LogEvent,
	Timestamp,
} from '../types.ts';

export interface SessionTransport {
	send(text: string): void;
	/** Closes after what is queued was sent. Reasons starting with a name the client knows choose its back-off. */
	close(code: number, reason: string): void;
	/** Resolves when little waits to be sent, or the socket is gone. */
	drained(): Promise<void>;
	/** Stops reading, so that a client that sends faster than it is served has to wait. */
	setReading(isReading: boolean): void;
}

export interface SessionOptions {
	runner: FunctionRunner;
	cache: QueryCache;
	auth: Authenticator;
	clock: Clock;
	log: LogEvent;
	latestTs: () => Timestamp;
	from: Origination;
	showLogLines?: boolean;
	maxSubscriptions?: number;
}

type Message<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>;

/** Close codes: RFC 6455, section 7.4.1. */
const CLOSE_POLICY_VIOLATION = 1008;
const CLOSE_INTERNAL_ERROR = 1011;

/** A page of widgets needs some hundred; beyond this it is a mistake or an attack. */
const MAX_SUBSCRIPTIONS_PER_SOCKET = 4_096;
/** Further actions are answered with an error at once; each may run for minutes. */
const MAX_CONCURRENT_ACTIONS = 64;
/** With more than this waiting to be handled, the socket is not read until half of it is done. */
const MAX_WAITING_MESSAGES = 256;
const MAX_WAITING_CHARACTERS = 32 * 1024 * 1024;
/** Timers count in signed 32 bits; later deadlines are reached in steps. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class SyncSession {
	private readonly options: SessionOptions;
	private readonly transport: SessionTransport;
	private readonly querySet: SyncQuerySet;
	private caller: Caller;
	private sessionId: string | null = null;
	private tokenExpiresAtMs = Infinity;
	private expiryTimer: { cancel(): void } | null = null;
	/** The peer left, or was sent away. */
	private isEnded = false;
	/** Sent away: what it still had in the queue is not done. */
	private isRefused = false;
	/** Messages are handled one after the other: a token is verified before the queries behind it are run. */
	private inbox: Promise<void> = Promise.resolve();
	private mutations: Promise<void> = Promise.resolve();
	private actionAnswers: Promise<void> = Promise.resolve();
	private waitingMessages = 0;
	private waitingCharacters = 0;
	private isReading = true;
	private runningActions = 0;

	constructor(options: SessionOptions, transport: SessionTransport) {
		this.options = options;
		this.transport = transport;
		this.caller = anonymous(options.from);
		this.querySet = new SyncQuerySet(
			{
				cache: options.cache,
				clock: options.clock,
				maxSubscriptions: options.maxSubscriptions ?? MAX_SUBSCRIPTIONS_PER_SOCKET,
				send: (text) => transport.send(text),
				drained: () => transport.drained(),
				fail: (error) => this.fail(error),
			},
			this.caller,
		);
	}

	get subscriptions(): number {
		return this.querySet.size;
	}

	get hasConnected(): boolean {
		return this.sessionId !== null;
	}

	/** One text frame. Never throws. */
	receive(text: string): void {
		if (this.isEnded) return;
		this.waiting(1, text.length);
		this.inbox = this.inbox
			.then(() => (this.isEnded ? undefined : this.handle(parseClientMessage(text), text.length)))
			.catch((error: unknown) => this.fail(error))
			.then(() => this.waiting(-1, -text.length));
	}

	/** Results may have changed without a commit: functions or their environment were replaced. */
	refresh(): void {
		if (this.querySet.size > 0) this.querySet.wake();
	}

	/** The socket is gone. Mutations that were received are still run: their client may have left for good. */
	dispose(): void {
		this.isEnded = true;
		this.expiryTimer?.cancel();
		this.querySet.dispose();
	}

	private handle(message: ClientMessage, characters: number): void | Promise<void> {
		if (message.type !== 'Connect' && this.sessionId === null) {
			throw new ProtocolViolation('The first message must be Connect.');
		}
		switch (message.type) {
			case 'Connect':
				return this.connect(message);
			case 'Authenticate':
				return this.authenticate(message);
			case 'ModifyQuerySet':
				return this.querySet.modify(message.baseVersion, message.newVersion, message.modifications);
			case 'Mutation':
				return this.refuseExpired() ? undefined : this.enqueueMutation(message, characters);
			case 'Action':
				if (!this.refuseExpired()) void this.runAction(message).catch((e) => this.fail(e));
				return;
			case 'Event':
				return;
		}
	}

	private connect(message: Message<'Connect'>): void {
		if (this.sessionId !== null) throw new ProtocolViolation('Connect was sent twice.');
		this.sessionId = message.sessionId;
		if (message.clientTs !== null) {
			this.querySet.setClockSkew(Math.round(message.clientTs - this.options.clock.now()));
		}
		const observed = message.maxObservedTimestamp;
		if (observed !== null && observed > this.options.latestTs()) {
			// A restored backup, or a lie. It never moves our own time: the client retries until we are past it.
			this.options.log('sync.clientFromFuture', { observed: String(observed) });
			this.end(CLOSE_INTERNAL_ERROR, 'InternalServerError: the client has seen a later state');
		}
	}

	private async authenticate(message: Message<'Authenticate'>): Promise<void> {
		if (message.baseVersion !== this.querySet.identity) {
			throw new ProtocolViolation('Authenticate was based on another identity version.');
		}
		const { auth, from } = this.options;
		let caller = anonymous(from);
		let expiresAtMs = Infinity;
		try {
			if (message.tokenType === 'User') {
				const verified = await auth.verifyToken(message.value);
				caller = { ...caller, identity: verified.identity, authToken: message.value };
				expiresAtMs = verified.expiresAtMs;
			} else if (message.tokenType === 'Admin') {
				auth.checkAdminKey(message.value);
				const { impersonating } = message;
				const identity = impersonating && impersonate(impersonating);
				caller = { ...caller, isAdmin: true, identity };
			}
		} catch (error) {
			if (!(error instanceof AuthFailure) || error.isTemporary) throw error;
			return this.sendAuthError(error.message, true);
		}
		if (this.isEnded) return;
		this.caller = caller;
		this.armExpiry(expiresAtMs);
		this.querySet.changeCaller(caller);
	}

	private enqueueMutation(message: Message<'Mutation'>, characters: number): void {
		// Who asked is settled now; a later Authenticate is for what comes after it.
		const { caller } = this;
		this.waiting(1, characters);
		this.mutations = this.mutations
			// A client that does not read its answers gets no further ones to keep for it.
			.then(() => this.transport.drained())
			.then(() => (this.isRefused ? undefined : this.runMutation(message, caller)))
			.catch((error: unknown) => this.fail(error))
			.then(() => this.waiting(-1, -characters));
	}

	private async runMutation(message: Message<'Mutation'>, caller: Caller): Promise<void> {
		const { outcome, ts } = await this.options.runner.runMutation({
			component: message.componentPath,
			path: message.udfPath,
			args: message.args,
			caller,
			session: { sessionId: this.sessionId!, requestId: message.requestId },
		});
		if (this.isEnded) return;
		const commitTs = ts ?? this.options.latestTs();
		this.respond('MutationResponse', message.requestId, outcome, commitTs);
		if (outcome.ok) this.querySet.owe(commitTs);
	}

	private async runAction(message: Message<'Action'>): Promise<void> {
		if (this.runningActions >= MAX_CONCURRENT_ACTIONS) {
			const code = 'TooManyConcurrentRequests';
			const text = `${code}: this connection already runs ${MAX_CONCURRENT_ACTIONS} actions. Wait for one to finish.`;
			const outcome = { ok: false as const, failure: { message: text, code }, logLines: [] };
			this.respond('ActionResponse', message.requestId, outcome, null);
			return;
		}
		this.runningActions += 1;
		try {
			const outcome = await this.options.runner.runAction({
				component: message.componentPath,
				path: message.udfPath,
				args: message.args,
				caller: this.caller,
			});
			const answer = this.actionAnswers.then(async () => {
				await this.transport.drained();
				if (!this.isEnded) this.respond('ActionResponse', message.requestId, outcome, null);
			});
			this.actionAnswers = answer.catch(() => {});
			await answer;
		} finally {
			this.runningActions -= 1;
		}
	}

	private respond(
		type: 'MutationResponse' | 'ActionResponse',
		requestId: number,
		outcome: FunctionOutcome,
		ts: Timestamp | null,
	): void {
		const logLines = this.options.showLogLines ? outcome.logLines : [];
		const common = { type, requestId, success: outcome.ok, logLines };
		if (outcome.ok) {
			const time = ts === null ? {} : { ts: encodeTs(ts) };
			this.transport.send(JSON.stringify({ ...common, result: outcome.value, ...time }));
		} else {
			const { message, data } = outcome.failure;
			const errorData = data === undefined ? {} : { errorData: data };
			this.transport.send(JSON.stringify({ ...common, result: message, ...errorData }));
		}
	}

	private waiting(messages: number, characters: number): void {
		this.waitingMessages += messages;
		this.waitingCharacters += characters;
		const load = Math.max(
			this.waitingMessages / MAX_WAITING_MESSAGES,
			this.waitingCharacters / MAX_WAITING_CHARACTERS,
		);
		const isReading = this.isReading ? load < 1 : load < 0.5;
		if (isReading === this.isReading || this.isEnded) return;
		this.isReading = isReading;
		this.transport.setReading(isReading);
	}

	private armExpiry(expiresAtMs: number): void {
		this.expiryTimer?.cancel();
		this.expiryTimer = null;
		this.tokenExpiresAtMs = expiresAtMs;
		if (expiresAtMs === Infinity) return;
		const { clock } = this.options;
		const waitMs = Math.min(Math.max(0, expiresAtMs - clock.now()), MAX_TIMER_MS);
		this.expiryTimer = clock.setTimeout(() => {
			if (!this.isEnded && !this.refuseExpired()) this.armExpiry(expiresAtMs);
		}, waitMs);
	}

	/** Also asked at each request: a machine that slept fires its timers late. */
	private refuseExpired(): boolean {
		if (this.options.clock.now() < this.tokenExpiresAtMs) return false;
		this.sendAuthError('The token has expired. Sign in again.', false);
		return true;
	}

	private sendAuthError(error: string, authUpdateAttempted: boolean): void {
		if (this.isEnded) return;
		const baseVersion = this.querySet.identity;
		const message = { type: 'AuthError', error, baseVersion, authUpdateAttempted };
		this.transport.send(JSON.stringify(message));
		this.end(CLOSE_POLICY_VIOLATION, 'AuthError');
	}

	private fail(error: unknown): void {
		if (this.isEnded) return;
		if (error instanceof ProtocolViolation) {
			this.options.log('sync.protocolViolation', { message: error.message });
			this.transport.send(JSON.stringify({ type: 'FatalError', error: error.message }));
			this.end(CLOSE_POLICY_VIOLATION, 'FatalError');
			return;
		}
		const message = error instanceof Error ? error.message : String(error);
		this.options.log('sync.failed', { message });
		this.end(CLOSE_INTERNAL_ERROR, 'InternalServerError: the request failed inside the server');
	}

	private end(code: number, reason: string): void {
		this.isRefused = true;
		this.dispose();
		this.transport.close(code, reason);
	}
}

function anonymous(from: Origination): Caller {
	return { identity: null, isAdmin: false, authToken: null, ...from };
}
