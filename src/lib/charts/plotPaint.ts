/** What uPlot does not draw itself: the soft area, the zero line, hatched gaps and a late source's end. */
import type uPlot from 'uplot';
import type { PlotModel } from './plot.ts';
import { runsOf } from './sparkline.ts';
import type { ChartTheme } from './theme.ts';

/** What is not settled yet: the step into a begun bucket, and a late source's line to now; CSS px. */
export const DOTTED = [1.5, 3.5];

/** A dash in the canvas's own pixels. */
export const dashed = (dash: readonly number[]) => dash.map((px) => px * devicePixelRatio);

export function areaFill(plot: uPlot, theme: ChartTheme): CanvasGradient {
	const gradient = plot.ctx.createLinearGradient(
		0,
		plot.bbox.top,
		0,
		plot.bbox.top + plot.bbox.height,
	);
	gradient.addColorStop(0, theme.areaTop);
	gradient.addColorStop(1, theme.areaBottom);
	return gradient;
}

/** Distance between the lines of a hatch, CSS px. */
const HATCH_PX = 6;

export function drawBehind(plot: uPlot, { axis, gaps, theme }: PlotModel): void {
	const { ctx, bbox } = plot;
	const ratio = devicePixelRatio;
	ctx.save();
	ctx.lineWidth = ratio;
	if (axis.min < 0 || axis.ticks.includes(0)) {
		const y = Math.round(plot.valToPos(0, 'y', true)) + 0.5;
		ctx.strokeStyle = theme.zero;
		ctx.beginPath();
		ctx.moveTo(bbox.left, y);
		ctx.lineTo(bbox.left + bbox.width, y);
		ctx.stroke();
	}
	ctx.strokeStyle = theme.hatch;
	for (const gap of gaps) {
		const left = Math.max(bbox.left, plot.valToPos(gap.from, 'x', true));
		const right = Math.min(bbox.left + bbox.width, plot.valToPos(gap.to, 'x', true));
		if (right <= left) continue;
		ctx.save();
		ctx.beginPath();
		ctx.rect(left, bbox.top, right - left, bbox.height);
		ctx.clip();
		ctx.beginPath();
		for (let x = left - bbox.height; x < right; x += HATCH_PX * ratio) {
			ctx.moveTo(x, bbox.top + bbox.height);
			ctx.lineTo(x + bbox.height, bbox.top);
		}
		ctx.stroke();
		ctx.restore();
	}
	ctx.restore();
}

/** A late source ends in a dotted line to now. */
export function drawLateEnd(plot: uPlot, { starts, values, shape, theme }: PlotModel): void {
	const last = runsOf(values).at(-1)?.end;
	if (shape === 'bar' || last === undefined || last === values.length - 1) return;
	const { ctx } = plot;
	const y = plot.valToPos(values[last]!, 'y', true);
	ctx.save();
	ctx.strokeStyle = theme.line;
	ctx.lineWidth = 1.5 * devicePixelRatio;
	ctx.setLineDash(dashed(DOTTED));
	ctx.beginPath();
	ctx.moveTo(plot.valToPos(starts[last]!, 'x', true), y);
	ctx.lineTo(plot.valToPos(starts.at(-1)!, 'x', true), y);
	ctx.stroke();
	ctx.restore();
}
