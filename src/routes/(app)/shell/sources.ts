import type { ConnectionSummary } from '../contract.ts';

/** What the shell says about all connections together. */
export interface SourcesSummary {
	connections: number;
	metrics: number;
	fresh: number;
	shape: 'fresh' | 'late' | 'broken';
}

export function summariseSources(rows: readonly ConnectionSummary[]): SourcesSummary {
	const fresh = rows.filter((row) => row.health === 'fresh' || row.health === 'syncing').length;
	const isBroken = rows.some((row) => row.health === 'needsReauth' || row.health === 'failing');
	return {
		connections: rows.length,
		metrics: rows.reduce((sum, row) => sum + row.metricCount, 0),
		fresh,
		shape: isBroken ? 'broken' : fresh < rows.length ? 'late' : 'fresh',
	};
}
