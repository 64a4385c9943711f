import { describe, expect, it } from 'vitest';
import type { Unit } from '../../../src/lib/metrics/dataPoint.ts';
import {
	changeOf,
	formatAge,
	formatChange,
	formatRemaining,
	formatValue,
	type Style,
} from '../../../src/lib/metrics/format.ts';
import {
	formatBucket,
	formatIso,
	formatMoment,
	formatRange,
	formatTick,
	monthKey,
} from '../../../src/lib/metrics/formatTime.ts';

const eur: Unit = { currency: 'EUR' };
const cases: [number | null, Unit, Style, string][] = [
	[4821740, eur, 'exact', '€48,217.40'],
	[4821740, eur, 'card', '€48,217'],
	[4821740, eur, 'axis', '€48.2k'],
	[4821740, { currency: 'JPY' }, 'exact', '¥4,821,740'],
	[4821740, { currency: 'KWD' }, 'exact', 'KWD\u00a04,821.740'],
	[86120, eur, 'card', '€861.20'],
	[-86120, eur, 'card', '−€861.20'],
	[-4821740, eur, 'axis', '−€48.2k'],
	[99_99_949, eur, 'card', '€99,999'],
	[100_000_00, eur, 'card', '€100k'],
	[5, { currency: 'not a code' }, 'card', 'not a code 0.05'],
	[84213, 'count', 'card', '84.2k'],
	[84213, 'count', 'exact', '84,213'],
	[9412, 'count', 'card', '9,412'],
	[1_240_000, 'count', 'card', '1.24M'],
	[999_960, 'count', 'card', '1M'],
	[0.1 + 0.2, 'none', 'exact', '0.3'],
	[0.00012, 'none', 'card', '0.00012'],
	[-0, 'count', 'card', '0'],
	[-12, 'count', 'card', '−12'],
	[181, 'ms', 'card', '181 ms'],
	[1240, 'ms', 'card', '1.24 s'],
	[311_040, 's', 'card', '3.6 d'],
	[99.66, 'percent', 'card', '99.66%'],
	[99.981, 'percent', 'card', '99.98%'],
	[18.43, 'percent', 'card', '18.4%'],
	[0.1841, 'ratio', 'card', '18.4%'],
	[100, 'percent', 'card', '100%'],
	[1536, 'bytes', 'card', '1.5 KiB'],
	[12.345, 'perSecond', 'exact', '12.345/s'],
	[null, 'count', 'card', '–'],
	[NaN, 'count', 'card', '–'],
];

describe('values', () => {
	it.each(cases)('%d %j as %s is %s', (value, unit, style, text) => {
		expect(formatValue(value, unit, style)).toBe(text);
	});

	it('of a card have at most five digits', () => {
		for (let exponent = -3; exponent < 15; exponent += 0.37) {
			for (const unit of ['count', 'ms', 'bytes', 'percent', eur] as Unit[]) {
				const digits = formatValue(10 ** exponent, unit)
					.replaceAll(/\D/g, '')
					.replace(/^0+/, '');
				expect(digits.length, `${10 ** exponent} ${JSON.stringify(unit)}`).toBeLessThanOrEqual(5);
			}
		}
	});
});

describe('changes', () => {
	it('are relative, or in points for shares', () => {
		expect(changeOf(104.2, 100, 'count')).toBeCloseTo(0.042);
		expect(changeOf(18.4, 19, 'percent')).toBeCloseTo(-0.6);
		expect(changeOf(0.184, 0.19, 'ratio')).toBeCloseTo(-0.6);
		expect(changeOf(-50, -100, eur)).toBeCloseTo(0.5);
	});

	it('do not exist against nothing or from 0', () => {
		expect([
			changeOf(1, null, 'count'),
			changeOf(null, 1, 'count'),
			changeOf(5, 0, 'count'),
		]).toEqual([null, null, null]);
		expect(changeOf(0, 0, 'count')).toBe(0);
	});

	it('say which way and whether that is better', () => {
		expect(formatChange(0.042, 'count', 'up')).toEqual({
			text: '4.2%',
			way: 'up',
			verdict: 'good',
			spoken: 'up 4.2 percent, better',
		});
		expect(formatChange(0.206, 'count', 'down')).toMatchObject({ text: '20.6%', verdict: 'bad' });
		expect(formatChange(-0.6, 'percent', 'up')).toMatchObject({
			text: '0.6 pp',
			way: 'down',
			verdict: 'bad',
		});
		expect(formatChange(0.11, 'percent', 'up')).toMatchObject({ text: '0.11 pp' });
		expect(formatChange(0.04, 'count', 'none')).toMatchObject({ text: '4.0%', verdict: 'neutral' });
		expect(formatChange(0.0001, 'count', 'up')).toMatchObject({
			way: 'flat',
			verdict: 'neutral',
			spoken: 'unchanged',
		});
		expect(formatChange(null, 'count', 'up')).toBeNull();
	});
});

describe('times', () => {
	const zone = 'Europe/Berlin';
	const now = Date.UTC(2026, 10, 20, 12, 38, 21);

	it('read as in the pictures', () => {
		expect(formatBucket(Date.UTC(2026, 9, 19, 22), 'day', zone)).toBe('Tue 20 Oct 2026');
		expect(formatBucket(Date.UTC(2026, 9, 20, 12), 'hour', zone)).toBe('Tue 20 Oct 2026, 14:00');
		expect(formatBucket(Date.UTC(2026, 10, 15, 23), 'week', zone)).toBe('16 – 22 Nov 2026');
		expect(formatBucket(Date.UTC(2026, 9, 31, 23), 'month', zone)).toBe('Nov 2026');
		expect(formatRange(Date.UTC(2026, 9, 21, 22), now, zone)).toBe('22 Oct – 20 Nov 2026');
		expect(formatRange(Date.UTC(2025, 11, 31, 23), now, zone)).toBe('1 Jan – 20 Nov 2026');
		expect(formatRange(Date.UTC(2025, 11, 30, 23), now, zone)).toBe('31 Dec 2025 – 20 Nov 2026');
		expect(formatMoment(now, now, zone, true)).toBe('Today 13:38:21');
		expect(formatMoment(Date.UTC(2026, 10, 19, 1), now, zone)).toBe('Yesterday 02:00');
		expect(formatMoment(Date.UTC(2025, 10, 18, 8, 12), now, zone)).toBe('18 Nov 2025 09:12');
		expect(formatTick(Date.UTC(2025, 11, 31, 23), 'month', zone)).toBe('2026');
		expect(monthKey(Date.UTC(2026, 9, 31, 23), zone)).toBe('2026-11');
	});

	it('carry their offset in exports, the repeated hour too', () => {
		expect(formatIso(Date.UTC(2026, 9, 25, 0), 'hour', zone)).toBe('2026-10-25T02:00:00+02:00');
		expect(formatIso(Date.UTC(2026, 9, 25, 1), 'hour', zone)).toBe('2026-10-25T02:00:00+01:00');
		expect(formatIso(Date.UTC(2026, 9, 24, 22), 'day', zone)).toBe('2026-10-25');
	});

	it('of waiting and age are short', () => {
		expect([40_000, 240_000, 6_240_000, 4 * 86_400_000].map(formatAge)).toEqual([
			'40 s',
			'4 min',
			'1 h 44 min',
			'4 d',
		]);
		expect([170_000, 18_000, 900_000].map(formatRemaining)).toEqual([
			'2 min 50 s',
			'18 s',
			'15 min',
		]);
	});
});
