/** What a person does, in the words of the pages. */
import { expect, type Page } from '@playwright/test';
import { OWNER } from '../../support/apiClient.ts';

/** The first visit: creates the owner and lands on the welcome page. */
export async function createOwner(page: Page, origin: string): Promise<void> {
	await page.goto(origin);
	await expect(page.getByRole('heading', { name: 'Create the owner account' })).toBeVisible();
	await page.getByLabel('Your name').fill(OWNER.name);
	await page.getByLabel('Email').fill(OWNER.email);
	await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
	await page.getByLabel('Company').fill(OWNER.workspaceName);
	await page.getByRole('button', { name: 'Create account' }).click();
	await expect(page).toHaveURL(/\/welcome$/);
}

export async function signIn(page: Page, origin: string, password = OWNER.password): Promise<void> {
	await page.goto(`${origin}/sign-in`);
	await page.getByLabel('Email').fill(OWNER.email);
	await page.getByLabel('Password', { exact: true }).fill(password);
	await page.getByRole('button', { name: 'Sign in' }).click();
}

export interface Query {
	name: string;
	query: string;
}

/** Fills the Prometheus form; nothing is sent yet but the previews. */
export async function fillPrometheus(page: Page, url: string, queries: Query[]): Promise<void> {
	await page.getByLabel('Address', { exact: true }).fill(url);
	for (const [i, { name, query }] of queries.entries()) {
		if (i > 0) await page.getByRole('button', { name: 'Add a metric' }).click();
		await page
			.getByRole('group', { name: 'Metrics' })
			.getByLabel('Name', { exact: true })
			.nth(i)
			.fill(name);
		await page.getByLabel('Query', { exact: true }).nth(i).fill(query);
	}
}

/** Tests, allows the private address when asked, and connects. Resolves on the connection's page. */
export async function testAndConnect(page: Page, host: string): Promise<void> {
	await page.getByRole('button', { name: 'Test connection' }).click();
	const allow = page.getByRole('button', { name: `Allow ${host} and test again` });
	const passed = page.getByText('Connected as');
	await expect(allow.or(passed)).toBeVisible();
	if (await allow.isVisible()) await allow.click();
	await expect(passed).toBeVisible();
	await page.getByRole('button', { name: /^Connect / }).click();
	await expect(page).toHaveURL(/\/connections\/\w+$/);
}

/** Connects "This server": the one integration that needs nothing, so every page has something to show. */
export async function connectThisServer(page: Page, origin: string): Promise<void> {
	await page.goto(`${origin}/integrations/this-server`);
	await page.getByRole('button', { name: 'Test connection' }).click();
	await expect(page.getByText('Connected as')).toBeVisible();
	await page.getByRole('button', { name: /^Connect / }).click();
	await expect(page).toHaveURL(/\/connections\/\w+$/);
	await page.goto(`${origin}/metrics`);
	await expect(page.locator('a[href^="/metrics/"]').first()).toBeVisible();
}
