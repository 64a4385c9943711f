import { expect, test } from '@playwright/test';
import { sampleHistory } from '../support/prometheusConnection.ts';
import { type RealPrometheus, startPrometheus } from '../support/realPrometheus.ts';
import { startTributary, type Tributary } from '../support/tributary.ts';
import { createOwner, fillPrometheus, signIn, testAndConnect } from './support/steps.ts';

let prometheus: RealPrometheus;
let tributary: Tributary;

test.beforeAll(async () => {
	prometheus = await startPrometheus({
		history: sampleHistory(31),
		scrapeSeconds: 1,
		hasNodeExporter: true,
	});
	tributary = await startTributary();
});

test.afterAll(async () => {
	await tributary?.dispose();
	await prometheus?.stop();
});

test('S3-16 S3-17 owner, connect, test, history, live chart, second browser, remove', async ({
	page,
	browser,
}) => {
	await createOwner(page, tributary.origin);

	await test.step('S3-15 the catalogue shows Prometheus in its category', async () => {
		await page.goto(`${tributary.origin}/integrations`);
		await page.getByRole('searchbox').fill('prom');
		await page
			.getByRole('link', { name: /Prometheus/ })
			.first()
			.click();
		await expect(page).toHaveURL(/\/integrations\/prometheus$/);
	});

	await test.step('a wrong port is refused with words, and nothing is stored', async () => {
		await fillPrometheus(page, 'http://127.0.0.1:1', [{ name: 'Orders', query: 'shop_orders' }]);
		await page.getByRole('button', { name: 'Test connection' }).click();
		await expect(page.locator('[data-failure], [aria-invalid="true"]').first()).toBeVisible();
		await expect(page.getByRole('button', { name: 'Connect', exact: true })).toBeDisabled();
	});

	await test.step('the real server is tested and connected', async () => {
		await page.reload();
		await fillPrometheus(page, prometheus.url, [
			{ name: 'Orders', query: 'shop_orders' },
			{ name: 'Scrapes', query: 'sum(prometheus_target_scrape_pool_sync_total)' },
			{ name: 'Load', query: 'node_load1' },
		]);
		await testAndConnect(page, prometheus.host);
	});

	await test.step('history arrives', async () => {
		await expect(
			page
				.getByText('History is in', { exact: true })
				.or(page.getByText('Up to date', { exact: true }))
				.first(),
		).toBeVisible({ timeout: 90_000 });
	});

	const second = await browser.newContext();
	const other = await second.newPage();
	await test.step('a signed-out browser sees only the sign-in page', async () => {
		await other.goto(tributary.origin);
		await expect(other).toHaveURL(/\/sign-in/);
		await expect(other.getByText('Orders')).toHaveCount(0);
	});

	await test.step('the overview and the chart are there, and stay live', async () => {
		await page.goto(tributary.origin);
		const card = page.getByRole('link', { name: /Orders/ }).first();
		await expect(card).toBeVisible();
		await card.click();
		await expect(page).toHaveURL(/\/metrics\//);
		await expect(page.getByRole('heading', { name: /Orders/ }).first()).toBeVisible();
		await expect(page.locator('.uplot canvas')).toBeVisible();
	});

	await test.step('a change in one browser reaches the other by itself', async () => {
		await signIn(other, tributary.origin);
		await expect(other).toHaveURL(`${tributary.origin}/`);
		await other.goto(`${tributary.origin}/connections`);
		await expect(other.getByRole('link', { name: /Prometheus/ }).first()).toBeVisible();
		await page.goto(`${tributary.origin}/connections`);
		await page
			.getByRole('link', { name: /Prometheus/ })
			.first()
			.click();
		await page.getByRole('button', { name: 'Pause' }).click();
		await expect(page.getByRole('button', { name: 'Resume' })).toBeVisible();
		await expect(
			other
				.getByText(/paused/i)
				.filter({ visible: true })
				.first(),
		).toBeVisible();
		await page.getByRole('button', { name: 'Resume' }).click();
	});

	await test.step('removing says what it does, and does it', async () => {
		await page.getByRole('button', { name: 'More' }).click();
		await page.getByRole('menuitem', { name: 'Remove' }).click();
		const dialog = page.getByRole('dialog');
		await expect(dialog.getByRole('button', { name: 'Keep connected' })).toBeFocused();
		await dialog.getByText('Delete the points too').click();
		await dialog.getByRole('button', { name: 'Remove and delete points' }).click();
		await expect(page).toHaveURL(/\/connections$/);
		await expect(page.getByRole('link', { name: /Prometheus/ })).toHaveCount(0);
	});
	await second.close();
});
