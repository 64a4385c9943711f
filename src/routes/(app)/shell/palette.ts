import { matchOptions } from '../../../lib/ui/options.ts';

/** Something the palette can jump to. */
export interface Destination {
	href: string;
	label: string;
	/** "Metric, acme/web": what it is. */
	kind: string;
	/** Address of a service's icon; pages have none. */
	icon?: string;
	/** Which heading it stands under. */
	group: 'Pages' | 'Metrics' | 'Connections' | 'Services';
}

/** More than this is not read but scrolled; typing another letter is quicker. */
const MAX_RESULTS = 12;

/** Destinations that match what was typed: those whose name begins with it first, else in the order given. */
export function findDestinations(all: readonly Destination[], typed: string): Destination[] {
	if (!typed.trim()) return all.filter((item) => item.group !== 'Services').slice(0, MAX_RESULTS);
	const start = typed.trim().toLowerCase();
	const byHref = new Map(all.map((item) => [item.href, item]));
	const matches = matchOptions(
		all.map((item) => ({ value: item.href, label: item.label, description: item.kind })),
		typed,
	).flatMap((option) => byHref.get(option.value) ?? []);
	const rank = (item: Destination) => (item.label.toLowerCase().startsWith(start) ? 0 : 1);
	return matches
		.map((item, index) => ({ item, index }))
		.sort((a, b) => rank(a.item) - rank(b.item) || a.index - b.index)
		.map(({ item }) => item)
		.slice(0, MAX_RESULTS);
}
