/** `npm run screenshots [-- readme]`: pictures of every page; `readme` also renews the ones the README shows. */
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { buildOnce } from '../buildOnce.ts';
import { runBin } from '../childProcess.ts';
import { needChromium } from '../needs/chromium.ts';
import { root } from '../root.ts';

const folder = path.resolve(process.env.TRIBUTARY_SHOTS ?? path.join(root, '.shots'));
/** Picture of the tool, picture in the README. */
const README_PICTURES = [
	['overview-light-desktop.png', 'overview.png'],
	['metric-dark-desktop.png', 'metric.png'],
] as const;

process.env.CHROMIUM_PATH = needChromium();
await buildOnce();
process.exitCode = await runBin(
	'playwright',
	['test', '--config', 'playwright.config.ts', '--project=screenshots', '--reporter=line'],
	{ TRIBUTARY_SHOTS: folder },
);
console.log(`Pictures are in ${folder}`);
if (process.exitCode === 0 && process.argv[2] === 'readme') {
	mkdirSync(path.join(root, 'notes/screenshots'), { recursive: true });
	for (const [from, to] of README_PICTURES) {
		copyFileSync(path.join(folder, from), path.join(root, 'notes/screenshots', to));
	}
}
