/** Finished geometry of a sparkline. It has no axis and shows shape only. */
import { extentOf, linear } from './scales.ts';

type Column = readonly (number | null)[];

export interface SparkBox {
	width: number;
	height: number;
	/** Kept free on every side, so that strokes and the end dot are not cut. */
	pad: number;
}

export interface SparkLine {
	/** One path per run of values: a gap is a gap. */
	lines: string[];
	/** The soft areas under them, down to the box's foot. */
	areas: string[];
	/** Values with a gap on both sides, which no line would show. */
	dots: { x: number; y: number }[];
	compare: string[];
	/** The step into a bucket that is not over: its average or sum is of a part only, so it is no line yet. */
	begun: string | null;
	/** Flat, from the left edge to the first value, when too few values make a shape; not data. */
	lead: string | null;
	end: { x: number; y: number } | null;
	/** The last value is not in the last bucket: from here to the right edge the source is late. */
	isLate: boolean;
}

/** Consecutive indices that hold values. */
export function runsOf(values: Column): { start: number; end: number }[] {
	const runs: { start: number; end: number }[] = [];
	values.forEach((value, index) => {
		if (value === null) return;
		const open = runs.at(-1);
		if (open && open.end === index - 1) open.end = index;
		else runs.push({ start: index, end: index });
	});
	return runs;
}

/** Fewer values than this have no shape worth an empty box. */
const FEW = 4;

const filledOf = (values: Column) => values.filter((value) => value !== null).length;

/** The values without that of a begun bucket, and the step that leads into it. */
export function splitBegun(
	values: Column,
	isLastPartial: boolean,
): { whole: Column; begun: Column | null } {
	const last = values.length - 1;
	if (!isLastPartial || last < 1 || values[last] === null || values[last - 1] === null)
		return { whole: values, begun: null };
	return {
		whole: values.map((value, index) => (index === last ? null : value)),
		begun: values.map((value, index) => (index < last - 1 ? null : value)),
	};
}

/** `isLastPartial`: the last bucket is not over yet. */
export function sparkLine(
	values: Column,
	previous: Column | null,
	box: SparkBox,
	isLastPartial = false,
): SparkLine {
	const extent = extentOf(values, previous) ?? { min: 0, max: 1 };
	const slots = Math.max(values.length, previous?.length ?? 0) - 1;
	const x = linear({ min: 0, max: slots }, box.pad, box.width - box.pad);
	const y = linear(extent, box.height - box.pad, box.pad);
	const at = (column: Column, index: number) => ({
		x: round(x(index)),
		y: round(y(column[index] ?? 0)),
	});
	const path = (column: Column, { start, end }: { start: number; end: number }) =>
		Array.from({ length: end - start + 1 }, (_, step) => {
			const point = at(column, start + step);
			return `${step ? 'L' : 'M'}${point.x} ${point.y}`;
		}).join('');

	const { whole, begun } = splitBegun(values, isLastPartial);
	const runs = runsOf(whole);
	const drawn = runs.filter((run) => run.end > run.start);
	const lastRun = runsOf(values).at(-1);
	const isFew = previous === null || filledOf(previous) === 0 ? filledOf(values) < FEW : false;
	const first = isFew && runs[0] ? at(values, runs[0].start) : null;
	return {
		lines: drawn.map((run) => path(values, run)),
		areas: drawn.map(
			(run) =>
				`${path(values, run)}L${round(x(run.end))} ${box.height}L${round(x(run.start))} ${box.height}Z`,
		),
		dots: runs.filter((run) => run.end === run.start).map((run) => at(values, run.start)),
		compare: runsOf(previous ?? [])
			.filter((run) => run.end > run.start)
			.map((run) => path(previous!, run)),
		begun: begun && path(values, { start: values.length - 2, end: values.length - 1 }),
		lead: first && first.x > box.pad ? `M${box.pad} ${first.y}H${first.x}` : null,
		end: lastRun ? at(values, lastRun.end) : null,
		isLate: lastRun !== undefined && lastRun.end < values.length - 1,
	};
}

export interface SparkBar {
	x: number;
	y: number;
	width: number;
	height: number;
	isLast: boolean;
}

/** Share of a slot left free between bars. */
const BAR_GAP = 0.22;
/** A zero is drawn as a foot of this height, which tells it from no data. */
const ZERO_FOOT_PX = 1.5;

/** Whether the bars leave the box nearly empty, so that their ground should be drawn. */
export const isSparse = (values: Column): boolean => filledOf(values) < FEW;

/** Bars always start at zero; a missing value leaves its slot empty. */
export function sparkBars(values: Column, box: SparkBox): SparkBar[] {
	const extent = extentOf(values, [0]) ?? { min: 0, max: 1 };
	const slot = box.width / Math.max(1, values.length);
	const y = linear(extent, box.height, 0);
	const zero = extent.max > extent.min ? y(0) : box.height;
	return values.flatMap((value, index) => {
		if (value === null) return [];
		const tip = extent.max > extent.min ? y(value) : box.height;
		const height = Math.max(ZERO_FOOT_PX, Math.abs(zero - tip));
		return {
			x: round(index * slot + (slot * BAR_GAP) / 2),
			y: round(value < 0 ? zero : zero - height),
			width: round(slot * (1 - BAR_GAP)),
			height: round(height),
			isLast: index === values.length - 1,
		};
	});
}

const round = (px: number) => Math.round(px * 100) / 100;
