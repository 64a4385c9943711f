import { describe, expect, it } from 'vitest';
import { cursorAfterKey, placeTip } from '../../../src/lib/charts/hitTest.ts';

describe('cursorAfterKey', () => {
	it('enters at the last bucket, then steps and stops at the ends', () => {
		expect(cursorAfterKey('ArrowLeft', null, 5)).toBe(4);
		expect(cursorAfterKey('ArrowLeft', 4, 5)).toBe(3);
		expect(cursorAfterKey('ArrowRight', 4, 5)).toBe(4);
		expect(cursorAfterKey('Home', 3, 5)).toBe(0);
		expect(cursorAfterKey('PageUp', 3, 30)).toBe(0);
		expect(cursorAfterKey('End', 0, 5)).toBe(4);
	});

	it('leaves other keys alone and does nothing without buckets', () => {
		expect(cursorAfterKey('x', 2, 5)).toBeNull();
		expect(cursorAfterKey('ArrowLeft', null, 0)).toBeNull();
	});
});

describe('placeTip', () => {
	const size = { width: 200, height: 120, frameWidth: 800, frameHeight: 300 };

	it('sits below and to the right of the point', () => {
		expect(placeTip({ x: 100, y: 50, ...size })).toEqual({ left: 114, top: 64 });
	});

	it('changes sides near the right edge and never covers the point', () => {
		const { left } = placeTip({ x: 700, y: 50, ...size });
		expect(left + size.width).toBeLessThan(700);
	});

	it('stays inside the frame', () => {
		expect(placeTip({ x: 100, y: 290, ...size }).top).toBe(180);
	});
});
