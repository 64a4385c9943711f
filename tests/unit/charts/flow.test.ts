import { describe, expect, it } from 'vitest';
import { flowRibbons, type FlowRow } from '../../../src/lib/charts/flow.ts';
import { describeChart } from '../../../src/lib/charts/describe.ts';

const frame = { width: 600, rowHeight: 19 };
const row = (id: string, points: number, state: FlowRow['state'] = 'flowing'): FlowRow => ({
	id,
	points,
	state,
});

describe('flowRibbons', () => {
	it('is thicker the more points came in, and never invisible', () => {
		const [small, large, none] = flowRibbons([row('a', 10), row('b', 10_000), row('c', 0)], frame);
		expect(large!.thickness).toBeGreaterThan(small!.thickness);
		expect(none!.thickness).toBeGreaterThan(2);
	});

	it('starts each ribbon at the middle of its row of text', () => {
		expect(flowRibbons([row('a', 1), row('b', 1)], frame).map((ribbon) => ribbon.startY)).toEqual([
			9.5, 28.5,
		]);
	});

	it('joins without overlap and in order', () => {
		const ribbons = flowRibbons(
			[row('a', 900), row('b', 5, 'waiting'), row('c', 40), row('d', 0, 'cut')],
			frame,
		);
		const ends = ribbons.map((ribbon) => Number(ribbon.d.split(' ').at(-1)));
		for (let index = 1; index < ends.length; index++) {
			const needed = (ribbons[index]!.thickness + ribbons[index - 1]!.thickness) / 2;
			expect(ends[index]! - ends[index - 1]!).toBeGreaterThanOrEqual(needed);
		}
	});

	it('draws what does not flow as a thread, whatever it brought before', () => {
		const [cut, waiting] = flowRibbons([row('a', 9999, 'cut'), row('b', 9999, 'waiting')], frame);
		expect(cut!.thickness).toBeLessThan(4);
		expect(waiting!.thickness).toBeLessThan(4);
	});
});

describe('describeChart', () => {
	const words = {
		name: 'MRR',
		starts: [1, 2, 3, 4],
		formatValue: (value: number) => `€${value}`,
		formatTime: (at: number) => `day ${at}`,
	};

	it('says range, first, last, lowest, highest and the gaps', () => {
		expect(describeChart({ ...words, values: [5, null, 9, 7] }, 'line chart')).toBe(
			'MRR, line chart, day 1 to day 4. First €5, last €7, lowest €5 on day 1, highest €9 on day 3. 1 gap.',
		);
	});

	it('says when there is no data', () => {
		expect(describeChart({ ...words, values: [null, null, null, null] }, 'bar chart')).toBe(
			'MRR, bar chart without data.',
		);
	});
});
