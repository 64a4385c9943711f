/**
 * Past states that somebody was given the timestamp of, kept for a while: several queries asked one after the other get
 * answers that agree, whatever is written meanwhile. A state is held by a read transaction, so few are kept, and not long.
 */
import type { Catalog } from './catalog.ts';
import type { SnapshotLease } from './snapshots.ts';
import type { Clock, Timestamp } from '../types.ts';

/** Clients are told that a timestamp may be of no use after 30 seconds (`consistentQuery` of convex/browser). */
const KEEP_MS = 30_000;
/** Each holds back the write-ahead log and a connection; the oldest goes first. */
const MAX_PINS = 16;

export interface PinnedSnapshot {
	ts: Timestamp;
	catalog: Catalog;
	lease: SnapshotLease;
}

interface Pin extends PinnedSnapshot {
	untilMs: number;
	/** Transactions that read from it. */
	users: number;
	isDropped: boolean;
}

export class PinnedSnapshots {
	readonly #clock: Pick<Clock, 'now'>;
	/** Oldest first. */
	readonly #pins = new Map<Timestamp, Pin>();
	#timer: NodeJS.Timeout | null = null;

	constructor(clock: Pick<Clock, 'now'>) {
		this.#clock = clock;
	}

	/** Keeps a state, or keeps it longer. `take` is called for one not kept yet. */
	pin(ts: Timestamp, take: () => PinnedSnapshot): void {
		this.#dropOld();
		const untilMs = this.#clock.now() + KEEP_MS;
		const known = this.#pins.get(ts);
		if (known) known.untilMs = untilMs;
		else this.#pins.set(ts, { ...take(), untilMs, users: 0, isDropped: false });
		for (const pin of this.#pins.values()) {
			if (this.#pins.size <= MAX_PINS) break;
			this.#drop(pin);
		}
		this.#sweepLater();
	}

	/** null: not kept, or no longer. The reader stays good until `release`. */
	use(ts: Timestamp): (PinnedSnapshot & { release(): void }) | null {
		this.#dropOld();
		const pin = this.#pins.get(ts);
		if (!pin) return null;
		pin.users++;
		const release = () => {
			pin.users--;
			if (pin.isDropped && pin.users === 0) pin.lease.release();
		};
		return { ts, catalog: pin.catalog, lease: pin.lease, release };
	}

	close(): void {
		if (this.#timer) clearTimeout(this.#timer);
		for (const pin of this.#pins.values()) this.#drop(pin);
	}

	#dropOld(): void {
		const now = this.#clock.now();
		for (const pin of this.#pins.values()) if (pin.untilMs <= now) this.#drop(pin);
	}

	#drop(pin: Pin): void {
		this.#pins.delete(pin.ts);
		pin.isDropped = true;
		if (pin.users === 0) pin.lease.release();
	}

	/** Nobody may ask again: the read transactions must end all the same. */
	#sweepLater(): void {
		if (this.#timer) return;
		this.#timer = setTimeout(() => {
			this.#timer = null;
			this.#dropOld();
			if (this.#pins.size > 0) this.#sweepLater();
		}, KEEP_MS);
		this.#timer.unref();
	}
}
