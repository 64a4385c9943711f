/** Straight-line scales and round ticks. Pure: numbers in, numbers out. */

export interface Domain {
	min: number;
	max: number;
}

/** Maps a domain onto a pixel span; a domain without extent lands in the middle. */
export function linear(
	{ min, max }: Domain,
	fromPx: number,
	toPx: number,
): (value: number) => number {
	const extent = max - min;
	if (!(extent > 0)) return () => (fromPx + toPx) / 2;
	return (value) => fromPx + ((value - min) / extent) * (toPx - fromPx);
}

/** Smallest and largest number of several columns, null when none holds a number. */
export function extentOf(
	...columns: readonly (readonly (number | null)[] | null | undefined)[]
): Domain | null {
	let min = Infinity;
	let max = -Infinity;
	for (const column of columns) {
		for (const value of column ?? []) {
			if (value === null || !Number.isFinite(value)) continue;
			if (value < min) min = value;
			if (value > max) max = value;
		}
	}
	return min <= max ? { min, max } : null;
}

/** 1, 2, 2.5 or 5 times a power of ten: steps a person counts in. */
const STEPS = [1, 2, 2.5, 5, 10];
/** 1, 2, 5 times a power of ten: for things that cannot be halved, such as counts below ten. */
const WHOLE_STEPS = [1, 2, 5, 10];

/** The smallest counting step that is not below `rough`. */
export function niceStep(rough: number, isWhole = false): number {
	if (!(rough > 0) || !Number.isFinite(rough)) return 1;
	const power = 10 ** Math.floor(Math.log10(rough));
	const steps = isWhole ? WHOLE_STEPS : STEPS;
	// The tolerance absorbs 0.30000000000000004-like quotients.
	const step = (steps.find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10) * power;
	return isWhole ? Math.max(1, Math.round(step)) : step;
}

export interface Axis extends Domain {
	ticks: number[];
	/** The axis was cut: it begins above (or ends below) zero and the page must say so. */
	isCut: boolean;
}

export interface AxisChoice {
	/** Bars always start at zero; lines may be asked to. */
	fromZero: boolean;
	/** The unit comes in whole numbers only: no tick at 0.5. */
	isWhole?: boolean;
	/** Values above are impossible (100 %): no tick beyond. */
	ceiling?: number;
	/** 3 to 5 lines read well (design notes, section 3.3). */
	tickCount?: number;
}

/** An axis that holds the data between round ticks. */
export function axisFor(extent: Domain | null, choice: AxisChoice): Axis {
	const { fromZero, isWhole = false, ceiling, tickCount = 4 } = choice;
	let { min, max } = extent ?? { min: 0, max: 1 };
	const spread = max - min;
	// A line close to zero keeps zero: cutting off a sliver gains nothing and hides the base.
	if (fromZero || (min > 0 && min <= spread * 0.5) || (max < 0 && -max <= spread * 0.5)) {
		min = Math.min(0, min);
		max = Math.max(0, max);
	}
	if (min === max) {
		const room = Math.abs(max) * 0.1 || 1;
		if (min !== 0) min = fromZero ? Math.min(0, min) : min - room;
		max += max === 0 || !fromZero ? room : 0;
	}
	const step = niceStep((max - min) / tickCount, isWhole);
	const first = Math.floor(min / step + 1e-9);
	let last = Math.ceil(max / step - 1e-9);
	if (ceiling !== undefined && last * step > ceiling && max <= ceiling)
		last = Math.floor(ceiling / step + 1e-9);
	const ticks: number[] = [];
	for (let index = first; index <= last; index++) ticks.push(round(index * step, step));
	const top =
		ceiling !== undefined && max <= ceiling
			? Math.max(max, ticks.at(-1) ?? max)
			: (ticks.at(-1) ?? max);
	return { min: ticks[0] ?? min, max: top, ticks, isCut: (ticks[0] ?? min) > 0 || top < 0 };
}

/** Drops the binary dust of multiplication: 3 × 0.1 is 0.3 on an axis. */
function round(value: number, step: number): number {
	const digits = Math.max(0, Math.min(100, 2 - Math.floor(Math.log10(step))));
	return Number(value.toFixed(digits));
}
