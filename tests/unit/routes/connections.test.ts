import { describe, expect, it } from 'vitest';
import {
	filledShare,
	monthName,
	pagesText,
	progressView,
	secondsLeft,
	slicesOf,
	stripLabels,
} from '../../../src/routes/(app)/connections/[connectionId]/history.ts';
import { machineLines } from '../../../src/routes/(app)/connections/[connectionId]/passport.ts';
import { settingRows } from '../../../src/routes/(app)/connections/[connectionId]/settingRows.ts';
import { asCurl } from '../../../src/routes/(app)/connections/curl.ts';
import { freshnessText, summaryText } from '../../../src/routes/(app)/connections/freshnessText.ts';
import { consequencesOf } from '../../../src/routes/(app)/connections/removal.ts';
import {
	causeText,
	everyText,
	requestResult,
	runTitle,
	statusTone,
	stepName,
	tookMs,
} from '../../../src/routes/(app)/connections/runText.ts';
import { byUrgency } from '../../../src/routes/(app)/health.ts';

describe('history', () => {
	const months = [
		{ month: '2026-08', filled: 0 },
		{ month: '2026-09', filled: 0.4 },
		{ month: '2026-10', filled: 1 },
	];

	it('tells finished, current and queued months apart', () => {
		expect(slicesOf(months).map((slice) => slice.state)).toEqual(['queued', 'current', 'complete']);
		expect(slicesOf([{ month: '2026-10', filled: 1.7 }])[0]?.filled).toBe(1);
		expect(filledShare(months)).toBeCloseTo(1.4 / 3);
		expect(filledShare([])).toBe(0);
	});

	it('names months whatever zone the test runs in', () => {
		expect(monthName('2026-08')).toBe('Aug 2026');
		expect(stripLabels(months)).toEqual({
			first: 'Aug 2026',
			middle: null,
			last: 'Oct 2026, today',
		});
	});

	it('marks an estimated end as one', () => {
		expect(pagesText(61, 510, false)).toBe('61 of ~510');
		expect(pagesText(61, null, false)).toBe('61');
		expect(pagesText(600, 510, false)).toBe('600 of ~600');
		expect(pagesText(1510, 510, true)).toBe('1,510');
	});

	it('counts a wait down to zero and not below', () => {
		expect(secondsLeft(10_000, 1_500)).toBe(9);
		expect(secondsLeft(10_000, 20_000)).toBe(0);
		expect(secondsLeft(null, 0)).toBe(0);
	});

	it('knows a face for every state of a run', () => {
		const states = [
			'queued',
			'running',
			'waiting',
			'succeeded',
			'failed',
			'needsReauth',
			'canceled',
			'paused',
		];
		expect(states.map(progressView)).toEqual([
			'fetching',
			'fetching',
			'waiting',
			'done',
			'broken',
			'broken',
			'paused',
			'paused',
		]);
	});
});

describe('runs in words', () => {
	it('names what ran and how it ended, unless it simply went well', () => {
		expect(runTitle({ kind: 'backfill', state: 'succeeded' })).toBe('History');
		expect(runTitle({ kind: 'refresh', state: 'failed' })).toBe('Refresh, failed');
	});

	it('says who or what started it', () => {
		expect(causeText({ cause: 'schedule', causedBy: null }, 5)).toBe('schedule, every 5 min');
		expect(causeText({ cause: 'person', causedBy: 'Maya' })).toBe('asked for by Maya');
		expect(causeText({ cause: 'recovery', causedBy: null })).toBe('picked up after a restart');
		expect(everyText(60)).toBe('every hour');
		expect(everyText(720)).toBe('every 12 hours');
		expect(everyText(1440)).toBe('every day');
	});

	it('measures a run that still goes on up to now', () => {
		expect(tookMs({ startedAt: 1000, endedAt: null }, 4000)).toBe(3000);
		expect(tookMs({ startedAt: 1000, endedAt: 1500 }, 4000)).toBe(500);
		expect(tookMs({ startedAt: 5000, endedAt: null }, 4000)).toBe(0);
	});

	it('reads requests and steps', () => {
		expect(requestResult({ rows: 100, bytes: 9, errorCode: null })).toBe('100 rows');
		expect(requestResult({ rows: null, bytes: 0, errorCode: 'TIMEOUT' })).toBe('TIMEOUT');
		expect(requestResult({ rows: null, bytes: 12_288, errorCode: null })).toBe('12 KiB');
		expect([200, 304, 429, 404, 503, null].map(statusTone)).toEqual([
			'good',
			'warn',
			'warn',
			'bad',
			'bad',
			'bad',
		]);
		expect(stepName('openSecret')).toBe('Open secret');
		expect(stepName('evaluateAlerts')).toBe('Evaluate alerts');
	});
});

describe('copying as cURL', () => {
	it('never holds a credential and quotes what the shell would read', () => {
		const request = { method: 'get', path: "/api/v1/query?query=up{job='a'}" };
		const command = asCurl(request, 'http://127.0.0.1:9090/', 'secretText');
		expect(command).toBe(
			`curl --header 'Authorization: Bearer YOUR_KEY' 'http://127.0.0.1:9090/api/v1/query?query=up{job='\\''a'\\''}'`,
		);
		expect(asCurl(request, null, 'basic')).toContain(`--user 'NAME:PASSWORD'`);
		expect(asCurl({ method: 'POST', path: 'https://api.acme.eu/x' }, null, 'none')).toBe(
			`curl --request POST 'https://api.acme.eu/x'`,
		);
	});
});

describe('removing', () => {
	it('lists what stops, what stays and what goes, with numbers', () => {
		const impact = { metrics: 9, points: 48204, runs: 1 };
		const names = ['MRR', 'ARR', 'Net revenue', 'Refunds'];
		const kept = consequencesOf(impact, names, true);
		expect(kept.map((one) => one.title)).toEqual([
			'9 metrics stop updating',
			'48,204 points stay readable',
			'The log of 1 run is deleted',
		]);
		expect(kept[0]?.detail).toBe('MRR, ARR, Net revenue and 1 more');
		expect(consequencesOf(impact, names, false)[1]?.title).toBe('48,204 points are deleted');
	});
});

describe('list of connections', () => {
	const row = (name: string, health: 'fresh' | 'late' | 'needsReauth' | 'never') => ({
		name,
		health,
		lastSuccessAt: health === 'never' ? null : 0,
	});
	const rows = [row('B', 'fresh'), row('A', 'fresh'), row('C', 'needsReauth'), row('D', 'late')];

	it('puts what needs a look first', () => {
		expect(byUrgency(rows).map(({ name }) => name)).toEqual(['C', 'D', 'A', 'B']);
		expect(summaryText(rows)).toBe('4 connections: 2 fresh, 2 need a look.');
	});

	it('gives every state a word and, where it helps, an age', () => {
		expect(freshnessText(row('A', 'fresh'), 120_000)).toBe('Fresh, 2 min ago');
		expect(freshnessText({ health: 'paused', lastSuccessAt: 0 }, 120_000)).toBe(
			'Paused, as of 2 min ago',
		);
		expect(freshnessText(row('C', 'needsReauth'), 120_000)).toBe('Reconnect needed');
		expect(freshnessText(row('E', 'never'), 120_000)).toBe('No data yet');
	});
});

describe('passport and settings', () => {
	it('fills both lines to one width', () => {
		const [first, second] = machineLines({
			service: 'this-server',
			accountName: 'Ácme & Söhne GmbH, a company with a long name',
			accountId: 'acct_1KfQ2LHx9bT0',
			readable: 9,
			createdAt: Date.UTC(2025, 2, 14),
		});
		expect(first).toMatch(/^TRB<THIS<SERVER<<ACME<SOHNE<GMBH/);
		expect(second).toContain('R9W0<<20250314');
		expect([first.length, second.length]).toEqual([32, 32]);
	});

	it('never lists a secret, even one that was stored by mistake', () => {
		const rows = settingRows(
			[
				{ name: 'token', label: 'Token', kind: 'secret', required: true },
				{ name: 'baseUrl', label: 'Address', kind: 'url', required: true },
				{ name: 'queries', label: 'Metrics', kind: 'queries', required: true },
				{ name: 'empty', label: 'Empty', kind: 'text', required: false },
			],
			{ token: 's3cret', baseUrl: 'http://a', queries: [{ name: 'Up', query: 'up' }], empty: '' },
		);
		expect(rows.map((row) => [row.label, row.lines])).toEqual([
			['Address', ['http://a']],
			['Metrics', ['Up: up']],
		]);
	});
});
