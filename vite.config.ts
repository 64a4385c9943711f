import tailwindcss from '@tailwindcss/vite';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { embeddedInDev } from './src/tools/viteEmbedded.ts';

/**
 * What every page of the app needs, in one file: our modules and the icons are many and tiny, and each as a file of
 * its own compresses badly and costs a request. Their dependencies (Svelte, the Convex client) come along.
 */
const SHELL = {
	name: 'shell',
	test: /\/src\/(routes\/\(app\)\/(\+layout|shell\/(Sidebar|PhoneBars|UserMenu)|LoadFailure)\.svelte|lib\/ui\/(Button|DeltaChip|EmptyState|Freshness|PageHeader|Segmented|ServiceIcon|Skeleton|Switch)\.svelte|lib\/metrics\/format)/,
};

export default defineConfig({
	plugins: [tailwindcss(), sveltekit(), embeddedInDev()],
	build: { rolldownOptions: { checks: { pluginTimings: false } } },
	environments: {
		client: {
			build: { rolldownOptions: { output: { codeSplitting: { groups: [SHELL] } } } },
		},
	},
	// A dependency found late would reload the page under a running browser test.
	optimizeDeps: {
		entries: ['src/**/*.{svelte,ts}', 'tests/component/**/*.ts'],
		exclude: ['lucide-svelte'],
	},
});
