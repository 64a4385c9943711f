import Blocks from 'lucide-svelte/icons/blocks';
import ChartLine from 'lucide-svelte/icons/chart-line';
import LayoutGrid from 'lucide-svelte/icons/layout-grid';
import ListChecks from 'lucide-svelte/icons/list-checks';
import Plug from 'lucide-svelte/icons/plug';

export interface ShellPage {
	href: string;
	label: string;
	/** Where five words must fit side by side. */
	shortLabel?: string;
	icon: typeof Plug;
	group: 'top' | 'sources';
	/** Pressed after G. */
	key: string;
}

/** The pages of the shell, in the order of every menu. */
export const shellPages: readonly ShellPage[] = [
	{ href: '/', label: 'Overview', icon: LayoutGrid, group: 'top', key: 'o' },
	{ href: '/metrics', label: 'Metrics', icon: ChartLine, group: 'top', key: 'm' },
	{
		href: '/integrations',
		label: 'Integrations',
		shortLabel: 'Services',
		icon: Blocks,
		group: 'sources',
		key: 'i',
	},
	{
		href: '/connections',
		label: 'Connections',
		shortLabel: 'Sources',
		icon: Plug,
		group: 'sources',
		key: 'c',
	},
	{
		href: '/sync-runs',
		label: 'Sync runs',
		shortLabel: 'Runs',
		icon: ListChecks,
		group: 'sources',
		key: 'r',
	},
];
