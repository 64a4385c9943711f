import { countOf } from '../text.ts';

/** One consequence of removing a connection, with its number. */
export interface Consequence {
	kind: 'metrics' | 'points' | 'runs';
	title: string;
	detail: string;
}

function namesText(names: readonly string[]): string {
	const shown = names.slice(0, 3);
	const rest = names.length - shown.length;
	return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}

/** What removing does, most visible first. */
export function consequencesOf(
	impact: { metrics: number; points: number; runs: number },
	metricNames: readonly string[],
	keepPoints: boolean,
): Consequence[] {
	return [
		{
			kind: 'metrics',
			title: `${countOf(impact.metrics, 'metric')} ${impact.metrics === 1 ? 'stops' : 'stop'} updating`,
			detail: namesText(metricNames),
		},
		{
			kind: 'points',
			title: keepPoints
				? `${countOf(impact.points, 'point')} ${impact.points === 1 ? 'stays' : 'stay'} readable`
				: `${countOf(impact.points, 'point')} ${impact.points === 1 ? 'is' : 'are'} deleted`,
			detail: keepPoints ? 'Charts end where the last sync ended' : 'Charts and cards go with them',
		},
		{
			kind: 'runs',
			title: `The log of ${countOf(impact.runs, 'run')} is deleted`,
			detail: 'With every request in it',
		},
	];
}
