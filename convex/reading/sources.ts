/** The connections behind series: name, face and health, looked up once per query. */
import type { Doc, Id } from '../_generated/dataModel.js';
import { integrationRegistry } from '../../src/lib/server/integrations/index.ts';
import type { Health } from '../../src/lib/metrics/freshness.ts';
import { healthOf, type ConnectionHealth } from '../sync/health.ts';
import type { ReadCtx } from '../sync/claim.ts';

export interface Source {
	name: string;
	health: ConnectionHealth | null;
}

export const iconOf = (service: string): string => `/integrations/${service}.svg`;

/** A service that a later version dropped is shown by its id. */
export const serviceNameOf = (service: string): string =>
	integrationRegistry.has(service) ? integrationRegistry.get(service).name : service;

export class Sources {
	readonly #ctx: ReadCtx;
	readonly #timeZone: string;
	readonly #now: number;
	readonly #found = new Map<Id<'connections'>, Promise<Source | null>>();

	constructor(ctx: ReadCtx, timeZone: string, now: number) {
		this.#ctx = ctx;
		this.#timeZone = timeZone;
		this.#now = now;
	}

	/** Null once the connection was removed. */
	of(connectionId: Id<'connections'>): Promise<Source | null> {
		let found = this.#found.get(connectionId);
		if (!found) this.#found.set(connectionId, (found = this.#load(connectionId)));
		return found;
	}

	async #load(connectionId: Id<'connections'>): Promise<Source | null> {
		const connection = await this.#ctx.db.get('connections', connectionId);
		if (!connection) return null;
		const health = await healthOf(this.#ctx, connectionId, this.#timeZone, this.#now);
		return { name: connection.name, health };
	}
}

export const nameOf = (series: Doc<'series'>, source: Source | null): string =>
	source?.name ?? series.formerConnectionName ?? series.service;

/** A series that failed on its own is failing even if its connection is well; one nobody asks for any more rests. */
export function healthOfSeries(
	series: Doc<'series'>,
	state: Doc<'seriesStates'> | null,
	source: Source | null,
): Health {
	if (!series.isActive || !source) return 'paused';
	const health = source.health?.health ?? 'never';
	if (health !== 'fresh' && health !== 'late') return health;
	if (state?.failure) return 'failing';
	return !state || state.lastAt === null ? 'never' : health;
}
