import { describe, expect, it } from 'vitest';
import { readText } from './support.ts';

type Rgb = [number, number, number];

/** OKLCH to linear sRGB (CSS Color 4), clipped to the gamut as browsers do. */
function linearRgb(lightness: number, chroma: number, hue: number): Rgb {
	const a = chroma * Math.cos((hue * Math.PI) / 180);
	const b = chroma * Math.sin((hue * Math.PI) / 180);
	const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
	const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
	const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
	const clip = (x: number) => Math.min(1, Math.max(0, x));
	return [
		clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
		clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
		clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
	];
}

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(one: Rgb, other: Rgb): number {
	const [high, low] = [luminance(one), luminance(other)].sort((x, y) => y - x) as [number, number];
	return (high + 0.05) / (low + 0.05);
}

function tokensOf(block: string): Map<string, Rgb> {
	const tokens = new Map<string, Rgb>();
	for (const [, name, l, c, h] of block.matchAll(
		/--color-([\w-]+):\s*oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)/g,
	)) {
		tokens.set(name!, linearRgb(Number(l), Number(c), Number(h)));
	}
	return tokens;
}

const css = readText('src/tokens.css');
const split = css.indexOf('\n.dark');
const themes = { light: tokensOf(css.slice(0, split)), dark: tokensOf(css.slice(split)) };

const SURFACES = ['canvas', 'sidebar', 'surface', 'sunken', 'hover'];
const TEXT_PAIRS = [
	...['ink', 'ink-2', 'ink-3'].flatMap((ink) => SURFACES.map((surface) => [ink, surface])),
	...['good', 'bad', 'warn', 'info'].flatMap((tone) => [
		[tone, `${tone}-soft`],
		[tone, 'surface'],
		['ink-2', `${tone}-soft`],
	]),
	['on-accent', 'accent'],
	['accent-ink', 'surface'],
	['accent-ink', 'accent-soft'],
] as [string, string][];
const SHAPE_PAIRS = [
	['control', 'surface'],
	['focus', 'surface'],
	['compare', 'surface'],
	...Array.from({ length: 10 }, (_, i) => [`chart-${i + 1}`, 'surface']),
] as [string, string][];

describe.each(Object.entries(themes))('tokens, %s', (_theme, tokens) => {
	it.each(TEXT_PAIRS)('%s on %s reads: 4.5 to 1', (ink, surface) => {
		expect(contrast(tokens.get(ink)!, tokens.get(surface)!)).toBeGreaterThanOrEqual(4.5);
	});
	it.each(SHAPE_PAIRS)('%s on %s shows: 3 to 1', (shape, surface) => {
		expect(contrast(tokens.get(shape)!, tokens.get(surface)!)).toBeGreaterThanOrEqual(3);
	});
});
