import { formatAge } from '../../../lib/metrics/format.ts';
import type { Health } from '../../../lib/metrics/freshness.ts';
import { healthLook, needsAPerson } from '../health.ts';
import { countOf } from '../text.ts';

/** "Fresh, 2 min ago", "Late, 1 h 44 min ago", "Reconnect needed", "No data yet". */
export function freshnessText(
	row: { health: Health; lastSuccessAt: number | null },
	now: number,
): string {
	const { word } = healthLook(row.health);
	// The age of a broken connection's last success is in its sentence; beside the word it would read as calm.
	if (row.lastSuccessAt === null || needsAPerson(row.health) || row.health === 'never') return word;
	const age = formatAge(now - row.lastSuccessAt);
	return row.health === 'paused' ? `${word}, as of ${age} ago` : `${word}, ${age} ago`;
}

/** "5 connections: 4 fresh, 1 needs a look." */
export function summaryText(rows: readonly { health: Health }[]): string {
	if (rows.length === 0) return 'Accounts this workspace reads from.';
	const fresh = rows.filter((row) => row.health === 'fresh' || row.health === 'syncing').length;
	const look = rows.filter((row) => needsAPerson(row.health) || row.health === 'late').length;
	const parts = [`${fresh} fresh`];
	if (look > 0) parts.push(`${look} ${look === 1 ? 'needs' : 'need'} a look`);
	return `${countOf(rows.length, 'connection')}: ${parts.join(', ')}.`;
}
