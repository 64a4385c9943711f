import { describe, expect, it } from 'vitest';
import {
	cardState,
	didYouMean,
	groupsOf,
	matchedMetrics,
	railOf,
	searchCatalogue,
} from '../../../src/routes/(app)/integrations/catalogue.ts';

const item = (
	id: string,
	name: string,
	category: string,
	metricNames: string[],
	connectedCount = 0,
) => ({
	id,
	name,
	category,
	metricNames,
	connectedCount,
	description: `Numbers of ${name}.`,
	metricCount: metricNames.length,
	worstHealth: connectedCount > 0 ? ('fresh' as const) : null,
});
const items = [
	item('github', 'GitHub', 'development', ['Stars', 'Open issues'], 2),
	item('prometheus', 'Prometheus', 'operations', ['Your queries']),
	item('this-server', 'This server', 'operations', ['Memory', 'Live subscribers']),
];
const ids = (list: { id: string }[]) => list.map(({ id }) => id);

describe('search', () => {
	it('finds services by name and by what they measure', () => {
		expect(ids(searchCatalogue(items, 'git'))).toEqual(['github']);
		expect(ids(searchCatalogue(items, 'SUBSCRIB'))).toEqual(['this-server']);
		expect(ids(searchCatalogue(items, ''))).toEqual(['github', 'prometheus', 'this-server']);
	});

	it('puts a service called so before one that measures so', () => {
		const more = [
			item('a', 'Gauge', 'operations', ['Stars made']),
			item('b', 'Stars', 'analytics', []),
		];
		expect(ids(searchCatalogue(more, 'stars'))).toEqual(['b', 'a']);
	});

	it('says which metric matched when the name did not', () => {
		expect(matchedMetrics(items[0]!, 'star')).toEqual(['Stars']);
		expect(matchedMetrics(items[0]!, 'git')).toEqual([]);
	});

	it('narrows by the rail and the search together', () => {
		expect(ids(searchCatalogue(items, '', 'connected'))).toEqual(['github']);
		expect(ids(searchCatalogue(items, 'memory', 'development'))).toEqual([]);
	});
});

describe('rail and groups', () => {
	it('S3-15 every service appears once, in its own category, with true counts', () => {
		expect(railOf(items)).toEqual([
			{ id: 'all', name: 'All', count: 3 },
			{ id: 'connected', name: 'Connected', count: 1 },
			{ id: 'development', name: 'Development', count: 1 },
			{ id: 'operations', name: 'Operations', count: 2 },
		]);
		expect(groupsOf(items).map((group) => [group.category, ids(group.items)])).toEqual([
			['development', ['github']],
			['operations', ['prometheus', 'this-server']],
		]);
	});

	it('shows a category of tomorrow by its own name', () => {
		expect(railOf([item('x', 'X', 'weather', [])]).at(-1)?.name).toBe('Weather');
	});
});

describe('didYouMean', () => {
	it('forgives a letter or two, not another word', () => {
		expect(didYouMean(items, 'promethus')).toBe('Prometheus');
		expect(didYouMean(items, 'githbu')).toBe('GitHub');
		expect(didYouMean(items, 'quickbooks')).toBeNull();
	});
});

describe('cardState', () => {
	it('shows the count while all is well and the trouble when it is not', () => {
		expect(cardState(items[0]!)).toEqual({ health: 'fresh', text: '2 connected' });
		expect(cardState({ ...items[0]!, worstHealth: 'needsReauth' }).text).toBe('Reconnect needed');
		expect(cardState(items[2]!)).toEqual({ health: null, text: '2 metrics' });
		expect(cardState(items[1]!).text).toBe('Your queries');
	});
});
