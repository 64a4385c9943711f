import { describe, expect, it } from 'vitest';
import {
	cardMark,
	cardState,
	comparedWith,
	countCards,
	emptyReason,
	freshText,
	lateReason,
	type Card,
} from '../../../src/routes/(app)/overview/card.ts';
import { flowBandRows, flowText } from '../../../src/routes/(app)/overview/flowRows.ts';
import { overviewQuery, parseOverviewView } from '../../../src/routes/(app)/overview/view.ts';

const NOW = Date.parse('2026-11-20T12:42:00Z');
const ZONE = 'Europe/Berlin';
const MINUTE_MS = 60_000;

const card = (more: object = {}): Card =>
	({
		value: 4_821_740,
		valueAt: NOW - MINUTE_MS,
		previous: 4_627_100,
		unit: { currency: 'EUR' },
		kind: 'gauge',
		direction: 'up',
		health: 'fresh',
		failure: null,
		lastPointAt: NOW - MINUTE_MS,
		...more,
	}) as unknown as Card;

describe('cardState', () => {
	const states: [object, string][] = [
		[{}, 'value'],
		[{ health: 'paused' }, 'value'],
		[{ health: 'late' }, 'late'],
		[{ health: 'waiting' }, 'late'],
		[{ health: 'needsReauth' }, 'broken'],
		[{ health: 'failing', value: null }, 'broken'],
		[{ health: 'syncing', value: null }, 'loading'],
		[{ health: 'syncing' }, 'value'],
		[{ health: 'never', value: null }, 'empty'],
		[{ value: 0 }, 'value'],
	];
	for (const [facts, state] of states) {
		it(`is ${state} for ${JSON.stringify(facts)}`, () =>
			expect(cardState(card(facts))).toBe(state));
	}
});

describe('cardMark', () => {
	it('carries the age of the newest point, in words too', () => {
		expect(cardMark(card(), NOW, ZONE)).toEqual({
			kind: 'fresh',
			text: '1 min',
			spoken: 'fresh, 1 min ago',
		});
	});

	it('never calls a series fresh that has no point', () => {
		expect(cardMark(card({ lastPointAt: null, value: null }), NOW, ZONE)).toMatchObject({
			kind: 'none',
			text: 'No data yet',
		});
	});

	it('says until when a service makes us wait', () => {
		const waiting = card({
			health: 'waiting',
			failure: {
				message: 'x',
				remedy: 'retry',
				code: 'RATE_LIMITED',
				retryAt: NOW + 23 * MINUTE_MS,
			},
		});
		expect(cardMark(waiting, NOW, ZONE)).toMatchObject({ kind: 'late', text: 'until 14:05' });
	});
});

describe('comparedWith', () => {
	const compared = { from: Date.parse('2026-10-21T22:00:00Z'), rangeDays: 30, timeZone: ZONE };

	it('names the day a level is compared with, the last before the range', () => {
		expect(comparedWith(card(), compared)).toBe('€46,271 on 21 Oct');
	});

	it('names the period an amount is compared with, and when lower is better', () => {
		const failed = card({ kind: 'delta', unit: 'count', previous: 28, direction: 'down' });
		expect(comparedWith(failed, compared)).toBe('28 previous 30 days · lower is better');
	});

	it('says nothing without a comparison', () =>
		expect(comparedWith(card({ previous: null }), compared)).toBeNull());
});

describe('what the Flow panel says', () => {
	const groups = (...cards: object[]) => [{ cards: cards.map(card) }] as never;

	it('counts as a complaint only what somebody should know of', () => {
		const counts = countCards(
			groups(
				{},
				{ health: 'syncing' },
				{ health: 'never', lastPointAt: null },
				{ health: 'syncing', lastPointAt: null },
				{ health: 'late' },
				{ health: 'waiting' },
				{ health: 'paused' },
				{ health: 'failing' },
				{ health: 'needsReauth' },
			),
		);
		expect(counts).toEqual({ fresh: 2, needALook: 5, notYet: 2 });
		expect(freshText(counts)).toBe('2 of 7 fresh');
	});

	it('has nothing to count before the first point', () => {
		const counts = countCards(groups({ health: 'never', lastPointAt: null }));
		expect(freshText(counts)).toBe('No points yet');
	});
});

describe('emptyReason', () => {
	const empty = (more: object) => emptyReason(card({ value: null, ...more }), NOW, ZONE);

	it('says that counting starts only where it starts', () => {
		expect(empty({ lastPointAt: null })).toContain('Counting starts now');
		expect(empty({})).toBe('Nothing in this range. Newest point: today 13:41.');
		expect(empty({ health: 'paused' })).toContain('paused');
	});
});

describe('lateReason', () => {
	it('prefers the reason the service gave', () => {
		expect(lateReason(card({ failure: { message: 'The quota is spent.' } }), NOW, ZONE)).toBe(
			'The quota is spent.',
		);
		expect(lateReason(card({ health: 'late' }), NOW, ZONE)).toContain('Today 13:41');
	});
});

describe('flowBandRows', () => {
	const source = (connectionId: string, health: string, points24h: number) =>
		({
			connectionId,
			health,
			points24h,
			name: connectionId,
			service: 's',
			icon: '',
			freshnessText: '',
		}) as never;

	it('keeps what needs a look and drops the quietest when there are too many, in the order given', () => {
		const flow = [
			...Array.from({ length: 12 }, (_, index) => source(`f${index}`, 'fresh', index)),
			source('broken', 'failing', 0),
		];
		const { rows, hidden } = flowBandRows(flow);
		expect(hidden).toBe(3);
		expect(rows.map((row) => row.id)).toEqual([
			'f3',
			'f4',
			'f5',
			'f6',
			'f7',
			'f8',
			'f9',
			'f10',
			'f11',
			'broken',
		]);
		expect(rows.at(-1)!.state).toBe('cut');
	});
});

describe('flowText', () => {
	it('counts a fresh age on and leaves other words as they are', () => {
		const source = { lastSuccessAt: NOW - 40_000, freshnessText: '10 s' };
		expect(flowText({ ...source, health: 'fresh' }, NOW)).toBe('40 s');
		expect(flowText({ ...source, health: 'waiting', freshnessText: 'until 14:05' }, NOW)).toBe(
			'until 14:05',
		);
	});
});

describe('the address of Overview', () => {
	it('says every choice and nothing about defaults', () => {
		expect(overviewQuery({ rangeDays: 30, compare: true, needsALook: false })).toBe('');
		const view = { rangeDays: 365, compare: false, needsALook: true } as const;
		expect(parseOverviewView(new URLSearchParams(overviewQuery(view)))).toEqual(view);
	});

	it('takes nonsense for the default', () => {
		expect(parseOverviewView(new URLSearchParams('range=-5&compare=maybe')).rangeDays).toBe(30);
	});
});
