import { describe, expect, it } from 'vitest';
import { isCurrent } from '../../../src/routes/(app)/shell/currentPage.ts';
import { findDestinations, type Destination } from '../../../src/routes/(app)/shell/palette.ts';
import { shortcutFor, type KeyPress } from '../../../src/routes/(app)/shell/shortcuts.ts';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
	key,
	ctrlKey: false,
	metaKey: false,
	altKey: false,
	isTyping: false,
	isAfterG: false,
	areLettersOff: false,
	...more,
});

describe('shortcutFor', () => {
	it('opens the search by Ctrl K and ⌘ K, also while typing', () => {
		expect(shortcutFor(press('k', { ctrlKey: true, isTyping: true }))).toEqual({ do: 'search' });
		expect(shortcutFor(press('K', { metaKey: true }))).toEqual({ do: 'search' });
	});

	it('goes to a page by G and its letter', () => {
		expect(shortcutFor(press('g'))).toEqual({ do: 'awaitGoTo' });
		expect(shortcutFor(press('m', { isAfterG: true }))).toEqual({ do: 'goTo', key: 'm' });
	});

	it('leaves letters to whoever types and to those who switched them off', () => {
		for (const key of ['g', '/', '?']) {
			expect(shortcutFor(press(key, { isTyping: true }))).toBeNull();
			expect(shortcutFor(press(key, { areLettersOff: true }))).toBeNull();
		}
	});

	it('leaves the browser its own: Ctrl G, Alt /', () => {
		expect(shortcutFor(press('g', { ctrlKey: true }))).toBeNull();
		expect(shortcutFor(press('/', { altKey: true }))).toBeNull();
	});
});

describe('isCurrent', () => {
	it('lights the page above, but Overview only for itself', () => {
		expect(isCurrent('/metrics', '/metrics/abc')).toBe(true);
		expect(isCurrent('/', '/metrics')).toBe(false);
		expect(isCurrent('/metrics', '/metricsother')).toBe(false);
	});
});

describe('findDestinations', () => {
	const all: Destination[] = [
		{ href: '/', label: 'Overview', kind: 'Page', group: 'Pages' },
		{ href: '/metrics/1', label: 'Open issues', kind: 'acme/web', group: 'Metrics' },
		{ href: '/metrics/2', label: 'Stars', kind: 'acme/stars', group: 'Metrics' },
		{
			href: '/integrations/stripe',
			label: 'Stripe',
			kind: 'Connect an account',
			group: 'Services',
		},
	];

	it('offers what is there before anything is typed, without the whole catalogue', () => {
		expect(findDestinations(all, ' ').map((item) => item.label)).toEqual([
			'Overview',
			'Open issues',
			'Stars',
		]);
	});

	it('finds by name and by what it belongs to, beginnings first', () => {
		expect(findDestinations(all, 'st').map((item) => item.label)).toEqual(['Stars', 'Stripe']);
		expect(findDestinations(all, 'acme open').map((item) => item.label)).toEqual(['Open issues']);
	});
});
