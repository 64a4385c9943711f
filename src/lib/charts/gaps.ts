/** Spans of a chart that hold no data, ready to be hatched. */
import { formatAge } from '../metrics/format.ts';
import { runsOf } from './sparkline.ts';

export interface GapSpan {
	/** Where the line ends, or where the first empty bar's slot begins; ms. */
	from: number;
	to: number;
	/** "4 d": how long there was no data. */
	length: string;
}

/**
 * Spans between values. What lies before the first value is no gap, nor is what lies after the last: a series begins
 * when it begins, and a late source is drawn dotted.
 */
export function gapSpans(
	starts: readonly number[],
	values: readonly (number | null)[],
	shape: 'line' | 'bar',
): GapSpan[] {
	const runs = runsOf(values);
	return runs.slice(1).map((run, index) => {
		const lastWithData = runs[index]!.end;
		const firstMissing = starts[lastWithData + 1]!;
		const next = starts[run.start]!;
		const half = shape === 'bar' ? (firstMissing - starts[lastWithData]!) / 2 : 0;
		return {
			from: shape === 'line' ? starts[lastWithData]! : firstMissing - half,
			to: shape === 'line' ? next : next - half,
			length: formatAge(next - firstMissing),
		};
	});
}
