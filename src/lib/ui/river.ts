/** One strand of the river: an SVG path and how strongly it is drawn (0..1). */
export interface Strand {
	d: string;
	opacity: number;
}

/** Where strands spring from, where they have joined, and what each takes of the joined stream. All in viewBox units. */
export interface RiverShape {
	width: number;
	/** y of each spring on the left edge, from the top. */
	springs: number[];
	joinX: number;
	/** y of the joined stream's middle. */
	joinY: number;
	/** Distance from strand to strand in the joined stream. */
	pitch: number;
	/** How far the joined stream rises and falls. */
	swell: number;
	/** Cycled through, so that neighbours differ. */
	opacities: number[];
}

/** Drawn past the right edge, so that the picture's border cuts the strands and not their own ends. */
const EDGE = 20;

/** Turns a shape into strands: one curve from spring to junction, one swell after it. */
export function riverStrands(shape: RiverShape): Strand[] {
	const { width, springs, joinX, joinY, pitch, swell, opacities } = shape;
	const rest = width - joinX;
	return springs.map((spring, index) => {
		const y = joinY + (index - (springs.length - 1) / 2) * pitch;
		const end = y + swell * 0.6;
		const lean = (index % 3) - 1;
		const d = [
			`M0 ${spring}`,
			`C${joinX * 0.42} ${spring + lean * swell * 0.8} ${joinX * 0.5} ${y} ${joinX} ${y}`,
			`C${joinX + rest * 0.32} ${y} ${joinX + rest * 0.36} ${y + swell} ${joinX + rest * 0.68} ${y + swell}`,
			`S${width - rest * 0.1} ${end} ${width} ${end}H${width + EDGE}`,
		].join('');
		return { d, opacity: opacities[index % opacities.length] ?? 1 };
	});
}
