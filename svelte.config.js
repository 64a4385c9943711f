import adapter from '@sveltejs/adapter-node';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
export default {
	preprocess: vitePreprocess(),
	compilerOptions: {
		runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true),
	},
	kit: {
		adapter: adapter({ out: 'build', precompress: true }),
		alias: { $convex: 'convex' },
		typescript: {
			config: (config) => ({
				...config,
				include: [
					...config.include,
					'../convex/**/*.ts',
					'../playwright.config.ts',
					'../vitest.config.ts',
				],
			}),
		},
	},
};
