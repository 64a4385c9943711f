import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { startTributary, type Tributary } from '../support/tributary.ts';
import { connectThisServer, createOwner, signIn } from './support/steps.ts';

const PAGES = [
	'/',
	'/welcome',
	'/integrations',
	'/integrations/prometheus',
	'/integrations/github',
	'/integrations/this-server',
	'/connections',
	'/metrics',
	'/sync-runs',
	'/settings',
];

let tributary: Tributary;
test.beforeAll(async () => {
	tributary = await startTributary();
});
test.afterAll(() => tributary?.dispose());

for (const theme of ['light', 'dark'] as const) {
	test(`axe finds nothing serious on any page, ${theme}`, async ({ page }) => {
		test.setTimeout(240_000);
		await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
		const found: string[] = [];
		async function inspect(what: string) {
			const { violations } = await new AxeBuilder({ page }).analyze();
			for (const { id, impact, nodes } of violations) {
				if (impact === 'serious' || impact === 'critical')
					found.push(`${what}: ${id} at ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
			}
		}
		await page.goto(tributary.origin);
		await page.waitForLoadState('networkidle');
		await inspect(theme === 'light' ? 'setup' : 'sign-in');
		if (theme === 'light') {
			await createOwner(page, tributary.origin);
			await connectThisServer(page, tributary.origin);
		} else {
			await signIn(page, tributary.origin);
			await expect(page).toHaveURL(`${tributary.origin}/`);
		}
		await page.goto(`${tributary.origin}/connections`);
		const connection = await page
			.getByRole('link', { name: /This server/ })
			.first()
			.getAttribute('href');
		await page.goto(`${tributary.origin}/metrics`);
		const metric = await page.locator('a[href^="/metrics/"]').first().getAttribute('href');
		for (const path of [...PAGES, connection!, metric!]) {
			await page.goto(tributary.origin + path);
			await expect(page.locator('h1').first()).toBeVisible();
			await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
			await inspect(path);
		}
		expect(found).toEqual([]);
	});
}
