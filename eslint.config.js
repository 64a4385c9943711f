import convexPlugin from '@convex-dev/eslint-plugin';
import prettier from 'eslint-config-prettier';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
	{
		ignores: [
			'node_modules',
			'build',
			'.svelte-kit',
			'convex/_generated',
			'**/*.generated.ts',
			'tests/embedded/fixtures',
			'static',
		],
	},
	...ts.configs.recommended,
	...svelte.configs.recommended,
	prettier,
	{
		languageOptions: { globals: { ...globals.browser, ...globals.node } },
		rules: {
			'no-undef': 'off',
			'@typescript-eslint/no-unused-vars': [
				'error',
				{ argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
			],
			'svelte/no-navigation-without-resolve': 'off',
		},
	},
	{
		files: ['src/**/*.ts', 'convex/**/*.ts'],
		languageOptions: {
			parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
		},
		rules: { '@typescript-eslint/no-floating-promises': 'error' },
	},
	{
		files: ['**/*.svelte', '**/*.svelte.ts'],
		languageOptions: {
			parserOptions: {
				projectService: true,
				extraFileExtensions: ['.svelte'],
				parser: ts.parser,
				svelteConfig,
			},
		},
	},
	...convexPlugin.configs.recommended.map((config) => ({ ...config, files: ['convex/**/*.ts'] })),
);
