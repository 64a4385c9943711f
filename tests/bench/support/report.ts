import { mkdtempSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import type { RatioResult } from './ratio.ts';

/** Prints one line a figure and writes the raw samples beside each other into one file. */
export function report(bench: string, results: (RatioResult & { goal?: string })[]): void {
	const folder = mkdtempSync(path.join(tmpdir(), `tributary-bench-${bench}-`));
	const file = path.join(folder, 'samples.json');
	writeFileSync(
		file,
		JSON.stringify({ bench, node: process.version, load: loadavg(), results }, null, 1),
	);
	for (const { name, ratio, low, high, control, isVoid, goal } of results) {
		const verdict = isVoid ? `  NO RESULT: the control strayed to ${control.toFixed(2)}` : '';
		console.log(
			`${name.padEnd(52)} ${ratio.toFixed(3)}x  [${low.toFixed(3)}, ${high.toFixed(3)}]  A/A ${control.toFixed(2)}${goal ? `  goal ${goal}` : ''}${verdict}`,
		);
	}
	console.log(`raw samples: ${file}`);
}
