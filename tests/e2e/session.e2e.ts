import { expect, test } from '@playwright/test';
import { ownerClient } from '../support/apiClient.ts';
import { startTributary, type Tributary } from '../support/tributary.ts';
import { signIn } from './support/steps.ts';

let tributary: Tributary;
test.beforeAll(async () => {
	tributary = await startTributary();
	await ownerClient(tributary.origin, { isNew: true });
});
test.afterAll(() => tributary?.dispose());

test('sign-in: cookies out of reach of scripts, revocation cuts a live page, sign-out ends it', async ({
	page,
	browser,
}) => {
	await signIn(page, tributary.origin);
	await expect(page).toHaveURL(`${tributary.origin}/`);
	expect(await page.evaluate(() => document.cookie)).toBe('');

	const second = await browser.newContext();
	const other = await second.newPage();
	await signIn(other, tributary.origin, 'not the password');
	await expect(other.getByRole('alert').first()).toBeVisible();
	await expect(other).toHaveURL(/\/sign-in/);
	// Four tries within ten seconds are one too many: the page says so, and the next one after the wait succeeds.
	await expect(async () => {
		await signIn(other, tributary.origin);
		await expect(other).toHaveURL(`${tributary.origin}/`, { timeout: 3_000 });
	}).toPass({ intervals: [4_000], timeout: 60_000 });
	await other.goto(`${tributary.origin}/connections`);
	await expect(other.getByRole('heading', { name: 'Connections' })).toBeVisible();

	await page.goto(`${tributary.origin}/settings`);
	await page.getByRole('button', { name: /sign out (all )?other/i }).click();
	const confirm = page.getByRole('dialog').getByRole('button', { name: /sign out/i });
	if (await confirm.isVisible().catch(() => false)) await confirm.click();
	await expect(other).toHaveURL(/\/sign-in/, { timeout: 5_000 });
	await second.close();

	await page.reload();
	await expect(page).toHaveURL(/\/settings/);
});

test('SEC-21 setup is closed once an owner exists', async ({ page }) => {
	await page.goto(`${tributary.origin}/setup`);
	await expect(page).toHaveURL(/\/sign-in/);
});

test('SEC-57 a server that others can reach asks for the printed code', async ({ page }) => {
	const open = await startTributary({ HOST: '0.0.0.0' });
	try {
		const code = /One-time setup code\s+(\S+)/.exec(open.output())?.[1];
		expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/);
		await page.goto(open.origin);
		await expect(page.getByLabel('One-time code')).toBeVisible();
	} finally {
		await open.dispose();
	}
});
