/** The Flow band: one ribbon per connection, joining one river. Thickness says how much came in 24 h. */

export type FlowState = 'flowing' | 'waiting' | 'starting' | 'cut' | 'still';

export interface FlowRow {
	id: string;
	state: FlowState;
	/** Points stored in the last 24 h. */
	points: number;
}

export interface Ribbon {
	id: string;
	state: FlowState;
	/** Middle line, as an SVG path. */
	d: string;
	thickness: number;
	/** Middle of the ribbon at the left edge: the row's line of text. */
	startY: number;
	/** Which of three tints, so that neighbours differ. */
	tint: 0 | 1 | 2;
}

export interface FlowFrame {
	width: number;
	rowHeight: number;
	/** Where all ribbons have joined, 0..1 of the width. */
	joinAt?: number;
}

const MIN_THICKNESS_PX = 3.5;
const MAX_THICKNESS_PX = 15;
/** Thin threads for what does not flow now. */
const THREAD_PX = { waiting: 3, starting: 2.5, cut: 3, still: 1.5 } as const;

/** Ribbons for rows from top to bottom. A source with no points yet still gets its thread. */
export function flowRibbons(
	rows: readonly FlowRow[],
	{ width, rowHeight, joinAt = 0.66 }: FlowFrame,
): Ribbon[] {
	const most = Math.max(1, ...rows.map((row) => row.points));
	const thicknesses = rows.map((row) =>
		row.state === 'flowing'
			? // By the logarithm: one source often brings a thousand times another's, and both must be seen.
				MIN_THICKNESS_PX +
				(MAX_THICKNESS_PX - MIN_THICKNESS_PX) * (Math.log1p(row.points) / Math.log1p(most))
			: THREAD_PX[row.state],
	);
	const gap = 1;
	const joined = thicknesses.reduce((sum, thickness) => sum + thickness + gap, -gap);
	const middle = (rows.length * rowHeight) / 2;
	let y = middle - joined / 2;
	return rows.map((row, index) => {
		const thickness = thicknesses[index]!;
		const startY = (index + 0.5) * rowHeight;
		const endY = y + thickness / 2;
		y += thickness + gap;
		const joinX = width * joinAt;
		return {
			id: row.id,
			state: row.state,
			thickness,
			startY,
			tint: (index % 3) as 0 | 1 | 2,
			d: `M0 ${startY}C${joinX * 0.5} ${startY} ${joinX * 0.55} ${endY} ${joinX} ${endY}L${width} ${endY}`,
		};
	});
}
