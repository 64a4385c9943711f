import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const node = { environment: 'node' as const, testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
	test: {
		projects: [
			{
				plugins: [svelte()],
				test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], ...node },
			},
			{ test: { name: 'integrations', include: ['tests/integrations/**/*.test.ts'], ...node } },
			{ test: { name: 'system', include: ['tests/system/**/*.test.ts'], ...node, pool: 'forks' } },
			{ test: { name: 'architecture', include: ['tests/architecture/**/*.test.ts'], ...node } },
			{
				test: {
					name: 'convex',
					include: ['tests/convex/**/*.test.ts', 'tests/embedded/cases/convexTest.test.ts'],
					environment: 'edge-runtime',
					server: { deps: { inline: ['convex-test'] } },
					testTimeout: 30_000,
				},
			},
			{
				test: {
					name: 'embedded',
					include: ['tests/embedded/**/*.test.ts'],
					exclude: ['tests/embedded/cases/convexTest.test.ts'],
					// Each file starts servers and child processes of its own; forks keep their globals apart.
					pool: 'forks',
					...node,
				},
			},
		],
	},
});
