import type { Manifest } from '../../../../src/lib/server/integrations/sdk/manifest.ts';

/** A service that declares one property of every kind, for forms in tests. */
export const manifest: Manifest = {
	id: 'gauges',
	name: 'Gauges',
	description: 'Numbers you name.',
	category: 'operations',
	icon: '/integrations/gauges.svg',
	auth: [
		{ id: 'none', kind: 'none', label: 'No key', properties: [] },
		{
			id: 'basic',
			kind: 'basic',
			label: 'Name and password',
			properties: [
				{ name: 'username', label: 'User name', kind: 'text', required: true },
				{ name: 'password', label: 'Password', kind: 'secret', required: true },
			],
		},
	],
	settings: [
		{ name: 'baseUrl', label: 'Address', kind: 'url', required: true },
		{ name: 'project', label: 'Project', kind: 'text', required: false },
		{
			name: 'boxes',
			label: 'Boxes',
			kind: 'multiSelect',
			required: false,
			hasOptionsResolver: true,
			dependsOn: ['baseUrl', 'password'],
		},
		{ name: 'queries', label: 'Metrics', kind: 'queries', required: true, hasPreview: true },
		{ name: 'step', label: 'Step', kind: 'number', required: false, default: 60, isAdvanced: true },
		{ name: 'strict', label: 'Strict', kind: 'checkbox', required: false, isAdvanced: true },
	],
	metrics: [],
	guide: { title: 'Where it answers', steps: ['Find its address.'] },
	quirks: [],
	dataStrategy: 'hybrid',
	shouldBackfill: true,
	historicalDays: 30,
	syncEveryMinutes: 5,
	rateLimit: null,
	hasEstimate: true,
};
