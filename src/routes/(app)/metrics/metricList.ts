import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../../convex/_generated/api.js';

export type MetricRow = FunctionReturnType<typeof api.metrics.list>[number];

export interface MetricGroup {
	connectionId: string;
	connectionName: string;
	service: string;
	icon: string;
	rows: MetricRow[];
}

/** Rows whose name, context, service or connection contains every word typed. */
export function searchMetrics(rows: readonly MetricRow[], typed: string): MetricRow[] {
	const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
	return rows.filter((row) => {
		const text = `${row.name} ${row.context} ${row.service} ${row.connectionName}`.toLowerCase();
		return words.every((word) => text.includes(word));
	});
}

/** One group a connection, both in the order of their names. */
export function groupByConnection(rows: readonly MetricRow[]): MetricGroup[] {
	const groups = new Map<string, MetricGroup>();
	for (const row of rows) {
		const group = groups.get(row.connectionId) ?? {
			connectionId: row.connectionId,
			connectionName: row.connectionName,
			service: row.service,
			icon: row.icon,
			rows: [],
		};
		group.rows.push(row);
		groups.set(row.connectionId, group);
	}
	const byName = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });
	for (const group of groups.values()) {
		group.rows.sort((a, b) => byName(a.name, b.name) || byName(a.context, b.context));
	}
	return [...groups.values()].sort((a, b) => byName(a.connectionName, b.connectionName));
}
