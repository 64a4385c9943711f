/** The browser the tests drive: a given one, the system's, Playwright's own, or Debian's package. */
import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { findOnPath, installPackage } from './debianPackage.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of a Chromium. Throws with both install commands when there is none. */
export function needChromium(): string {
	const given = process.env.CHROMIUM_PATH;
	if (given) {
		if (!existsSync(given))
			throw new Error(`CHROMIUM_PATH is set to ${given}, where there is no file.`);
		return given;
	}
	const own = chromium.executablePath();
	const found = findOnPath(NAMES) ?? (own && existsSync(own) ? own : null);
	if (found) return found;
	const installed = installPackage('chromium') ? findOnPath(NAMES) : null;
	if (installed) return installed;
	throw new Error(
		'The tests need Chromium. Install it with: apt-get install chromium, or: npx playwright install chromium',
	);
}
