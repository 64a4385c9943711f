/**
 * Pictures of every page, light and dark, phone and desktop, for a person to look at; not part of `npm test`.
 * `npm run screenshots` writes them to the folder named by TRIBUTARY_SHOTS (default test-results/shots), and with
 * `-- readme` two of them into notes/screenshots.
 */
import { expect, type Page, test } from '@playwright/test';
import path from 'node:path';
import {
	openMetrics,
	type RealPrometheus,
	samplesOf,
	startPrometheus,
} from '../support/realPrometheus.ts';
import { startTributary, type Tributary } from '../support/tributary.ts';
import { connectThisServer, createOwner, fillPrometheus } from './support/steps.ts';

const folder = process.env.TRIBUTARY_SHOTS ?? 'test-results/shots';
const WIDTHS = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const DAYS = 31;

/** Believable curves: a working day, quiet weekends, slow growth, one bad night without data. */
function history(now = Date.now()): string {
	const span = { from: now / 1000 - DAYS * 86_400, to: now / 1000, stepSeconds: 300 };
	const day = (seconds: number) =>
		Math.max(0, Math.sin(((seconds % 86_400) / 86_400 - 0.25) * 2 * Math.PI));
	const weekend = (seconds: number) => (new Date(seconds * 1000).getUTCDay() % 6 === 0 ? 0.45 : 1);
	const growth = (seconds: number) => 1 + (0.4 * (seconds - span.from)) / (DAYS * 86_400);
	const noise = (seconds: number) =>
		1 + 0.08 * Math.sin(seconds / 97) + 0.05 * Math.sin(seconds / 1301);
	const outage = (seconds: number) => Math.abs(seconds - (span.to - 9 * 86_400)) < 30_000;
	const curve = (scale: number, floor: number) => (seconds: number) =>
		scale * growth(seconds) * noise(seconds) * (floor + day(seconds) * weekend(seconds));
	const series = [
		{ name: 'shop_requests_per_second', at: curve(180, 0.25) },
		{
			name: 'shop_latency_ms',
			at: (seconds: number) => 170 * noise(seconds) * (1 + 0.25 * day(seconds)),
		},
		{ name: 'shop_active_users', at: curve(5200, 0.35) },
		{ name: 'shop_queue_depth', at: curve(12, 0.1) },
	];
	return openMetrics(
		series.map(({ name, at }) => ({
			name,
			samples: [...samplesOf(span, (seconds) => Math.round(at(seconds) * 100) / 100)].filter(
				([seconds]) => !outage(seconds),
			),
		})),
	);
}

let prometheus: RealPrometheus;
let tributary: Tributary;
test.beforeAll(async () => {
	prometheus = await startPrometheus({
		history: history(),
		scrapeSeconds: 5,
		hasNodeExporter: true,
	});
	tributary = await startTributary();
});
test.afterAll(async () => {
	await tributary?.dispose();
	await prometheus?.stop();
});

async function shoot(page: Page, name: string) {
	for (const theme of ['light', 'dark'] as const) {
		await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
		for (const [device, size] of Object.entries(WIDTHS)) {
			await page.setViewportSize(size);
			// Charts redraw after a change of size; the page has settled when two frames have passed.
			await page.evaluate(
				() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
			);
			await page.waitForTimeout(250);
			await page.screenshot({
				path: path.join(folder, `${name}-${theme}-${device}.png`),
				fullPage: true,
			});
		}
	}
	await page.emulateMedia({ colorScheme: 'light' });
	await page.setViewportSize(WIDTHS.desktop);
}

test('pictures of every page', async ({ page }) => {
	test.setTimeout(300_000);
	const { origin } = tributary;
	const settled = () => expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
	await page.goto(origin);
	await expect(page.getByLabel('Your name')).toBeVisible();
	await shoot(page, 'setup');
	await createOwner(page, origin);
	await settled();
	await shoot(page, 'welcome');
	await page.goto(origin);
	await settled();
	await shoot(page, 'overview-empty');
	await page.goto(`${origin}/integrations`);
	await settled();
	await shoot(page, 'integrations-empty');
	await page.goto(`${origin}/integrations/prometheus`);
	await fillPrometheus(page, 'http://127.0.0.1:1', [
		{ name: 'Requests', query: 'shop_requests_per_second' },
	]);
	await page.getByRole('button', { name: 'Test connection' }).click();
	await expect(page.locator('[data-failure], [aria-invalid="true"]').first()).toBeVisible();
	await shoot(page, 'connect-error');
	await page.goto(`${origin}/integrations/prometheus`);
	await fillPrometheus(page, prometheus.url, [
		{ name: 'Requests per second', query: 'shop_requests_per_second' },
		{ name: 'Latency, p95', query: 'shop_latency_ms' },
		{ name: 'Active users', query: 'shop_active_users' },
		{ name: 'Queue depth', query: 'shop_queue_depth' },
		{ name: 'Load', query: 'node_load1' },
	]);
	await page.getByRole('button', { name: 'Test connection' }).click();
	await expect(page.getByRole('button', { name: /^Allow/ })).toBeVisible();
	await shoot(page, 'connect-private');
	await page.getByRole('button', { name: /^Allow/ }).click();
	await expect(page.getByText('Connected as')).toBeVisible();
	await shoot(page, 'connect-tested');
	await page.getByRole('button', { name: /^Connect / }).click();
	await expect(page).toHaveURL(/\/connections\/\w+$/);
	const connection = page.url();
	await shoot(page, 'connection-fetching');
	await expect(
		page
			.getByText('History is in', { exact: true })
			.or(page.getByText('Up to date', { exact: true }))
			.first(),
	).toBeVisible({ timeout: 120_000 });
	await connectThisServer(page, origin);
	await page.goto(connection);
	await settled();
	await shoot(page, 'connection');
	for (const tab of ['metrics', 'runs', 'settings', 'audit']) {
		await page.goto(`${connection}?tab=${tab}`);
		await settled();
		await shoot(page, `connection-${tab}`);
	}
	await page.goto(connection);
	await page.getByRole('button', { name: 'More' }).click();
	await page.getByRole('menuitem', { name: 'Remove' }).click();
	await expect(page.getByRole('dialog')).toBeVisible();
	await shoot(page, 'connection-remove');
	for (const [name, where] of [
		['overview', '/'],
		['integrations', '/integrations'],
		['github', '/integrations/github'],
		['connections', '/connections'],
		['metrics', '/metrics'],
		['sync-runs', '/sync-runs'],
		['settings', '/settings'],
		['not-found', '/nowhere'],
	] as const) {
		await page.goto(origin + where);
		await settled();
		await page.waitForTimeout(500);
		await shoot(page, name);
	}
	await page.goto(`${origin}/metrics`);
	await page
		.getByRole('link', { name: /Requests per second/ })
		.first()
		.click();
	await expect(page.locator('.uplot canvas')).toBeVisible();
	await shoot(page, 'metric');
	await page.goto(`${page.url().split('?')[0]}?range=7&compare=1`);
	await expect(page.locator('.uplot canvas')).toBeVisible();
	await shoot(page, 'metric-7d');
});
