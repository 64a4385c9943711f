import { expect, test, type Page } from '@playwright/test';
import { startTributary, type Tributary } from '../support/tributary.ts';
import { connectThisServer, createOwner, signIn } from './support/steps.ts';

const PAGES = [
	'/',
	'/?range=7&look=1',
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
const CONNECTION_TABS = ['', '?tab=metrics', '?tab=runs', '?tab=settings', '?tab=audit'];
/** A phone held by somebody who enlarged everything: WCAG 1.4.10. */
const NARROW = { width: 320, height: 640 };

let tributary: Tributary;
test.beforeAll(async () => {
	tributary = await startTributary();
});
test.afterAll(() => tributary?.dispose());

/** Errors of the console and of scripts, and what the content policy held back. */
function complaintsOf(page: Page): string[] {
	const complaints: string[] = [];
	const where = () => new URL(page.url()).pathname;
	page.on('console', (message) => {
		if (message.type() === 'error' || /Content.Security.Policy/i.test(message.text()))
			complaints.push(`${where()}: ${message.text()}`);
	});
	page.on('pageerror', (error) => complaints.push(`${where()}: ${error.message}`));
	return complaints;
}

async function settled(page: Page) {
	await expect(page.locator('h1').first()).toBeVisible();
	await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
}

/** What stands out at the right of a narrow window; empty when nothing does. */
async function overflowOf(page: Page): Promise<string[]> {
	await page.setViewportSize(NARROW);
	const found = await page.evaluate(() => {
		const { scrollWidth } = document.documentElement;
		if (scrollWidth <= innerWidth) return [];
		const wide = [...document.querySelectorAll('body *')].filter(
			(element) => element.getBoundingClientRect().right > innerWidth + 1,
		);
		const names = wide.map(
			(element) => `${element.tagName} ${element.getAttribute('class') ?? ''}`,
		);
		return [`${scrollWidth} px: ${names.slice(0, 4).join('; ')}`];
	});
	await page.setViewportSize({ width: 1440, height: 900 });
	return found;
}

test('no console error, nothing against the content policy, nothing wider than 320 px', async ({
	page,
}) => {
	test.setTimeout(240_000);
	const { origin } = tributary;
	const complaints = complaintsOf(page);
	const wide: string[] = [];
	async function look(path: string) {
		const response = await page.goto(origin + path);
		const policy = response!.headers()['content-security-policy'] ?? '';
		expect(policy, path).toContain("default-src 'self'");
		expect(policy, path).not.toMatch(/script-src[^;]*unsafe/);
		await settled(page);
		wide.push(...(await overflowOf(page)).map((what) => `${path} ${what}`));
	}

	await look('/setup');
	await createOwner(page, origin);
	await connectThisServer(page, origin);
	await page.goto(`${origin}/connections`);
	const connection = await page
		.getByRole('link', { name: /This server/ })
		.first()
		.getAttribute('href');
	await page.goto(`${origin}/metrics`);
	const metric = await page.locator('a[href^="/metrics/"]').first().getAttribute('href');
	const paths = [
		...PAGES,
		...CONNECTION_TABS.map((tab) => connection + tab),
		`${connection}/reconnect`,
		metric!,
		`${metric}?view=table&range=7`,
	];
	for (const path of paths) await look(path);

	await test.step('what comes late: palette, keys, dialogs, a toast', async () => {
		await page.goto(origin);
		await settled(page);
		await page.keyboard.press('Control+k');
		await expect(page.getByRole('dialog', { name: 'Search or jump to' })).toBeVisible();
		await page.keyboard.press('Escape');
		await page.keyboard.press('?');
		await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
		await page.keyboard.press('Escape');
	});

	await test.step('the live connection is up under this policy', async () => {
		const opened = page.waitForEvent('websocket');
		await page.reload();
		const socket = await opened;
		await socket.waitForEvent('framereceived');
		await expect(page.getByText('Not connected to the server')).toHaveCount(0);
	});

	const second = await page.context().browser()!.newContext();
	const visitor = await second.newPage();
	const theirs = complaintsOf(visitor);
	await visitor.goto(`${origin}/sign-in`);
	await settled(visitor);
	wide.push(...(await overflowOf(visitor)).map((what) => `/sign-in ${what}`));
	await signIn(visitor, origin);
	await expect(visitor).toHaveURL(`${origin}/`);
	await second.close();

	expect([...complaints, ...theirs]).toEqual([]);
	expect(wide).toEqual([]);
});

test('the keys of the list work: jump, range, comparison, table, search', async ({ page }) => {
	const { origin } = tributary;
	await signIn(page, origin);
	await expect(page).toHaveURL(`${origin}/`);
	await settled(page);
	for (const [key, path] of [
		['m', '/metrics'],
		['i', '/integrations'],
		['c', '/connections'],
		['r', '/sync-runs'],
		['o', '/'],
	] as const) {
		await page.keyboard.press('g');
		await page.keyboard.press(key);
		await expect(page).toHaveURL(origin + path);
		await settled(page);
	}
	await page.keyboard.press('1');
	await expect(page).toHaveURL(/range=7/);
	await page.keyboard.press('c');
	await expect(page).toHaveURL(/compare=0/);
	await page.goto(`${origin}/metrics`);
	await settled(page);
	await page.keyboard.press('/');
	await expect(page.getByRole('searchbox')).toBeFocused();
	await page.locator('a[href^="/metrics/"]').first().click();
	await expect(page.locator('.uplot canvas')).toBeVisible();
	await page.keyboard.press('t');
	await expect(page).toHaveURL(/view=table/);
	await page.keyboard.press('t');
	await page.locator('[aria-roledescription="chart"]').focus();
	await page.keyboard.press('End');
	await expect(page.locator('.tip')).toBeVisible();
	await page.keyboard.press('Escape');
	await expect(page.locator('.tip')).toHaveCount(0);
	await page.keyboard.press('[');
	await expect(page).toHaveURL(/from=\d+/);
});

test('everything that takes the focus shows it', async ({ page }) => {
	const { origin } = tributary;
	await signIn(page, origin);
	await expect(page).toHaveURL(`${origin}/`);
	await page.emulateMedia({ reducedMotion: 'reduce' });
	const unseen: string[] = [];
	let seen = 0;
	for (const path of ['/', '/metrics', '/integrations', '/connections', '/settings']) {
		await page.goto(origin + path);
		await settled(page);
		for (let step = 0; step < 40; step++) {
			await page.keyboard.press('Tab');
			const left = await page.evaluate(() => {
				const element = document.activeElement;
				if (!(element instanceof HTMLElement) || element === document.body) return 'end';
				// The ring may lie on a box around it (a field), over it (a card that is a link) or beside it (a switch).
				const look = () =>
					[
						getComputedStyle(element),
						getComputedStyle(element, '::after'),
						getComputedStyle(element.parentElement!),
						...(element.nextElementSibling ? [getComputedStyle(element.nextElementSibling)] : []),
					]
						.map((style) => `${style.boxShadow} ${style.outlineColor} ${style.outlineStyle}`)
						.join('|');
				const focused = look();
				element.blur();
				return look() === focused ? element.outerHTML.slice(0, 120) : '';
			});
			if (left === 'end') break;
			if (left) unseen.push(`${path}: ${left}`);
			else seen++;
		}
	}
	expect(unseen).toEqual([]);
	expect(seen).toBeGreaterThan(50);
});
