/** A chart in words, for people who hear it. */
import { runsOf } from './sparkline.ts';

export interface ChartInWords {
	name: string;
	starts: readonly number[];
	values: readonly (number | null)[];
	formatValue: (value: number) => string;
	formatTime: (at: number) => string;
}

/** "MRR, line chart, 22 Oct to 20 Nov. First €44,000, last €48,217, lowest …, highest …. 1 gap." */
export function describeChart(
	{ name, starts, values, formatValue, formatTime }: ChartInWords,
	shape: string,
): string {
	const runs = runsOf(values);
	const first = runs[0]?.start;
	const last = runs.at(-1)?.end;
	const from = starts[0];
	const to = starts.at(-1);
	if (first === undefined || last === undefined || from === undefined || to === undefined) {
		return `${name}, ${shape} without data.`;
	}
	let low = first;
	let high = first;
	values.forEach((value, index) => {
		if (value === null) return;
		if (value < values[low]!) low = index;
		if (value > values[high]!) high = index;
	});
	const say = (index: number) => formatValue(values[index]!);
	const gaps = runs.length - 1;
	return [
		`${name}, ${shape}, ${formatTime(from)} to ${formatTime(to)}.`,
		`First ${say(first)}, last ${say(last)}, lowest ${say(low)} on ${formatTime(starts[low]!)}, highest ${say(high)} on ${formatTime(starts[high]!)}.`,
		gaps > 0 ? `${gaps} ${gaps === 1 ? 'gap' : 'gaps'}.` : '',
	]
		.join(' ')
		.trim();
}
