/**
 * Values as people read them. Three styles: `card` has at most five signs, `exact` keeps everything, `axis` has no
 * trailing zeros. A minus is the real one (U+2212). English, as the rest of the page.
 */
import type { Direction, Unit } from './dataPoint.ts';

export const MINUS = '−';
/** What stands where there is no data. */
export const NO_VALUE = '–';
const LOCALE = 'en-US';

const formats = new Map<string, Intl.NumberFormat>();

function format(value: number, options: Intl.NumberFormatOptions): string {
	const key = JSON.stringify(options);
	let formatter = formats.get(key);
	if (!formatter) formats.set(key, (formatter = new Intl.NumberFormat(LOCALE, options)));
	// -0 and what rounds to it read as 0.
	return formatter
		.format(value)
		.replace(/^-(?=[^1-9]*$)/, '')
		.replace('-', MINUS);
}

function plain(value: number, decimals: number, fixed = false): string {
	return format(value, {
		maximumFractionDigits: decimals,
		minimumFractionDigits: fixed ? decimals : 0,
	});
}

/** Three significant digits: 84.2, 1.24, 181, 0.000012. */
function significant(value: number, digits = 3): string {
	const size = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
	return plain(value, Math.min(20, Math.max(0, digits - 1 - size)));
}

const steps: [number, string][] = [
	[1e15, 'Q'],
	[1e12, 'T'],
	[1e9, 'B'],
	[1e6, 'M'],
	[1e3, 'k'],
];

/** 84.2k, 1.2M; below `from` the number as it is, with up to `decimals`. */
function compact(value: number, from: number, decimals: number): string {
	const size = Math.abs(value);
	if (size < from) return size >= 1000 ? plain(value, 0) : significantOr(value, decimals);
	// 999,950 would round to 1000k: take the next step when three digits round up to it.
	const step = steps.find(([scale]) => size >= scale * 0.9995) ?? steps[steps.length - 1]!;
	return `${significant(value / step[0])}${step[1]}`;
}

function significantOr(value: number, decimals: number): string {
	return value !== 0 && Math.abs(value) < 10 ** -decimals
		? significant(value, 2)
		: plain(value, decimals);
}

/** Whole numbers above 9,999 are shortened: `84.2k`. */
export function formatCount(value: number): string {
	return compact(value, 10_000, Math.abs(value) < 10 ? 3 : Math.abs(value) < 100 ? 2 : 1);
}

/** Digits after the point of a currency's major unit: EUR 2, JPY 0, KWD 3. An unknown code counts as 2. */
export function currencyExponent(currency: string): number {
	try {
		return (
			new Intl.NumberFormat(LOCALE, { style: 'currency', currency }).resolvedOptions()
				.maximumFractionDigits ?? 2
		);
	} catch {
		return 2;
	}
}

function money(major: number, currency: string, decimals: number): string {
	const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
	try {
		return format(major, {
			style: 'currency',
			currency,
			currencyDisplay: 'narrowSymbol',
			...options,
		});
	} catch {
		return `${currency} ${format(major, options)}`;
	}
}

export type Style = 'card' | 'exact' | 'axis';

/** `minor` units of a currency: 4821740 EUR is €48,217.40 exact and €48,217 on a card. */
export function formatMoney(minor: number, currency: string, style: Style = 'exact'): string {
	const exponent = currencyExponent(currency);
	const major = minor / 10 ** exponent;
	const size = Math.abs(major);
	if (style === 'exact') return money(major, currency, exponent);
	if (size >= (style === 'axis' ? 1000 : 99_999.5)) {
		const step =
			steps.find(([scale]) => size >= scale * (style === 'axis' ? 1 : 0.9995)) ??
			steps[steps.length - 1]!;
		return withSymbol(major, currency, `${significant(Math.abs(major) / step[0])}${step[1]}`);
	}
	if (style === 'axis') return money(major, currency, Number.isInteger(major) ? 0 : exponent);
	return money(major, currency, size >= 999.995 ? 0 : exponent);
}

/** The digits with the currency's sign where its own format puts it. */
function withSymbol(major: number, currency: string, digits: string): string {
	return money(major < 0 ? -1 : 1, currency, 0).replace('1', digits);
}

/** `percent` is 0..100. Near 100 two decimals, since 99.66 and 99.98 are worlds apart. */
export function formatPercent(percent: number, style: Style = 'card'): string {
	const size = Math.abs(percent);
	if (style === 'exact') return `${plain(percent, 4)}%`;
	if (style === 'axis') return `${significantOr(percent, 2)}%`;
	if (size >= 1000) return `${compact(percent, 10_000, 0)}%`;
	if (size >= 99 && size < 100) return `${plain(percent, 2, percent !== Math.round(percent))}%`;
	return `${significantOr(percent, size < 1 ? 2 : 1)}%`;
}

const byteSteps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Binary sizes: 1.5 MiB. Exact adds nothing a reader could use beyond four digits. */
export function formatBytes(bytes: number, style: Style = 'card'): string {
	let step = 0;
	let value = bytes;
	while (Math.abs(value) >= 999.5 && step < byteSteps.length - 1) {
		value /= 1024;
		step++;
	}
	const digits =
		step === 0
			? plain(value, style === 'exact' ? 2 : 0)
			: significant(value, style === 'exact' ? 5 : 3);
	return `${digits} ${byteSteps[step]}`;
}

const durationSteps: [number, string][] = [
	[86_400_000, 'd'],
	[3_600_000, 'h'],
	[60_000, 'min'],
	[1000, 's'],
	[1, 'ms'],
];

/** A measured duration in one unit: 181 ms, 1.24 s, 3.6 d. Below 1 ms in µs. */
export function formatDuration(ms: number, style: Style = 'card'): string {
	const size = Math.abs(ms);
	if (size > 0 && size < 0.9995) return `${significant(ms * 1000, style === 'exact' ? 6 : 3)} µs`;
	const step =
		durationSteps.find(([scale]) => size >= scale) ?? durationSteps[durationSteps.length - 1]!;
	const amount = ms / step[0];
	return `${Math.abs(amount) >= 10_000 ? formatBare(amount, style) : significant(amount, style === 'exact' ? 7 : 3)} ${step[1]}`;
}

/** A span of waiting or of age, in whole units of at most two parts: `40 s`, `4 min`, `1 h 44 min`, `2 min 50 s`, `4 d`. */
export function formatAge(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return `${minutes} min`;
	const hours = Math.floor(minutes / 60);
	if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
	return `${Math.floor(hours / 24)} d`;
}

/** Like formatAge, with seconds kept below ten minutes: `2 min 50 s`. For time left. */
export function formatRemaining(ms: number): string {
	const seconds = Math.max(0, Math.ceil(ms / 1000));
	if (seconds < 60 || seconds >= 600 || seconds % 60 === 0) return formatAge(seconds * 1000);
	return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** One value with its unit; null is an en dash. */
export function formatValue(value: number | null, unit: Unit, style: Style = 'card'): string {
	if (value === null || !Number.isFinite(value)) return NO_VALUE;
	if (typeof unit === 'object') return formatMoney(value, unit.currency, style);
	switch (unit) {
		case 'percent':
			return formatPercent(value, style);
		case 'ratio':
			return formatPercent(value * 100, style);
		case 'bytes':
			return formatBytes(value, style);
		case 'ms':
			return formatDuration(value, style);
		case 's':
			return formatDuration(value * 1000, style);
		case 'perSecond':
			return `${formatBare(value, style)}/s`;
		default:
			return formatBare(value, style);
	}
}

function formatBare(value: number, style: Style): string {
	if (style === 'exact') return exact(value);
	if (style === 'axis')
		return Math.abs(value) >= 10_000 ? compact(value, 10_000, 0) : significantOr(value, 3);
	return formatCount(value);
}

/** Every digit that means something; six decimals hide the dust of binary fractions. */
function exact(value: number): string {
	if (value !== 0 && Math.abs(value) < 1e-4) return significant(value, 6);
	return plain(value, 6);
}

export interface ChangeText {
	/** '4.2%' or '0.6 pp', without a sign: the arrow carries it. */
	text: string;
	way: 'up' | 'down' | 'flat';
	/** For the chip's colour; a metric without a direction is neutral whatever it does. */
	verdict: 'good' | 'bad' | 'neutral';
	/** For people who hear the page: 'up 4.2 percent, better'. */
	spoken: string;
}

/** Whether a change of this unit is a difference in percentage points and not a relative one. */
export function isInPoints(unit: Unit): boolean {
	return unit === 'percent' || unit === 'ratio';
}

/**
 * The change from one value to another: relative (0.042 = +4.2%), or in points where the unit is a share. Null when
 * there is nothing to compare with, or when it grew from 0, which no percentage tells.
 */
export function changeOf(value: number | null, previous: number | null, unit: Unit): number | null {
	if (value === null || previous === null) return null;
	if (isInPoints(unit)) return (value - previous) * (unit === 'ratio' ? 100 : 1);
	if (previous === 0) return value === 0 ? 0 : null;
	return (value - previous) / Math.abs(previous);
}

/** A change as a chip. `change` as changeOf returns it. */
export function formatChange(
	change: number | null,
	unit: Unit,
	direction: Direction,
): ChangeText | null {
	if (change === null || !Number.isFinite(change)) return null;
	const points = isInPoints(unit);
	const amount = Math.abs(points ? change : change * 100);
	const decimals = points && amount < 1 ? 2 : 1;
	// 0.6 pp and 0.11 pp, but 4.0%.
	const fixed = format(amount, { minimumFractionDigits: 1, maximumFractionDigits: decimals });
	const shown = amount >= 1000 ? formatCount(Math.round(amount)) : fixed;
	const way = Number(amount.toFixed(decimals)) === 0 ? 'flat' : change > 0 ? 'up' : 'down';
	const verdict =
		way === 'flat' || direction === 'none' ? 'neutral' : way === direction ? 'good' : 'bad';
	const judged = verdict === 'good' ? ', better' : verdict === 'bad' ? ', worse' : '';
	const spoken =
		way === 'flat'
			? 'unchanged'
			: `${way} ${shown} ${points ? 'percentage points' : 'percent'}${judged}`;
	return { text: points ? `${shown} pp` : `${shown}%`, way, verdict, spoken };
}

/** The unit's name for a table head or an export; empty for plain numbers. */
export function unitLabel(unit: Unit): string {
	if (typeof unit === 'object') return unit.currency.toUpperCase();
	const labels: Record<string, string> = {
		percent: '%',
		ratio: '%',
		bytes: 'bytes',
		ms: 'ms',
		s: 's',
		perSecond: 'per second',
	};
	return labels[unit] ?? '';
}
