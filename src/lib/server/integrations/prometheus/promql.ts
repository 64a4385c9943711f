const unitMs: Record<string, number> = {
	ms: 1,
	s: 1000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
	w: 604_800_000,
	y: 31_536_000_000,
};

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/**
 * The window of a query that counts what happened, e.g. `sum(increase(http_requests_total[5m]))`: 300,000 ms.
 * undefined when it has none, several different ones, or one that does not divide the hour or the day: the points of such
 * a query would overlap or leave holes, and their sum would be wrong.
 */
export function deltaWindowMs(query: string): number | undefined {
	// Brackets inside label matchers are text.
	const bare = query.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""');
	const windows = new Set(
		[...bare.matchAll(/\[\s*([0-9a-z]+)\s*(?::[^\]]*)?\]/g)].map((match) => durationMs(match[1]!)),
	);
	if (windows.size !== 1) return undefined;
	const [ms] = windows;
	if (ms === undefined || Number.isNaN(ms) || ms < 60_000) return undefined;
	const fits = ms <= hourMs ? hourMs % ms === 0 : ms % hourMs === 0 && dayMs % ms === 0;
	return fits ? ms : undefined;
}

/** Prometheus durations: "5m", "1h30m". NaN for anything else. */
export function durationMs(text: string): number {
	if (!/^(\d+(ms|s|m|h|d|w|y))+$/.test(text)) return NaN;
	return [...text.matchAll(/(\d+)(ms|s|m|h|d|w|y)/g)].reduce(
		(sum, match) => sum + Number(match[1]) * unitMs[match[2]!]!,
		0,
	);
}

/**
 * `external_labels` from the server's own printed configuration. The printer is Prometheus itself, so its layout is known
 * and a YAML parser is not needed: two spaces per level, one label per line.
 */
export function externalLabels(yaml: string): Record<string, string> {
	const labels: Record<string, string> = {};
	const start = /^ {2}external_labels:[ \t]*\r?\n/m.exec(yaml);
	if (!start) return labels;
	for (const line of yaml.slice(start.index + start[0].length).split(/\r?\n/)) {
		const match = /^ {4}([A-Za-z_][A-Za-z0-9_]*): (.*)$/.exec(line);
		if (!match) break;
		labels[match[1]!] = match[2]!.trim().replace(/^(["'])(.*)\1$/, '$2');
	}
	return labels;
}
