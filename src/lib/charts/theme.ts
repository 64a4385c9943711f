/** The tokens a canvas needs as strings, read from the page at run time. */
export interface ChartTheme {
	line: string;
	areaTop: string;
	areaBottom: string;
	compare: string;
	grid: string;
	zero: string;
	axis: string;
	hatch: string;
	surface: string;
	font: string;
}

export function readTheme(element: Element): ChartTheme {
	const style = getComputedStyle(element);
	const token = (name: string) => style.getPropertyValue(`--color-${name}`).trim();
	return {
		line: token('chart-1'),
		areaTop: token('area-top'),
		areaBottom: token('area-bottom'),
		compare: token('compare'),
		grid: token('grid'),
		zero: token('line-2'),
		axis: token('axis'),
		hatch: token('line-2'),
		surface: token('surface'),
		font: `11px ${style.getPropertyValue('--font-sans').trim() || 'sans-serif'}`,
	};
}

/** Calls back when the theme of the page changes; returns how to stop. */
export function onThemeChange(changed: () => void): () => void {
	const observer = new MutationObserver(changed);
	observer.observe(document.documentElement, {
		attributes: true,
		attributeFilter: ['class', 'data-theme'],
	});
	return () => observer.disconnect();
}
