import { defineConfig } from '@playwright/test';

/** Flags of stack.md: no sandbox as root, and nothing that phones home. */
const args = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

export default defineConfig({
	testDir: 'tests/e2e',
	projects: [
		{ name: 'e2e', testMatch: '**/*.e2e.ts' },
		{ name: 'screenshots', testMatch: '**/*.shots.ts' },
	],
	// Every file starts a server of its own; two at once would share two cores with their browsers.
	workers: 1,
	retries: 0,
	timeout: 180_000,
	expect: { timeout: 20_000 },
	outputDir: 'test-results',
	use: {
		browserName: 'chromium',
		launchOptions: { executablePath: process.env.CHROMIUM_PATH, args },
		viewport: { width: 1440, height: 900 },
		locale: 'en-GB',
		timezoneId: 'Europe/Berlin',
		trace: 'retain-on-failure',
	},
});
