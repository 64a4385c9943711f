import { ConnectorError, type BaseIntegration } from './sdk/index.ts';

/** id -> integration. Sees only the SDK, so it can be filled by the generated list or by a test. */
export class IntegrationRegistry {
	readonly #byId = new Map<string, BaseIntegration>();

	/** Refuses a duplicate id: two classes behind one stored value would mix their data. */
	register(integration: BaseIntegration): void {
		if (this.#byId.has(integration.id))
			throw new Error(`Two integrations have the id "${integration.id}"; ids must be unique.`);
		this.#byId.set(integration.id, integration);
	}

	/** Throws ConnectorError UNKNOWN_INTEGRATION naming the id; a sync never goes silent for want of a service. */
	get(id: string): BaseIntegration {
		const found = this.#byId.get(id);
		if (!found) throw new ConnectorError('UNKNOWN_INTEGRATION', { id });
		return found;
	}

	has(id: string): boolean {
		return this.#byId.has(id);
	}

	/** All of them, by name. */
	list(): BaseIntegration[] {
		return [...this.#byId.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
	}
}

export const integrationRegistry = new IntegrationRegistry();
