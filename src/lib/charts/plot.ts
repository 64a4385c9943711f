/** What uPlot is told to draw. Geometry comes from scales.ts and timeTicks.ts; this file only hands it over. */
import type uPlot from 'uplot';
import type { GapSpan } from './gaps.ts';
import { areaFill, dashed, DOTTED, drawBehind, drawLateEnd } from './plotPaint.ts';
import type { Axis } from './scales.ts';
import { runsOf, splitBegun } from './sparkline.ts';
import type { ChartTheme } from './theme.ts';
import { timeTicks } from './timeTicks.ts';

/** Everything the plot reads while it draws; replaced as a whole when data or theme change. */
export interface PlotModel {
	starts: readonly number[];
	values: readonly (number | null)[];
	previous: readonly (number | null)[] | null;
	gaps: readonly GapSpan[];
	axis: Axis;
	shape: 'line' | 'bar';
	/** Typical length of a bucket in ms. */
	bucketMs: number;
	timeZone: string;
	isLastPartial: boolean;
	formatAxis: (value: number) => string;
	theme: ChartTheme;
}

export interface PlotEvents {
	onCursor: (index: number | null) => void;
	onZoom: (from: number, to: number) => void;
	onZoomOut: () => void;
	/** After each drawing: where things lie, for what is laid over the canvas in HTML. */
	onDraw: (plot: uPlot) => void;
}

/** A drag shorter than this is a click with a trembling hand, px. */
const MIN_DRAG_PX = 8;
/** Room for an axis label's sign at 11 px, and between label and plot. */
const SIGN_PX = 6.6;
const LABEL_PAD_PX = 12;
/** Half a date label, less the plot's own padding. */
const EDGE_PX = 14;

/** The columns drawn as lines or bars; the step into a begun bucket is a column of its own, for lines only. */
function columnsOf({ values, shape, isLastPartial }: PlotModel) {
	return splitBegun(values, isLastPartial && shape === 'line');
}

/** The comparison's dash, CSS px (design notes, section 3.7). */
const COMPARE_DASH = [4, 4];

export function plotData(model: PlotModel): uPlot.AlignedData {
	const previous = model.starts.map((_, index) => model.previous?.[index] ?? null);
	const { whole, begun } = columnsOf(model);
	return [
		model.starts as number[],
		previous,
		whole as (number | null)[],
		(begun ?? whole.map(() => null)) as (number | null)[],
	];
}

/** Bars need half a slot of room at both ends; lines run from edge to edge. */
export function timeSpan({ starts, shape, bucketMs }: PlotModel): [number, number] {
	const first = starts[0] ?? 0;
	const last = starts.at(-1) ?? 1;
	const room = shape === 'bar' || first === last ? bucketMs / 2 : 0;
	return [first - room, last + room];
}

export function plotOptions(
	read: () => PlotModel,
	events: PlotEvents,
	size: { width: number; height: number },
	bars: uPlot.Series.PathBuilder,
): uPlot.Options {
	const labels = (plot: uPlot) => {
		const { timeZone, bucketMs } = read();
		const [from, to] = timeSpan(read());
		const width = plot.bbox.width / devicePixelRatio;
		// A label is centred on its tick; one at the very end would be cut off by the canvas.
		const lastAt = from + (to - from) * (1 - EDGE_PX / width);
		return timeTicks(from, to, width, timeZone, bucketMs).filter((tick) => tick.at <= lastAt);
	};
	/** Only what no line would show: values with a gap on both sides. */
	const lonely = (
		fill: () => string,
		column: (model: PlotModel) => readonly (number | null)[],
	): uPlot.Series.Points => ({
		show: read().shape === 'line',
		size: 5,
		fill,
		filter: () =>
			runsOf(column(read()))
				.filter((run) => run.start === run.end)
				.map((run) => run.start),
	});
	const axisText = { stroke: () => read().theme.axis, font: read().theme.font };
	return {
		...size,
		ms: 1,
		padding: [10, 8, 0, 0],
		legend: { show: false },
		cursor: {
			y: false,
			drag: { x: true, y: false, setScale: false, dist: MIN_DRAG_PX },
			points: {
				size: 9,
				width: 2,
				fill: (_, index) => (index >= 2 ? read().theme.line : read().theme.surface),
				stroke: (_, index) => (index >= 2 ? read().theme.surface : read().theme.compare),
			},
			// The cursor stands on buckets, not between them.
			move: (plot, left, top) => {
				const at = left < 0 ? undefined : plot.data[0][plot.posToIdx(left)];
				return [at === undefined ? left : plot.valToPos(at, 'x'), top];
			},
			bind: {
				dblclick: () => () => {
					events.onZoomOut();
					return null;
				},
			},
		},
		scales: {
			x: { time: false, range: () => timeSpan(read()) },
			y: { range: () => [read().axis.min, read().axis.max] },
		},
		series: [
			{},
			{
				stroke: () => read().theme.compare,
				width: 1.25,
				dash: dashed(COMPARE_DASH),
				points: lonely(
					() => read().theme.compare,
					(model) => plotData(model)[1] as (number | null)[],
				),
			},
			{
				stroke: () => read().theme.line,
				width: read().shape === 'line' ? 1.75 : 0,
				fill: (plot) =>
					read().shape === 'line' ? areaFill(plot, read().theme) : read().theme.line,
				paths: read().shape === 'bar' ? bars : undefined,
				points: lonely(
					() => read().theme.line,
					(model) => columnsOf(model).whole,
				),
			},
			{
				stroke: () => read().theme.line,
				width: 1.5,
				dash: dashed(DOTTED),
				points: { show: false },
			},
		],
		axes: [
			{
				...axisText,
				scale: 'x',
				size: 30,
				gap: 8,
				grid: { show: false },
				ticks: { show: false },
				splits: (plot) => labels(plot).map((tick) => tick.at),
				values: (plot) => labels(plot).map((tick) => tick.label),
			},
			{
				...axisText,
				scale: 'y',
				gap: 8,
				size: (_, values) =>
					Math.max(0, ...(values ?? []).map((text) => text.length)) * SIGN_PX + LABEL_PAD_PX,
				grid: { stroke: () => read().theme.grid, width: 1 },
				ticks: { show: false },
				splits: () => read().axis.ticks,
				values: (_, splits) => splits.map(read().formatAxis),
			},
		],
		hooks: {
			drawAxes: [(plot) => drawBehind(plot, read())],
			draw: [(plot) => drawLateEnd(plot, read()), events.onDraw],
			setCursor: [
				(plot) => events.onCursor(plot.cursor.left! < 0 ? null : (plot.cursor.idx ?? null)),
			],
			setSelect: [
				(plot) => {
					const { left, width } = plot.select;
					if (width < MIN_DRAG_PX) return;
					events.onZoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
					plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
				},
			],
		},
	};
}
