import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCell, csvFileName, toCsv } from '../../../src/lib/charts/csv.ts';

describe('csvCell', () => {
	it('makes text that a spreadsheet would run into text it shows', () => {
		const attacks = ['=1+1', '+49', '-2', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1'];
		for (const attack of attacks) expect(csvCell(attack).replace(/^"/, '')).toMatch(/^'/);
	});

	it('keeps a negative number a number', () => {
		expect(csvCell(-861.2)).toBe('-861.2');
	});

	it('quotes commas, quotes and line breaks', () => {
		expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
		expect(csvCell('a\nb')).toBe('"a\nb"');
	});

	it('leaves no data empty, never zero', () => {
		expect(csvCell(null)).toBe('');
		expect(csvCell(Number.NaN)).toBe('');
	});

	it('lets no text begin as a formula, whatever it is', () => {
		fc.assert(
			fc.property(fc.string(), (text) => {
				const shown = csvCell(text).replace(/^"/, '').replaceAll('""', '"');
				expect(shown).not.toMatch(/^\s*[=+\-@]/);
			}),
		);
	});
});

describe('toCsv', () => {
	it('begins with the mark that makes Excel read UTF-8 and ends lines with CRLF', () => {
		expect(
			toCsv([
				['Day', '€'],
				['2026-11-20', 1],
			]),
		).toBe('\uFEFFDay,€\r\n2026-11-20,1\r\n');
	});
});

describe('csvFileName', () => {
	it('keeps to signs every system takes', () => {
		expect(csvFileName(['API latency, p95', '../acme', '2026-10-22'])).toBe(
			'api-latency-p95_acme_2026-10-22.csv',
		);
		expect(csvFileName(['…'])).toBe('tributary.csv');
	});
});
