import { describeAuth, type AuthOption } from './auth.ts';
import type { BaseIntegration, Category, Guide, RateLimit } from './baseIntegration.ts';
import type { DataStrategy, MetricDefinition } from './metrics.ts';
import { describeProperties, type PropertyDescription } from './properties.ts';

export type { AuthOption } from './auth.ts';
export type { Category, Guide, RateLimit } from './baseIntegration.ts';
export type { Json } from './json.ts';
export type { DataStrategy, Merge, MetricDefinition, MetricKind, Unit } from './metrics.ts';
export type { PropertyChoice, PropertyDescription, PropertyKind } from './properties.ts';

/** An integration as plain JSON: no functions, no secrets. All the UI ever sees of one. */
export interface Manifest {
	id: string;
	name: string;
	description: string;
	category: Category;
	/** Path under static/, starting with a slash. */
	icon: string;
	auth: AuthOption[];
	settings: PropertyDescription[];
	metrics: MetricDefinition[];
	guide: Guide;
	quirks: string[];
	dataStrategy: DataStrategy;
	shouldBackfill: boolean;
	historicalDays: number;
	syncEveryMinutes: number;
	rateLimit: RateLimit | null;
	/** Whether estimate() can say what the history costs. */
	hasEstimate: boolean;
}

/** Derives the manifest; JSON in, JSON out, so a round trip through JSON.stringify changes nothing. */
export function manifestOf(integration: BaseIntegration): Manifest {
	const manifest: Manifest = {
		id: integration.id,
		name: integration.name,
		description: integration.description,
		category: integration.category,
		icon: `/integrations/${integration.id}.svg`,
		auth: integration.auth.map(describeAuth),
		settings: describeProperties(integration.settings),
		metrics: [...integration.metrics],
		guide: integration.guide,
		quirks: [...integration.quirks],
		dataStrategy: integration.dataStrategy,
		shouldBackfill: integration.shouldBackfill,
		historicalDays: integration.historicalDays,
		syncEveryMinutes: integration.syncEveryMinutes,
		rateLimit: integration.rateLimit ?? null,
		hasEstimate: integration.estimate !== undefined,
	};
	return JSON.parse(JSON.stringify(manifest)) as Manifest;
}
