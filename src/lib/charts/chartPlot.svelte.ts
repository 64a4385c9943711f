import { untrack } from 'svelte';
import type uPlot from 'uplot';
import { plotData, plotOptions, type PlotEvents, type PlotModel } from './plot.ts';

/** Where the plot lies inside its frame, for what is laid over the canvas in HTML; px. */
export interface PlotLayout {
	left: number;
	top: number;
	width: number;
	height: number;
	/** Middles of the hatched spans that are wide enough for a label. */
	gaps: { x: number; text: string }[];
}

export interface PlotSource {
	host: () => HTMLElement | undefined;
	/** Null until the theme is read. */
	model: () => PlotModel | null;
	size: () => { width: number; height: number };
	events: Omit<PlotEvents, 'onDraw'>;
}

/** A label needs about this much hatch under it to be read as the hatch's own. */
const MIN_LABELLED_GAP_PX = 14;
/** Bars fill this share of their slot and stop growing at so many px. */
const BAR_SIZE: [number, number] = [0.72, 40];

/** Keeps one uPlot in step with the data. Create it while a component is set up; it ends with it. */
export class ChartPlot {
	layout = $state.raw<PlotLayout>({ left: 0, top: 0, width: 0, height: 0, gaps: [] });
	#plot = $state.raw<uPlot>();
	#source: PlotSource;

	constructor(source: PlotSource) {
		this.#source = source;
		const isReady = $derived(source.model() !== null && source.size().width > 0);
		const shape = $derived(source.model()?.shape);

		// The library comes with the first chart, not with the page. A change of shape needs a new plot, others do not.
		$effect(() => {
			const host = source.host();
			if (!host || !isReady || !shape) return;
			let isGone = false;
			void import('uplot').then(({ default: UPlot }) => {
				if (!isGone) untrack(() => (this.#plot = this.#make(UPlot, host)));
			});
			return () => {
				isGone = true;
				untrack(() => this.#plot)?.destroy();
				this.#plot = undefined;
			};
		});

		$effect(() => {
			const model = source.model();
			if (!this.#plot || !model) return;
			this.#plot.setData(plotData(model), false);
			this.#plot.redraw(true, true);
			// The ranges are asked for anew; what is handed over here does not matter.
			this.#plot.setScale('x', { min: 0, max: 1 });
		});

		$effect(() => {
			const size = source.size();
			if (size.width > 0) this.#plot?.setSize(size);
		});
	}

	/** Where a bucket's value stands in the frame; null before the first drawing. */
	pointAt(at: number, value: number): { x: number; y: number } | null {
		const { layout } = this;
		if (!this.#plot || layout.width === 0) return null;
		return {
			x: layout.left + this.#plot.valToPos(at, 'x'),
			y: layout.top + this.#plot.valToPos(value, 'y'),
		};
	}

	/** Moves the drawn cursor without telling anybody; null takes it away. */
	showCursor(at: number | null): void {
		const left = at === null ? -10 : (this.#plot?.valToPos(at, 'x') ?? -10);
		this.#plot?.setCursor({ left, top: at === null ? -10 : this.layout.height / 2 }, false);
	}

	#make(UPlot: typeof uPlot, host: HTMLElement): uPlot {
		const read = () => this.#source.model()!;
		const bars = UPlot.paths.bars!({
			size: BAR_SIZE,
			radius: 0.12,
			disp: { fill: { unit: 3, values: () => barFills(read()) } },
		});
		const events = { ...this.#source.events, onDraw: (plot: uPlot) => this.#measure(plot, host) };
		return new UPlot(plotOptions(read, events, this.#source.size(), bars), plotData(read()), host);
	}

	#measure(plot: uPlot, host: HTMLElement): void {
		const over = plot.over.getBoundingClientRect();
		const frame = host.getBoundingClientRect();
		const left = over.left - frame.left;
		this.layout = {
			left,
			top: over.top - frame.top,
			width: over.width,
			height: over.height,
			gaps: this.#source.model()!.gaps.flatMap((gap) => {
				const from = Math.max(0, plot.valToPos(gap.from, 'x'));
				const to = Math.min(over.width, plot.valToPos(gap.to, 'x'));
				return to - from < MIN_LABELLED_GAP_PX
					? []
					: [{ x: left + (from + to) / 2, text: `no data · ${gap.length}` }];
			}),
		};
	}
}

/** A bucket that is not over is drawn at 55 %. */
function barFills({ values, isLastPartial, theme }: PlotModel): string[] {
	return values.map((_, index) =>
		isLastPartial && index === values.length - 1
			? `color-mix(in oklab, ${theme.line} 55%, transparent)`
			: theme.line,
	);
}
