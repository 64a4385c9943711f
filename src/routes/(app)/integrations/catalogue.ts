import type { Health } from '../../../lib/metrics/freshness.ts';
import { healthLook, isWorthAWord } from '../health.ts';

/** The part of an integration the catalogue searches and groups by. */
export interface CatalogueItem {
	id: string;
	name: string;
	description: string;
	category: string;
	metricNames: string[];
	connectedCount: number;
	worstHealth: Health | null;
}

const categoryNames: Record<string, string> = {
	payment: 'Payments and revenue',
	analytics: 'Web and product',
	marketing: 'Marketing and social',
	communication: 'Team and communication',
	development: 'Development',
	operations: 'Operations',
};

/** What a category is called; an unknown one is shown by its own name rather than hidden. */
export function categoryName(category: string): string {
	return categoryNames[category] ?? category.charAt(0).toUpperCase() + category.slice(1);
}

export type CatalogueFilter = 'all' | 'connected' | (string & {});

/** The rail: everything, what is connected, then each category that has a service, in a fixed order. */
export function railOf(
	items: readonly CatalogueItem[],
): { id: CatalogueFilter; name: string; count: number }[] {
	const known = Object.keys(categoryNames);
	const present = [...new Set(items.map((item) => item.category))].sort(
		(a, b) => (known.indexOf(a) + 1 || 99) - (known.indexOf(b) + 1 || 99),
	);
	return [
		{ id: 'all', name: 'All', count: items.length },
		{
			id: 'connected',
			name: 'Connected',
			count: items.filter((item) => item.connectedCount > 0).length,
		},
		...present.map((category) => ({
			id: category,
			name: categoryName(category),
			count: items.filter((item) => item.category === category).length,
		})),
	];
}

function words(text: string): string {
	return text
		.normalize('NFKD')
		.replace(/[\u0300-\u036f]/g, '')
		.toLowerCase();
}

/** Lower is better; null when nothing matches. A service's own name wins over one of its metrics. */
function rank(item: CatalogueItem, query: string): number | null {
	const name = words(item.name);
	if (name.startsWith(query)) return 0;
	if (name.includes(query)) return 1;
	if (item.metricNames.some((metric) => words(metric).includes(query))) return 2;
	if (words(item.description).includes(query)) return 3;
	return null;
}

/** Services that match the search and the rail, best first; the given order decides between equals. */
export function searchCatalogue<T extends CatalogueItem>(
	items: readonly T[],
	search: string,
	filter: CatalogueFilter = 'all',
): T[] {
	const query = words(search.trim());
	return items
		.filter((item) =>
			filter === 'all'
				? true
				: filter === 'connected'
					? item.connectedCount > 0
					: item.category === filter,
		)
		.map((item) => ({ item, rank: query === '' ? 0 : rank(item, query) }))
		.filter((entry): entry is { item: T; rank: number } => entry.rank !== null)
		.sort((a, b) => a.rank - b.rank)
		.map((entry) => entry.item);
}

/** The metrics a search hit, so that the card can say why it is there. Empty when the name matched. */
export function matchedMetrics(item: CatalogueItem, search: string): string[] {
	const query = words(search.trim());
	if (query === '' || words(item.name).includes(query)) return [];
	return item.metricNames.filter((metric) => words(metric).includes(query));
}

/** The matches by category, in the rail's order, without empty groups. */
export function groupsOf<T extends CatalogueItem>(
	items: readonly T[],
): { category: string; name: string; items: T[] }[] {
	return railOf(items)
		.slice(2)
		.map(({ id, name }) => ({
			category: id,
			name,
			items: items.filter((item) => item.category === id),
		}));
}

/** Edits needed to turn one word into the other; small words only, so the plain table is enough. */
function editDistance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}

/** The service a misspelt search most likely means; null when none is near. */
export function didYouMean(items: readonly CatalogueItem[], search: string): string | null {
	const query = words(search.trim());
	// One wrong letter in three is a typo; more is another word.
	const limit = Math.max(1, Math.floor(query.length / 3));
	let best: { name: string; distance: number } | null = null;
	for (const { name } of items) {
		const distance = editDistance(query, words(name));
		if (distance <= limit && (best === null || distance < best.distance)) best = { name, distance };
	}
	return best?.name ?? null;
}

/** Bottom right of a card: what is connected and how its worst connection is, else what it measures. */
export function cardState(item: CatalogueItem & { metricCount: number }): {
	health: Health | null;
	text: string;
} {
	if (item.connectedCount === 0 || item.worstHealth === null)
		return {
			health: null,
			// A single entry is a whole kind of metric, such as "Your PromQL queries": its name says more than "1".
			text:
				item.metricCount === 1
					? (item.metricNames[0] ?? '1 metric')
					: `${item.metricCount} metrics`,
		};
	return {
		health: item.worstHealth,
		text: isWorthAWord(item.worstHealth)
			? healthLook(item.worstHealth).word
			: `${item.connectedCount} connected`,
	};
}
