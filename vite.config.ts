import tailwindcss from '@tailwindcss/vite';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { embeddedInDev } from './src/tools/viteEmbedded.ts';

export default defineConfig({
	plugins: [tailwindcss(), sveltekit(), embeddedInDev()],
	build: { rolldownOptions: { checks: { pluginTimings: false } } },
	// A dependency found late would reload the page under a running browser test.
	optimizeDeps: {
		entries: ['src/**/*.{svelte,ts}', 'tests/component/**/*.ts'],
		exclude: ['lucide-svelte'],
	},
});
