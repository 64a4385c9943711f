import { healthOrder, type Health } from '../../lib/metrics/freshness.ts';

/** The five shapes of freshness; meaning is never carried by colour alone. */
export type FreshnessShape = 'fresh' | 'syncing' | 'late' | 'broken' | 'none';

interface HealthLook {
	shape: FreshnessShape;
	word: string;
}

const looks: Record<Health, HealthLook> = {
	needsReauth: { shape: 'broken', word: 'Reconnect needed' },
	failing: { shape: 'broken', word: 'Failing' },
	late: { shape: 'late', word: 'Late' },
	waiting: { shape: 'late', word: 'Waiting' },
	paused: { shape: 'none', word: 'Paused' },
	never: { shape: 'none', word: 'No data yet' },
	syncing: { shape: 'syncing', word: 'Syncing' },
	fresh: { shape: 'fresh', word: 'Fresh' },
};

/** How a health is drawn and read out. */
export function healthLook(health: Health): HealthLook {
	return looks[health];
}

/** True when the word says more than a count of connections could. */
export function isWorthAWord(health: Health): boolean {
	return health !== 'fresh' && health !== 'syncing' && health !== 'never';
}

/** True when a person has to do something, so the card or row is outlined. */
export function needsAPerson(health: Health | null): boolean {
	return health === 'needsReauth' || health === 'failing';
}

/** True when somebody should know; what has merely not begun, or works at it, is no complaint. */
export function needsALook(health: Health): boolean {
	return needsAPerson(health) || ['late', 'waiting', 'paused'].includes(health);
}

/** The connections that need a look come first; equal ones keep the order of their names. */
export function byUrgency<T extends { health: Health; name: string }>(rows: readonly T[]): T[] {
	return [...rows].sort(
		(a, b) =>
			healthOrder.indexOf(a.health) - healthOrder.indexOf(b.health) ||
			a.name.localeCompare(b.name, 'en'),
	);
}
